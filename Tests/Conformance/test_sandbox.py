"""The sandbox's answers conform: every operation that the documents describe is driven once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from loopback import Answer
from sandbox import Sandbox

from openapi import check
from openapi.checks import find
from openapi.documents import operations
from openapi.exchanges import Exchange

PATIENCE = 30.0
VERSIONS = ("2021-05-01", "2026-06-01")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox without delays."""
    times = ("--propagation", "0", "--operation-time", "0.3")
    with Sandbox(tmp_path_factory.mktemp("azure") / "sandbox", *times) as sandbox:
        yield sandbox


class Driver:
    """Makes requests of the sandbox with the operator's tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.info = sandbox.info
        self.tokens: dict[str, str] = {}

    def send(self, audience: str, method: str, url: str, body: Any = None) -> Answer:
        """Make a request with a token for `audience`."""
        if audience not in self.tokens:
            self.tokens[audience] = self.sandbox.token(audience)
        return self.sandbox.request(method, url, token=self.tokens[audience], json_body=body)

    def graph(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask Microsoft Graph."""
        return self.send(self.info["graph"], method, f"{self.info['graph']}/v1.0{path}", body)

    def arm(self, method: str, path: str, version: str, body: Any = None) -> Answer:
        """Ask Resource Manager."""
        query = "&" if "?" in path else "?"
        url = f"{self.info['management']}{path}{query}api-version={version}"
        return self.send(self.info["management"], method, url, body)

    def vault(self, method: str, path: str, body: Any = None, query: str = "") -> Answer:
        """Ask the vault `ops`."""
        url = f"{self.sandbox.vault()}{path}?api-version=7.4{query}"
        return self.send(f"https://{self.info['vaultSuffix']}", method, url, body)

    @property
    def group(self) -> str:
        """The path of the sandbox's resource group."""
        return f"/subscriptions/{self.info['subscription']}/resourceGroups/rg-demo"


@pytest.fixture(scope="module")
def driver(sandbox: Sandbox) -> Driver:
    """A driver of the sandbox."""
    return Driver(sandbox)


@pytest.fixture(autouse=True)
def conforming(sandbox: Sandbox) -> Iterator[None]:
    """After each test, what it exchanged must conform."""
    earlier = len(sandbox.exchanges())
    yield
    problems = check(sandbox.exchanges()[earlier:])
    assert not problems, "\n".join(str(problem) for problem in problems)


def test_entra(sandbox: Sandbox) -> None:
    info = sandbox.info
    login, tenant = info["login"], info["tenant"]
    assert (
        sandbox.token_answer(sandbox.operator, sandbox.operator_secret, info["graph"]).status == 200
    )
    assert sandbox.token_answer(sandbox.operator, "abc8Q~wrong", info["graph"]).status == 401
    assert sandbox.token_answer(str(uuid.uuid4()), "abc8Q~wrong", info["graph"]).status in (
        400,
        401,
    )
    for path in (f"{tenant}/v2.0", tenant):
        url = f"{login}/{path}/.well-known/openid-configuration"
        assert sandbox.request("GET", url).json["token_endpoint"].startswith(login)
    endpoint = f"{login}/{tenant}/oauth2/v2.0/authorize"
    instance = (
        f"{login}/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}"
    )
    assert sandbox.request("GET", instance).status == 200


@pytest.mark.parametrize("collection", ["applications", "servicePrincipals"])
def test_graph_objects(driver: Driver, collection: str) -> None:
    application = driver.graph("POST", "/applications", {"displayName": f"raw {collection}"}).json
    made = application
    if collection == "servicePrincipals":
        made = driver.graph("POST", "/servicePrincipals", {"appId": application["appId"]}).json
    one = f"/{collection}/{made['id']}"
    by_app = f"/{collection}(appId='{made['appId']}')"
    assert driver.graph("GET", one).json["id"] == driver.graph("GET", by_app).json["id"]
    filtered = f"/{collection}?$filter=appId%20eq%20'{made['appId']}'&$select=id,appId"
    assert [entry["id"] for entry in driver.graph("GET", filtered).json["value"]] == [made["id"]]
    assert driver.graph("PATCH", one, {"tags": ["raw"]}).status == 204
    wanted = {"displayName": "raw", "endDateTime": "2030-01-01T00:00:00Z"}
    added = driver.graph("POST", f"{by_app}/addPassword", {"passwordCredential": wanted})
    assert added.status == 200
    (listed,) = driver.graph("GET", one).json["passwordCredentials"]
    assert (listed["keyId"], listed["secretText"]) == (added.json["keyId"], None)
    gone = driver.graph("POST", f"{one}/removePassword", {"keyId": listed["keyId"]})
    assert gone.status == 204
    again = driver.graph("POST", f"{one}/removePassword", {"keyId": listed["keyId"]})
    assert again.status == 400
    same = driver.graph("POST", "/directoryObjects/getByIds", {"ids": [made["id"]]})
    assert [entry["id"] for entry in same.json["value"]] == [made["id"]]
    assert driver.graph("DELETE", one).status == 204
    assert driver.graph("GET", one).status == 404


