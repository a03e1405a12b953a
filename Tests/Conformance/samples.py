"""Exchanges written by hand, one good one of each kind, for tests to break."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, Callable

Record = dict[str, Any]

ID = "5c1b8f3e-6f0e-4a3c-9a52-0d7a5b1c2d3e"
SUBSCRIPTION = "8a6c3d52-1e0f-4c7a-b1d9-0f2e4a6c8b1d"
SECRET = "abc8Q~made-up-for-a-test-0123456789.ABCD"
LOGIN = "https://login.localhost:4433"
GRAPH = "https://graph.localhost:4433/v1.0"
ARM = "https://management.localhost:4433"
VAULT = "https://ops.vault.localhost:4433"
GROUP = f"{ARM}/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-demo"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/demo"
OPERATION = (
    f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope"
)
POLL = f"{OPERATION}/operations/{ID}?api-version=2016-03-30&t=1&c=a&s=b&h=c"
RESULT = f"{OPERATION}/operationresults/{ID}?api-version=2016-03-30&t=1&c=a&s=b&h=d"
IDS = {
    "x-ms-request-id": ID,
    "x-ms-correlation-request-id": ID,
    "x-ms-routing-request-id": ID,
    "request-id": ID,
    "client-request-id": ID,
}
STAMP = "2026-11-25 10:00:00Z"
DENIED = (
    f"AADSTS7000215: Invalid client secret. Trace ID: {ID} Correlation ID: {ID} Timestamp: {STAMP}"
)


def exchange(
    method: str, url: str, status: int, answer: Any = None, body: Any = None, **headers: str
) -> Record:
    """Make a record as the sandbox lists it."""
    request_headers = {"Authorization": "Bearer e30.e30.e30"}
    if body is not None:
        request_headers["Content-Type"] = "application/json"
    answer_headers = {**IDS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if answer is not None:
        answer_headers["Content-Type"] = "application/json; charset=utf-8"
    return {
        "method": method,
        "url": url,
        "requestHeaders": request_headers,
        "requestBody": "" if body is None else json.dumps(body),
        "status": status,
        "responseHeaders": answer_headers,
        "responseBody": "" if answer is None else json.dumps(answer),
    }


def token(status: int = 200, answer: Any = None, **fields: str) -> Record:
    """A request for a token."""
    good = {
        "token_type": "Bearer",
        "expires_in": 3599,
        "ext_expires_in": 3599,
        "access_token": "e30.e30.e30",
    }
    record = exchange("POST", f"{LOGIN}/{ID}/oauth2/v2.0/token", status, answer or good)
    form = {"client_id": ID, "client_secret": SECRET, "grant_type": "client_credentials"}
    form = {**form, "scope": "https%3A%2F%2Fgraph.localhost%3A4433%2F.default", **fields}
    record["requestHeaders"] = {"Content-Type": "application/x-www-form-urlencoded"}
    record["requestBody"] = "&".join(f"{name}={value}" for name, value in form.items())
    return record


def refused(code: int = 7000215) -> Record:
    """A request for a token with a wrong secret."""
    error = {"error": "invalid_client", "error_description": DENIED, "error_codes": [code]}
    more = {"timestamp": "2026-11-25 10:00:00Z", "trace_id": ID, "correlation_id": ID}
    return token(401, {**error, **more, "error_uri": f"{LOGIN}/error?code={code}"})


def add_password(**changes: Any) -> Record:
    """addPassword."""
    dates = {"startDateTime": "2026-11-25T10:00:00Z", "endDateTime": "2027-05-24T10:00:00Z"}
    sent = {"passwordCredential": {"displayName": "credferry", **dates}}
    made = {
        "keyId": ID,
        "displayName": "credferry",
        "hint": SECRET[:3],
        "secretText": SECRET,
        **dates,
    }
    made = {**made, "customKeyIdentifier": None, **changes}
    return exchange("POST", f"{GRAPH}/applications(appId='{ID}')/addPassword", 200, made, sent)


def application(**changes: Any) -> Record:
    """An application by its appId."""
    credential = {
        "keyId": ID,
        "displayName": None,
        "hint": "abc",
        "secretText": None,
        "customKeyIdentifier": None,
    }
    credential |= {"startDateTime": "2026-11-25T10:00:00Z", "endDateTime": "2027-05-24T10:00:00Z"}
    body = {"@odata.context": f"{GRAPH}/$metadata#applications/$entity", "id": ID, "appId": ID}
    return exchange(
        "GET",
        f"{GRAPH}/applications(appId='{ID}')",
        200,
        {**body, "passwordCredentials": [credential], **changes},
    )


def cluster_body(**changes: Any) -> dict[str, Any]:
    """A cluster as Resource Manager shows it."""
    properties = {"provisioningState": "Succeeded", "powerState": {"code": "Running"}}
    properties["servicePrincipalProfile"] = {"clientId": ID}
    body = {
        "id": CLUSTER.removeprefix(ARM),
        "name": "demo",
        "location": "westeurope",
        "properties": properties,
    }
    return {**body, "type": "Microsoft.ContainerService/ManagedClusters", **changes}


def cluster(version: str = "2026-06-01", **changes: Any) -> Record:
    """A cluster."""
    return exchange("GET", f"{CLUSTER}?api-version={version}", 200, cluster_body(**changes))


def reset(**changes: Any) -> Record:
    """resetServicePrincipalProfile, accepted."""
    url = f"{CLUSTER}/resetServicePrincipalProfile?api-version=2026-06-01"
    body = {"clientId": ID, "secret": SECRET, **changes}
    return exchange(
        "POST", url, 202, cluster_body(), body, Location=RESULT, Azure_AsyncOperation=POLL
    )


def poll(url: str = POLL, **changes: Any) -> Record:
    """A look at an operation."""
    body = {"name": ID, "status": "InProgress", "startTime": "2026-11-25T10:00:00.1234567Z"}
    return exchange("GET", url, 200, {**body, **changes})


def set_secret(**changes: Any) -> Record:
    """A new version of a secret in a vault."""
    attributes = {"enabled": True, "exp": 1_800_000_000}
    shown = {
        **attributes,
        "created": 1_790_000_000,
        "updated": 1_790_000_000,
        "recoveryLevel": "Recoverable+Purgeable",
    }
    made = {
        "value": SECRET,
        "id": f"{VAULT}/secrets/demo/{'0' * 32}",
        "attributes": {**shown, "recoverableDays": 90},
    }
    body = {
        "value": SECRET,
        "contentType": "application/x-credferry",
        "attributes": attributes,
        **changes,
    }
    return exchange("PUT", f"{VAULT}/secrets/demo?api-version=7.4", 200, made, body)


def versions(**query: str) -> Record:
    """The versions of a secret."""
    item = {"id": f"{VAULT}/secrets/demo/{'0' * 32}", "attributes": {"enabled": True}}
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    url = f"{VAULT}/secrets/demo/versions?api-version=7.4{extra}"
    return exchange("GET", url, 200, {"value": [item], "nextLink": None})


def challenge() -> Record:
    """Key Vault's answer to a request without a token: sent without its body, too."""
    error = {"code": "Unauthorized", "message": "AKV10000: Request is missing a token."}
    words = f'Bearer authorization="{LOGIN}/{ID}", resource="https://vault.localhost:4433"'
    url = f"{VAULT}/secrets/demo?api-version=7.4"
    record = exchange("PUT", url, 401, {"error": error}, WWW_Authenticate=words)
    del record["requestHeaders"]["Authorization"]
    return record


def changed(record: Record, change: Callable[[Record], Any]) -> Record:
    """Copy a record, and change the copy."""
    copy = deepcopy(record)
    change(copy)
    return copy
