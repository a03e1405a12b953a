"""The check can fail: each rule, broken in one good exchange, is noticed."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

import samples
from openapi import check
from samples import Record, changed

GOOD = {
    "a token": samples.token(),
    "a refused token": samples.refused(),
    "addPassword": samples.add_password(),
    "an application": samples.application(),
    "a cluster": samples.cluster(),
    "a cluster at an older version": samples.cluster("2021-05-01"),
    "a reset": samples.reset(),
    "a look at an operation": samples.poll(),
    "a new version of a secret": samples.set_secret(),
    "a list of versions": samples.versions(maxresults="25"),
    "Key Vault's challenge": samples.challenge(),
}


def url(old: str, new: str) -> Callable[[Record], Any]:
    """Replace a part of the URL."""
    return lambda record: record.update(url=record["url"].replace(old, new))


def answer(**changes: Any) -> Callable[[Record], Any]:
    """Change properties of the answer."""
    return lambda record: record.update(
        responseBody=json.dumps({**json.loads(record["responseBody"]), **changes})
    )


def without(part: str, name: str) -> Callable[[Record], Any]:
    """Leave a header, or a property of a body, out."""

    def change(record: Record) -> None:
        if part.endswith("Headers"):
            del record[part][name]
        else:
            body = json.loads(record[part])
            del body[name]
            record[part] = json.dumps(body)

    return change


def header(part: str, name: str, value: str) -> Callable[[Record], Any]:
    """Set a header."""
    return lambda record: record[part].update({name: value})


def error(status: int, body: Any, **headers: str) -> Callable[[Record], Any]:
    """Turn the answer into an error."""

    def change(record: Record) -> None:
        kept = {name.replace("_", "-"): value for name, value in headers.items()}
        record.update(status=status, responseBody=json.dumps(body))
        record["responseHeaders"] = {**samples.IDS, "Content-Type": "application/json", **kept}

    return change


WRAPPED = {"error": {"code": "NotFound", "message": "gone"}}

BROKEN = [
    ("a token for no scope", samples.token(scope="graph"), None, "request scope"),
    ("a token by a password", samples.token(grant_type="password"), None, "request grant_type"),
    ("an unknown field in a form", samples.token(secret="x"), None, "unknown: secret"),
    (
        "no secret at all",
        samples.token(),
        lambda r: r.update(requestBody=r["requestBody"].replace("client_secret", "claims")),
        "lacks client_secret",
    ),
    ("a token's life as a text", samples.token(), answer(expires_in="3599"), "answer expires_in"),
    ("a token that is no JWT", samples.token(), answer(access_token="x"), "answer access_token"),
    (
        "JSON instead of a form",
        samples.token(),
        header("requestHeaders", "Content-Type", "application/json"),
        "content type",
    ),
    ("codes that disagree", samples.refused(7000222), None, "disagree"),
    (
        "a refusal without a trace",
        samples.refused(),
        without("responseBody", "trace_id"),
        "lacks trace_id",
    ),
    (
        "a refusal without its codes",
        samples.refused(),
        without("responseBody", "error_codes"),
        "lacks error_codes",
    ),
    ("an unknown property", samples.add_password(secret="x"), None, "unknown: secret"),
    ("a keyId that is no GUID", samples.add_password(keyId="1"), None, "answer keyId"),
    (
        "a date without a zone",
        samples.add_password(endDateTime="2027-05-24T10:00:00"),
        None,
        "answer endDateTime",
    ),
    (
        "a misspelt request",
        samples.add_password(),
        lambda r: r.update(requestBody='{"passwordCredentials": {}}'),
        "unknown: passwordCredentials",
    ),
    (
        "a request that is not JSON",
        samples.add_password(),
        lambda r: r.update(requestBody="{"),
        "cannot be parsed",
    ),
    ("Graph's beta", samples.add_password(), url("/v1.0/", "/beta/"), "no document"),
    (
        "an unknown action",
        samples.add_password(),
        url("addPassword", "resetPassword"),
        "no document",
    ),
    ("a wrong method", samples.add_password(), lambda r: r.update(method="PUT"), "no document"),
    ("a wrong status", samples.add_password(), lambda r: r.update(status=201), "status 201"),
    (
        "an unknown query",
        samples.application(),
        url("')", "')?$expnad=owners"),
        "unknown parameter in the query: $expnad",
    ),
    (
        "a selection of what is not there",
        samples.application(),
        url("')", "')?$select=id,passwords"),
        "query $select",
    ),
    (
        "a filter with an open quote",
        samples.application(),
        url(f"(appId='{samples.ID}')", "?$filter=appId eq 'it's'"),
        "not doubled",
    ),
    (
        "a secret that is read back",
        samples.application(passwordCredentials=[{"secretText": samples.SECRET}]),
        None,
        "secretText is shown",
    ),
    (
        "null where there is none",
        samples.application(passwordCredentials=None),
        None,
        "answer passwordCredentials",
    ),
    (
        "Graph's error without ids",
        samples.application(),
        error(404, WRAPPED),
        "innerError lacks request-id",
    ),
    (
        "no Authorization",
        samples.application(),
        without("requestHeaders", "Authorization"),
        "without a token",
    ),
    (
        "no request-id",
        samples.application(),
        without("responseHeaders", "request-id"),
        "lacks the header request-id",
    ),
    (
        "no content type",
        samples.application(),
        without("responseHeaders", "Content-Type"),
        "content type",
    ),
    ("an unknown api-version", samples.cluster("2019-01-01"), None, "api-version '2019-01-01'"),
    ("no api-version", samples.cluster(), url("?api-version=2026-06-01", ""), "api-version None"),
    ("a version twice", samples.cluster(), url("?", "?api-version=2026-06-01&"), "twice"),
    (
        "a subscription that is no GUID",
        samples.cluster(),
        url(samples.SUBSCRIPTION, "main"),
        "path subscriptionId",
    ),
    (
        "a cluster's name with a space",
        samples.cluster(),
        url("/demo", "/de%20mo"),
        "path resourceName",
    ),
    (
        "a cluster without a place",
        samples.cluster(),
        without("responseBody", "location"),
        "lacks location",
    ),
    (
        "a cluster that shows its secret",
        samples.cluster(
            properties={"servicePrincipalProfile": {"clientId": "x", "secret": samples.SECRET}}
        ),
        None,
        "servicePrincipalProfile/secret: may not be here",
    ),
    (
        "an error of ours, bare",
        samples.cluster(),
        error(404, {"code": "NotFound", "message": "x"}, x_ms_failure_cause="gateway"),
        "lacks its code",
    ),
    ("an error of AKS, wrapped", samples.cluster(), error(404, WRAPPED), "wrapped in `error`"),
    ("a misspelt reset", samples.reset(clientID=samples.ID), None, "unknown: clientID"),
    (
        "a reset without a client",
        samples.reset(),
        without("requestBody", "clientId"),
        "lacks clientId",
    ),
    ("a reset with a number", samples.reset(secret=1), None, "request secret"),
    (
        "accepted, with no URL to follow",
        samples.reset(),
        without("responseHeaders", "Azure-AsyncOperation"),
        "without azure-asyncoperation",
    ),
    (
        "a strange Retry-After",
        samples.reset(),
        header("responseHeaders", "Retry-After", "soon"),
        "Retry-After",
    ),
    (
        "an operation that failed in silence",
        samples.poll(status="Failed", endTime="2026-11-25T10:00:00Z"),
        None,
        "lacks error",
    ),
    ("an operation that ended at no time", samples.poll(status="Succeeded"), None, "lacks endTime"),
    (
        "a secret without a value",
        samples.set_secret(),
        without("requestBody", "value"),
        "lacks value",
    ),
    ("a value that is no text", samples.set_secret(value=1), None, "request value"),
    (
        "read-only attributes in a request",
        samples.set_secret(attributes={"created": 1}),
        None,
        "attributes/created: may not be here",
    ),
    ("an expiry as a text", samples.set_secret(attributes={"exp": "2027"}), None, "attributes/exp"),
    ("a tag that is no text", samples.set_secret(tags={"keyId": 1}), None, "tags/keyId"),
    ("a name with an underscore", samples.set_secret(), url("/demo", "/de_mo"), "path secret-name"),
    ("a page of 26", samples.versions(maxresults="26"), None, "query maxresults"),
    ("a page of none", samples.versions(maxresults="few"), None, "query maxresults"),
    (
        "a challenge without a resource",
        samples.challenge(),
        header("responseHeaders", "WWW-Authenticate", 'Bearer authorization="https://x/y"'),
        "without a challenge",
    ),
    (
        "an error without a message",
        samples.versions(),
        error(404, {"error": {"code": "SecretNotFound"}}),
        "code or message",
    ),
    (
        "an error that is neither JSON nor HTML",
        samples.versions(),
        lambda r: r.update(status=503, responseBody="?"),
        "neither JSON nor HTML",
    ),
    (
        "a body that should not be",
        samples.versions(),
        lambda r: r.update(requestBody="{}"),
        "takes none",
    ),
    ("another host", samples.versions(), url("ops.vault.", "ops."), "no document"),
]


@pytest.mark.parametrize("record", GOOD.values(), ids=list(GOOD))
def test_a_good_exchange_has_no_problem(record: Record) -> None:
    assert [str(problem) for problem in check([record])] == []


@pytest.mark.parametrize(
    ("record", "change", "expected"),
    [entry[1:] for entry in BROKEN],
    ids=[entry[0] for entry in BROKEN],
)
def test_a_broken_exchange_is_noticed(
    record: Record, change: Callable[[Record], Any] | None, expected: str
) -> None:
    problems = [str(problem) for problem in check([changed(record, change or (lambda _: None))])]
    assert any(expected in problem for problem in problems), problems


def test_a_secret_in_a_url_is_noticed() -> None:
    leak = changed(
        samples.cluster(),
        url("api-version=2026-06-01", f"api-version=2026-06-01&x={samples.SECRET}"),
    )
    assert "a secret is in the URL or in a header" in str(check([samples.add_password(), leak])[-1])


def test_an_escaped_secret_in_a_url_is_noticed() -> None:
    escaped = samples.SECRET.replace("~", "%7E")
    leak = changed(samples.versions(), url("7.4", f"7.4&$skiptoken={escaped}"))
    problems = check([samples.set_secret(), leak])
    assert [problem.what for problem in problems] == ["a secret is in the URL or in a header"]


def test_a_secret_in_a_header_is_noticed() -> None:
    leak = changed(samples.poll(), header("requestHeaders", "User-Agent", f"x {samples.SECRET}"))
    problems = check([samples.reset(), leak])
    assert [problem.what for problem in problems] == ["a secret is in the URL or in a header"]


def test_a_secret_in_a_query_by_its_name_is_noticed() -> None:
    leak = changed(samples.token(), url("/token", f"/token?client_secret={samples.SECRET}"))
    assert {problem.what for problem in check([leak])} >= {
        "unknown parameter in the query: client_secret",
        "a secret is in the URL or in a header",
    }


def test_the_url_of_an_operation_is_used_verbatim() -> None:
    assert check([samples.reset(), samples.poll()]) == []
    problems = check(
        [samples.reset(), samples.poll(samples.POLL.replace("2016-03-30", "2017-08-31"))]
    )
    assert [problem.what for problem in problems] == [
        "the operation's URL is not the one that was given"
    ]


def test_a_cut_connection_has_no_answer_to_check() -> None:
    cut = changed(
        samples.reset(),
        lambda record: record.update(status=None, responseHeaders={}, responseBody=""),
    )
    assert check([cut]) == []
    assert check([changed(cut, url("2026-06-01", "1"))]) != []


def test_a_request_that_was_throttled_is_judged_all_the_same() -> None:
    throttled = changed(samples.reset(clientID=samples.ID), error(429, {}))
    assert [problem.what for problem in check([throttled])] == [
        "request (whole): unknown: clientID"
    ]


def test_a_request_that_was_refused_for_its_fault_is_in_order() -> None:
    body = {"code": "BadRequest", "message": "unknown field"}
    assert check([changed(samples.reset(clientID=samples.ID), error(400, body))]) == []


def test_a_problem_names_its_exchange_and_no_secret() -> None:
    problems = check([samples.cluster(), samples.reset(secret=[samples.SECRET])])
    assert [problem.exchange for problem in problems] == [1]
    assert samples.SECRET not in str(problems)