def test_graph_pages(driver: Driver) -> None:
    for number in range(3):
        driver.graph("POST", "/applications", {"displayName": f"page {number}"})
    page = driver.graph("GET", "/applications?$top=2").json
    seen = [entry["appId"] for entry in page["value"]]
    while "@odata.nextLink" in page:
        page = driver.send(driver.info["graph"], "GET", page["@odata.nextLink"]).json
        seen += [entry["appId"] for entry in page["value"]]
    assert len(seen) == len(set(seen)) >= 5


def test_graph_refuses(driver: Driver, sandbox: Sandbox) -> None:
    graph = driver.info["graph"]
    assert sandbox.request("GET", f"{graph}/v1.0/applications").status == 401
    assert driver.send(driver.info["management"], "GET", f"{graph}/v1.0/applications").status == 401
    assert driver.graph("GET", f"/applications/{uuid.uuid4()}").status == 404
    sandbox.deny("graph.addPassword")
    try:
        client = sandbox.cluster("demo")["clientId"]
        denied = driver.graph("POST", f"/applications(appId='{client}')/addPassword", {})
        assert (denied.status, denied.json["error"]["code"]) == (403, "Authorization_RequestDenied")
    finally:
        sandbox.deny()


def test_subscriptions_and_tenants(driver: Driver) -> None:
    one = f"/subscriptions/{driver.info['subscription']}"
    assert driver.arm("GET", one, "2022-12-01").json["tenantId"] == driver.info["tenant"]
    (listed,) = driver.arm("GET", "/subscriptions", "2022-12-01").json["value"]
    assert listed["subscriptionId"] == driver.info["subscription"]
    (tenant,) = driver.arm("GET", "/tenants", "2022-12-01").json["value"]
    assert tenant["tenantId"] == driver.info["tenant"]


@pytest.mark.parametrize("version", VERSIONS)
def test_clusters(driver: Driver, version: str) -> None:
    clusters = "/providers/Microsoft.ContainerService/managedClusters"
    everywhere = f"/subscriptions/{driver.info['subscription']}{clusters}"
    for path in (everywhere, driver.group + clusters):
        listed = driver.arm("GET", path, version).json["value"]
        assert "demo" in {cluster["name"] for cluster in listed}
    one = driver.arm("GET", f"{driver.group}{clusters}/demo", version)
    assert one.json["properties"]["provisioningState"] == "Succeeded"
    assert driver.arm("GET", f"{driver.group}{clusters}/nothing", version).status == 404


def follow(driver: Driver, accepted: Answer) -> str:
    """Follow an operation to its end, both ways; give its status."""
    assert accepted.status == 202, accepted.body
    management = driver.info["management"]
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = driver.send(management, "GET", accepted.headers["azure-asyncoperation"]).json
        result = driver.send(management, "GET", accepted.headers["location"])
        if seen["status"] != "InProgress":
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    result = driver.send(management, "GET", accepted.headers["location"])
    assert result.status in (200, 204)
    return seen["status"]


