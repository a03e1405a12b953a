"""The keyring plugin against a real gnome-keyring: what a sink promises."""

import subprocess

import pytest

from keyring_plugin import NOT_FOUND, REFUSED, Plugin, PluginError, metadata

NAME = "demo/service-principal"
LOOKUP = ["secret-tool", "lookup", "application", "credferry", "cluster", "demo", "credential", "service-principal"]


def test_says_who_it_is(keyring):
    assert keyring.welcome["plugin"]["name"] == "keyring"
    assert keyring.welcome["protocol"] == 1
    assert keyring.welcome["can"] == ["put", "get", "delete", "list"]


def test_put_and_get(keyring):
    version = keyring.put(NAME, b"S3cret~.")["version"]
    assert version.startswith("/org/freedesktop/secrets/collection/")
    assert keyring.get(NAME) == {"secret": b"S3cret~.", "metadata": metadata(), "version": version}


def test_what_is_kept_outlives_the_plugin(session):
    with Plugin(session.environment) as first:
        first.put(NAME, b"kept")
    with Plugin(session.environment) as second:
        assert second.get(NAME)["secret"] == b"kept"


@pytest.mark.parametrize("secret", [bytes(range(256)), b"", b"\0", b"\n", "ü漢".encode(), b"x" * 25 * 1024],
                         ids=["every-byte", "empty", "nul", "newline", "unicode", "25KiB"])
def test_every_secret_is_given_back_as_it_was(keyring, secret):
    keyring.put(NAME, secret)
    assert keyring.get(NAME)["secret"] == secret


@pytest.mark.parametrize("name", ["ü/漢 \U0001f511", "-x", "a/../b", " a ", "a\nb", "'\"\\", "x" * 1000])
def test_names_are_not_changed(keyring, name):
    keyring.put(name, b"s")
    assert keyring.get(name)["secret"] == b"s"
    assert [entry["name"] for entry in keyring.list()] == [name]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_names_that_a_keyring_cannot_hold_are_refused(keyring, name):
    with pytest.raises(PluginError) as error:
        keyring.put(name, b"s")
    assert error.value.code == REFUSED


def test_metadata_that_a_keyring_cannot_hold_is_refused(keyring):
    with pytest.raises(PluginError) as error:
        keyring.put(NAME, b"s", cluster="a\0b")
    assert error.value.code == REFUSED
    assert keyring.list() == []


def test_secret_tool_prints_the_current_one(session, keyring):
    keyring.put(NAME, b"first", key="key-1")
    assert session.run(*LOOKUP).stdout == b"first"
    keyring.put(NAME, b"second", key="key-2")
    assert session.run(*LOOKUP).stdout == b"second"
    found = session.run("secret-tool", "search", "--all", "application", "credferry", stderr=subprocess.STDOUT)
    assert b"attribute.keyId = key-2" in found.stdout
    assert b"key-1" not in found.stdout
    assert found.stdout.count(b"secret = ") == 1


def test_put_twice_is_put_once(keyring):
    assert keyring.put(NAME, b"same") == keyring.put(NAME, b"same")
    assert len(keyring.list()) == 1


def test_a_new_secret_of_the_same_credential_replaces_it(keyring):
    keyring.put(NAME, b"first")
    keyring.put(NAME, b"second")
    assert keyring.get(NAME)["secret"] == b"second"
    assert len(keyring.list()) == 1


def test_other_names_are_left_alone(keyring):
    keyring.put(NAME, b"one")
    keyring.put("demo/entra-app", b"two", credential="entra-app", clientAppId="client")
    keyring.put(NAME, b"three", key="key-2")
    assert keyring.get("demo/entra-app")["secret"] == b"two"
    assert keyring.get("demo/entra-app")["metadata"]["clientAppId"] == "client"
    keyring.delete(NAME)
    assert [entry["name"] for entry in keyring.list()] == ["demo/entra-app"]


def test_list_goes_by_the_prefix(keyring):
    for name in ["a/1", "a/2", "b/1"]:
        keyring.put(name, b"s", cluster=name)
    assert [entry["name"] for entry in keyring.list("a/")] == ["a/1", "a/2"]
    assert keyring.list("a/")[0]["metadata"]["cluster"] == "a/1"
    assert "secret" not in keyring.list()[0]
    assert keyring.list("c") == []


def test_delete_twice(keyring):
    keyring.put(NAME, b"s")
    assert keyring.delete(NAME) == {}
    assert keyring.delete(NAME) == {}
    with pytest.raises(PluginError) as error:
        keyring.get(NAME)
    assert error.value.code == NOT_FOUND
    assert error.value.message == f'the keyring "default" holds nothing under "{NAME}"'


def test_items_of_others_are_neither_read_nor_removed(session, keyring):
    session.run("secret-tool", "store", "--label=other", "application", "other", "name", NAME, input=b"theirs")
    with pytest.raises(PluginError):
        keyring.get(NAME)
    keyring.put(NAME, b"ours")
    keyring.delete(NAME)
    assert session.run("secret-tool", "lookup", "application", "other").stdout == b"theirs"


def test_many_at_once(keyring):
    ids = {}
    for number in range(20):
        params = {"name": f"n{number}", "secret": {"base64": "AAAA"}, "metadata": metadata(cluster=f"c{number}")}
        ids[keyring.send("put", params)] = number
    for _ in range(20):
        answer = keyring.receive()
        assert "result" in answer, answer
        ids.pop(answer["id"])
    assert ids == {}
    assert len(keyring.list()) == 20


def test_the_label_is_filled_in(session):
    with Plugin(session.environment, {"label": "{credential} of {cluster}: {appId} {other}"}) as plugin:
        plugin.put(NAME, b"s", cluster="{appId}")
    found = session.run("secret-tool", "search", "application", "credferry", stderr=subprocess.STDOUT)
    assert b"label = service-principal of {appId}: app {other}\n" in found.stdout


def test_the_default_label(session, keyring):
    keyring.put(NAME, b"s")
    found = session.run("secret-tool", "search", "application", "credferry", stderr=subprocess.STDOUT)
    assert b"label = demo service-principal\n" in found.stdout


@pytest.mark.parametrize("collection", ["session", "login", "Login"])
def test_a_collection_is_found_by_alias_or_label(session, collection):
    with Plugin(session.environment, {"collection": collection}) as plugin:
        version = plugin.put(NAME, b"s")["version"]
        assert f"/collection/{collection.lower()}/" in version
        assert plugin.get(NAME)["secret"] == b"s"


@pytest.mark.parametrize("options, message", [
    ({"colection": "x"}, 'there is no option "colection"'),
    ({"collection": 7}, 'the option "collection" is not a text'),
    ({"collection": ""}, 'the option "collection" names no collection'),
    ({"label": ""}, 'the option "label" is empty or holds a NUL'),
])
def test_wrong_options_are_refused(session, options, message):
    with pytest.raises(PluginError) as error:
        Plugin(session.environment, options)
    assert error.value.code == REFUSED
    assert error.value.message == message
