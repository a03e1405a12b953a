# make help lists the targets.
PREFIX ?= /usr/local
SWIFT ?= swift
VENV := .build-venv

# What a build and its tests need, by Debian's names.
BUILD_PACKAGES := libcurl4-openssl-dev libssl-dev libsecret-1-dev libsqlite3-dev pkg-config
TEST_PACKAGES := bsdutils ca-certificates curl dbus gnome-keyring libglib2.0-bin libsecret-tools openssl python3-venv

.PHONY: help deps build install demo test test-swift test-acceptance test-clients test-kill simulate kill fmt check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

deps: ## install the Debian packages that building and testing need
	@scripts/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

build: deps ## build everything (debug)
	scripts/build "$(SWIFT)"

install: deps ## build the release and install it below PREFIX
	scripts/install-release "$(SWIFT)" "$(DESTDIR)$(PREFIX)"

demo: deps ## rotate a cluster's service principal on a sandbox of Azure, and look at the result
	scripts/demo "$(SWIFT)"

test: test-swift test-acceptance ## run every test that needs nothing but what is here

# The simulator would take both cores from tests that speak to servers and plugins.
test-swift: deps ## run the unit tests, and 20,000 simulated histories
	scripts/build "$(SWIFT)" --build-tests
	$(SWIFT) test --skip-build --skip SimulatorTests
	$(SWIFT) test --skip-build --filter SimulatorTests

test-acceptance: deps $(VENV)/ready ## run the built program against the sandbox and a real keyring
	scripts/build "$(SWIFT)" --build-tests
	$(VENV)/bin/python -m pytest Tests/Conformance Tests/Keyring Tests/Acceptance

test-clients: deps ## let Microsoft's own clients judge the sandbox
	scripts/build "$(SWIFT)" --build-tests
	Tests/Clients/run

simulate: deps ## try N rotations against every kind of trouble, or tell the one of SEED
	$(SWIFT) build -c release --product rotation-simulator
	.build/release/rotation-simulator $(if $(WITHOUT),--without $(WITHOUT)) \
		$(if $(SEED),--seed $(SEED),$(or $(N),20000))

test-kill: deps $(VENV)/ready ## kill the built program at 240 points, and resume
	scripts/build "$(SWIFT)" --build-tests
	$(VENV)/bin/python -m pytest Tests/Kill

kill: deps $(VENV)/ready ## the same at every point of every flow; a journal cut short at every byte
	scripts/build "$(SWIFT)" --build-tests
	CUT_EVERY_BYTE=1 $(SWIFT) test --skip-build --filter cutShortAtAnyByte
	KILL_POINTS=all KILL_CUTS=all KILL_RACES=200 $(VENV)/bin/python -m pytest Tests/Kill

fmt: ## format the sources
	$(SWIFT) format -i -r Package.swift Sources Tests plugins

check: ## check the style of the sources
	$(SWIFT) format lint --strict -r Package.swift Sources Tests plugins

clean: ## remove what builds and tests have made
	rm -rf .build .build-*

$(VENV)/ready: Tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
	touch $@