@pytest.mark.parametrize("version", VERSIONS)
def test_reset_of_a_service_principal(driver: Driver, sandbox: Sandbox, version: str) -> None:
    name = f"reset-{version}"
    sandbox.add_cluster(name=name, kind="service-principal")
    held = sandbox.cluster(name)
    url = held["id"] + "/resetServicePrincipalProfile"
    body = {"clientId": held["clientId"], "secret": held["secret"]}
    accepted = driver.arm("POST", url, version, body)
    conflict = driver.arm("POST", url, version, body)
    assert (conflict.status, conflict.json["code"]) == (409, "OperationNotAllowed")
    assert (
        driver.arm("GET", held["id"], version).json["properties"]["provisioningState"] == "Updating"
    )
    assert follow(driver, accepted) == "Succeeded"
    refused = driver.arm("POST", url, version, {**body, "secret": "abc8Q~wrong"})
    assert refused.status == 400
    assert "AADSTS7000215" in refused.json["message"]
    sandbox.settings(operationFails=1)
    assert follow(driver, driver.arm("POST", url, version, body)) == "Failed"


@pytest.mark.parametrize("version", VERSIONS)
def test_reset_of_an_entra_profile(driver: Driver, sandbox: Sandbox, version: str) -> None:
    name = f"aad-{version}"
    sandbox.add_cluster(name=name, kind="service-principal", aad="legacy")
    held = sandbox.cluster(name)
    server = sandbox.add_application(f"server {version}")
    body = {
        "clientAppID": sandbox.add_application(f"client {version}")["appId"],
        "serverAppID": server["appId"],
        "serverAppSecret": server["secret"],
        "tenantID": driver.info["tenant"],
    }
    assert (
        follow(driver, driver.arm("POST", held["id"] + "/resetAADProfile", version, body))
        == "Succeeded"
    )


def test_resource_manager_refuses(driver: Driver, sandbox: Sandbox) -> None:
    cluster = sandbox.cluster("demo")["id"]
    management = driver.info["management"]
    assert sandbox.request("GET", f"{management}{cluster}?api-version=2026-06-01").status == 401
    assert driver.send(management, "GET", f"{management}{cluster}").status == 400
    assert driver.arm("GET", cluster, "1999-01-01").status == 400
    sandbox.deny("arm.read")
    try:
        denied = driver.arm("GET", cluster, "2026-06-01")
        assert (denied.status, denied.json["error"]["code"]) == (403, "AuthorizationFailed")
    finally:
        sandbox.deny()


def test_role_assignments(driver: Driver, sandbox: Sandbox) -> None:
    principal = sandbox.application(sandbox.cluster("demo")["clientId"])["servicePrincipalObjectId"]
    role = "b24988ac-6180-42a0-ab88-20f7382dd24c"  # Contributor
    subscription = f"/subscriptions/{driver.info['subscription']}"
    assignments = f"{driver.group}/providers/Microsoft.Authorization/roleAssignments"
    one = f"{assignments}/{uuid.uuid4()}"
    definition = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    properties = {"roleDefinitionId": definition, "principalId": principal}
    body = {"properties": {**properties, "principalType": "ServicePrincipal"}}
    definitions = f"{driver.group}/providers/Microsoft.Authorization/roleDefinitions"
    named = f"{definitions}?$filter=roleName%20eq%20'Contributor'"
    (found,) = driver.arm("GET", named, "2022-04-01").json["value"]
    assert found["id"] == definition
    assert driver.arm("PUT", one, "2022-04-01", body).status == 201
    assert driver.arm("GET", one, "2022-04-01").json["properties"]["principalId"] == principal
    listed = driver.arm(
        "GET", f"{assignments}?$filter=principalId%20eq%20'{principal}'", "2022-04-01"
    )
    assert one.rsplit("/", 1)[-1] in {entry["name"] for entry in listed.json["value"]}
    assert driver.arm("DELETE", one, "2022-04-01").status in (200, 204)


def test_permissions(driver: Driver, sandbox: Sandbox) -> None:
    """What was taken from an account is left out of what it may do."""
    cluster = sandbox.cluster("demo")["id"]
    url = f"{cluster}/providers/Microsoft.Authorization/permissions"
    (all_of_them,) = driver.arm("GET", url, "2022-04-01").json["value"]
    assert (all_of_them["actions"], all_of_them["notActions"]) == (["*"], [])
    sandbox.deny("arm.reset")
    try:
        (fewer,) = driver.arm("GET", url, "2022-04-01").json["value"]
    finally:
        sandbox.deny()
    assert {action.rsplit("/", 2)[-2] for action in fewer["notActions"]} == {
        "resetAADProfile",
        "resetServicePrincipalProfile",
    }


