"""A host's side of the plugin protocol, for tests."""

import base64
import json
import os
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("CREDFERRY_BUILD", ROOT / ".build/debug")) / "credferry-keyring"

# A call ends within 5 seconds; a busy machine gets more, but less than the 25 that libsecret alone would take.
HANG_GUARD_SECONDS = 15

NOT_FOUND, LOCKED, DENIED, UNAVAILABLE, REFUSED = -32001, -32002, -32003, -32004, -32005


class PluginError(Exception):
    """The `error` of an answer."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.message = error["message"]
        self.hint = error.get("data", {}).get("hint")


def metadata(key="key-1", cluster="demo", credential="service-principal", **more):
    return {
        "appId": "app", "tenant": "tenant", "keyId": key, "cluster": cluster, "credential": credential,
        "notAfter": "2027-05-22T10:00:00Z", **more,
    }


class Plugin:
    """A running credferry-keyring."""

    def __init__(self, environment, options=None):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.last_id = 0
        introduction = {"protocol": [1], "host": {"name": "test", "version": "1"}, "options": options or {}}
        try:
            self.welcome = self.call("initialize", introduction)
        except PluginError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(HANG_GUARD_SECONDS)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def send(self, method, params):
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        return self.last_id

    def receive(self):
        guard = threading.Timer(HANG_GUARD_SECONDS, self.process.kill)
        guard.start()
        try:
            line = self.process.stdout.readline()
        finally:
            guard.cancel()
        assert line, "the plugin ended, or was silent for too long"
        return json.loads(line)

    def call(self, method, params):
        number = self.send(method, params)
        answer = self.receive()
        assert answer["id"] == number
        if "error" in answer:
            raise PluginError(answer["error"])
        return answer["result"]

    def put(self, name, secret, **more):
        encoded = base64.b64encode(secret).decode()
        return self.call("put", {"name": name, "secret": {"base64": encoded}, "metadata": metadata(**more)})

    def get(self, name):
        result = self.call("get", {"name": name})
        result["secret"] = base64.b64decode(result["secret"]["base64"])
        return result

    def delete(self, name):
        return self.call("delete", {"name": name})

    def list(self, prefix=""):
        return self.call("list", {"prefix": prefix})["entries"]