def test_key_vault(driver: Driver) -> None:
    attributes = {"enabled": True, "exp": 1_900_000_000}
    body = {
        "value": "one",
        "contentType": "text/plain",
        "tags": {"a": "b"},
        "attributes": attributes,
    }
    made = driver.vault("PUT", "/secrets/raw", body)
    assert made.status == 200
    path = made.json["id"].removeprefix(driver.sandbox.vault())
    assert driver.vault("GET", "/secrets/raw").json["value"] == "one"
    assert driver.vault("GET", path).json["attributes"]["exp"] == attributes["exp"]
    assert driver.vault("PATCH", path, {"attributes": {"enabled": True}, "tags": {}}).status == 200
    assert driver.vault("GET", "/secrets", query="&maxresults=25").status == 200
    assert driver.vault("GET", "/secrets/raw/versions").json["value"][0]["id"] == made.json["id"]
    assert driver.vault("DELETE", "/secrets/raw").json["recoveryId"]
    assert driver.vault("GET", "/secrets/raw").status == 404
    deleted(driver, "raw")
    assert driver.vault("GET", "/deletedsecrets").status == 200
    conflict = driver.vault("PUT", "/secrets/raw", {"value": "two"})
    assert conflict.json["error"]["innererror"]["code"] == "ObjectIsDeletedButRecoverable"
    assert driver.vault("POST", "/deletedsecrets/raw/recover").status == 200
    until(lambda: driver.vault("GET", "/secrets/raw").status == 200)
    assert driver.vault("DELETE", "/secrets/raw").status == 200
    deleted(driver, "raw")
    assert driver.vault("DELETE", "/deletedsecrets/raw").status == 204


def deleted(driver: Driver, name: str) -> None:
    """Wait until a vault has finished deleting a secret."""
    until(lambda: driver.vault("GET", f"/deletedsecrets/{name}").status == 200)


def until(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_key_vault_refuses(driver: Driver, sandbox: Sandbox) -> None:
    url = f"{sandbox.vault()}/secrets/raw?api-version=7.4"
    challenge = sandbox.request("GET", url)
    assert challenge.status == 401
    assert driver.info["vaultSuffix"] in challenge.headers["www-authenticate"]
    assert driver.send(driver.info["graph"], "GET", url).status == 401
    assert driver.vault("GET", "/secrets/nothing").status == 404
    assert driver.vault("PUT", "/secrets/under_score", {"value": "x"}).status == 400
    assert driver.vault("PUT", "/secrets/raw", {"valeu": "x"}).status == 400
    old = driver.send(f"https://{driver.info['vaultSuffix']}", "GET", url.replace("7.4", "1.0"))
    assert old.status == 400
    sandbox.deny("vault.set")
    try:
        denied = driver.vault("PUT", "/secrets/denied", {"value": "x"})
        assert denied.json["error"]["innererror"]["code"] == "ForbiddenByRbac"
    finally:
        sandbox.deny()


@pytest.mark.parametrize(
    ("service", "effect"),
    [
        ("graph", {"status": 429, "headers": {"Retry-After": "1"}, "body": {}}),
        ("arm", {"status": 503, "headers": {"Content-Type": "text/html"}, "body": "<html></html>"}),
    ],
)
def test_faults_are_recorded(driver: Driver, sandbox: Sandbox, service: str, effect: Any) -> None:
    sandbox.fault(service=service, times=1, effect=effect)
    if service == "graph":
        assert driver.graph("GET", "/applications").status == 429
    else:
        assert driver.arm("GET", "/subscriptions", "2022-12-01").status == 503
    assert sandbox.exchanges()[-1]["status"] == effect["status"]


def test_every_operation_was_driven(sandbox: Sandbox) -> None:
    """Stands last: what the tests above drove successfully is all that the documents describe."""
    driven = set()
    for number, record in enumerate(sandbox.exchanges()):
        exchange = Exchange.parse(record, number)
        if not exchange.is_error:
            operation, _ = find(exchange)
            driven.add(operation)
    missing = {f"{o.id} {sorted(o.versions)}" for o in operations() if o not in driven}
    assert missing == set()
