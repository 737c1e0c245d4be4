"""The JF service client against a scripted server over real sockets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from padan.agencies import JfClient
from padan.errors import AuthenticationError, ContractViolation, MalformedResponse, PadanError, SourceUnavailable
from tests.integration.agencies_server import (
    GATEWAY_TOKEN,
    Exchanges,
    Reply,
    ScriptedServer,
    SteppingClock,
    as_json,
    jf_settings,
    running,
    token,
)

HOLDERS = "/v1/holders"
EMPTY = as_json({"status": "OK", "data-availability": "list-not-available", "data": ""})


def sheet(page: int, pages: int, total: int, rows: list[Any], /, **paging: Any) -> Reply:
    head = {"page": page, "pages": pages, "per_page": 2, "count": len(rows), "total": total} | paging
    return as_json({"status": "OK", "data-availability": "available", "data": [head, rows]})


def row(identifier: str, deleted_at: str | None = None) -> dict[str, Any]:
    return {"holder_id": identifier, "deleted_at": deleted_at}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running() as server:
        server.on(GATEWAY_TOKEN, token("access-1"))
        yield server


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges()


@pytest.fixture
def client(server: ScriptedServer, exchanges: Exchanges) -> Iterator[JfClient]:
    with JfClient(jf_settings(server), exchanges, clock=SteppingClock()) as client:
        yield client


def test_all_pages_with_one_token(server: ScriptedServer, exchanges: Exchanges, client: JfClient) -> None:
    server.on(
        HOLDERS, [sheet(1, 3, 5, [row("a"), row("b")]), sheet(2, 3, 5, [row("c"), 7]), sheet(3, 3, 5, [row("e")])]
    )
    pages = list(client.pages("holders"))
    assert [(page.unit, len(page.rows), page.total, page.last) for page in pages] == [
        ("1", 2, 5, False),
        ("2", 2, 5, False),
        ("3", 1, 5, True),
    ]
    assert pages[1].rows == [row("c"), 7]
    assert [call.query for call in server.asked(HOLDERS)] == [
        {"page": str(number), "per_page": "2"} for number in (1, 2, 3)
    ]
    assert {call.headers["Authorization"] for call in server.asked(HOLDERS)} == {"Bearer access-1"}
    (asked,) = server.asked(GATEWAY_TOKEN)
    assert asked.form == {"grant_type": "client_credentials"}
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"padan:secret").decode()
    assert [(exchange.party, exchange.endpoint) for exchange in exchanges] == [
        ("bps", GATEWAY_TOKEN),
        *[("bps", HOLDERS)] * 3,
    ]


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        ("holders", "/v1/holders"),
        ("position_history", "/v1/position-history"),
        ("credits", "/v1/credits"),
        ("competence_tests", "/v1/competence-tests"),
        ("formations", "/v1/formations"),
        ("reference_codes", "/v1/reference-codes"),
    ],
)
def test_where_each_dataset_is(server: ScriptedServer, client: JfClient, dataset: str, path: str) -> None:
    server.on(path, sheet(1, 1, 1, [row("a")]))
    assert [page.rows for page in client.pages(dataset)] == [[row("a")]]
    assert client.describe(dataset) == path


@pytest.mark.parametrize(
    "reply",
    [
        EMPTY,
        Reply(404, b"", {"data-availability": "list-not-available"}),
        as_json({"status": "OK", "data-availability": "list-not-available"}, 404),
    ],
    ids=["200", "404 header", "404 body"],
)
def test_nothing_there_is_an_empty_list(server: ScriptedServer, client: JfClient, reply: Reply) -> None:
    server.on(HOLDERS, reply)
    assert [(page.rows, page.total, page.last) for page in client.pages("holders")] == [([], 0, True)]
    assert client.total("holders") == 0


def test_what_changed_since_with_deleted_rows(server: ScriptedServer, client: JfClient) -> None:
    since = "2026-03-01T00:00:00Z"
    rows = [row("a"), row("b", "2026-03-02T00:00:00Z")]
    for total in (2, 3):  # whether the total counts the deleted row or not
        server.on(HOLDERS, [sheet(1, 2, total, rows), sheet(2, 2, total, [row("c")])])
        assert sum(len(page.rows) for page in client.pages("holders", updated_since=since)) == 3
    assert server.asked(HOLDERS)[0].query["updated_since"] == since


def test_a_list_is_taken_up_where_it_was_left(server: ScriptedServer, client: JfClient) -> None:
    server.on(HOLDERS, [sheet(2, 3, 5, [row("c"), row("d")]), sheet(3, 3, 5, [row("e")])])
    assert [page.unit for page in client.pages("holders", start=2)] == ["2", "3"]
    server.on(HOLDERS, EMPTY)
    assert [(page.rows, page.last) for page in client.pages("holders", start=4)] == [([], True)]


def test_total(server: ScriptedServer, client: JfClient) -> None:
    server.on(HOLDERS, sheet(1, 4711, 4711, [row("a")]))
    assert client.total("holders") == 4711
    assert server.asked(HOLDERS)[0].query == {"page": "1", "per_page": "1"}


FIRST = sheet(1, 2, 4, [row("a"), row("b")])


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([FIRST, FIRST], "holders page 2: the service says that this is page 1"),
        ([FIRST, sheet(2, 2, 4, [row("a"), row("b")])], "holders page 2: the same rows as page 1"),
        ([FIRST, sheet(2, 3, 4, [row("c"), row("d")])], "holders page 2: pages was 2 and is 3 now"),
        ([FIRST, sheet(2, 2, 5, [row("c"), row("d")])], "holders page 2: total was 4 and is 5 now"),
        ([FIRST, sheet(2, 2, 4, [row("c")])], "holders page 2: total says 4 rows, 3 came"),
        ([FIRST, sheet(2, 2, 4, [row("c")], count=2)], "holders page 2: count says 2 rows, 1 came"),
        ([FIRST, EMPTY], "holders page 2: the service says that this is page 0"),
    ],
)
def test_a_list_that_does_not_add_up(
    server: ScriptedServer, client: JfClient, replies: list[Reply], message: str
) -> None:
    server.on(HOLDERS, replies)
    with pytest.raises(ContractViolation, match=message):
        list(client.pages("holders"))


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (as_json({"status": "OK", "data-availability": "available", "rows": []}), MalformedResponse, "no field data"),
        (as_json({"status": "OK", "availability": "available", "data": []}), MalformedResponse, "data-availability"),
        (as_json({"data-availability": "available", "data": []}), MalformedResponse, "no field status"),
        (as_json({"status": "OK", "data-availability": "available", "data": []}), MalformedResponse, "paging, rows"),
        (sheet(1, 1, 1, [row("a")], pages="1"), MalformedResponse, "no usable field pages"),
        (as_json({"status": "ERROR", "message": "x", "data-availability": "", "data": 0}), MalformedResponse, "status"),
        (Reply(200, b"<html>"), MalformedResponse, "HTML page"),
        (Reply(200, b'{"status":"OK","da'), MalformedResponse, "truncated"),
        (as_json({"status": "ERROR", "message": "?"}, 404), MalformedResponse, "HTTP 404"),
        (as_json({"status": "ERROR", "message": "?"}, 400), MalformedResponse, "HTTP 400"),
        (as_json({"status": "ERROR", "message": "?"}, 403), AuthenticationError, "HTTP 403"),
        (as_json({"status": "ERROR", "message": "?"}, 503), SourceUnavailable, "HTTP 503"),
        (as_json({"status": "ERROR", "message": "?"}, 429), SourceUnavailable, "HTTP 429"),
        (Reply(reset=True), SourceUnavailable, "broke off"),
    ],
)
def test_a_list_that_cannot_be_read(
    server: ScriptedServer, client: JfClient, reply: Reply, error: type[PadanError], message: str
) -> None:
    server.on(HOLDERS, reply)
    with pytest.raises(error, match=f"bps: holders page 1: .*{message}"):
        list(client.pages("holders"))


def test_a_refused_token_is_renewed_once(server: ScriptedServer, client: JfClient) -> None:
    refused = as_json({"status": "ERROR", "message": "token"}, 401)
    server.on(GATEWAY_TOKEN, [token("access-1"), token("access-2")])
    server.on(HOLDERS, [refused, sheet(1, 1, 1, [row("a")])])
    assert len(list(client.pages("holders"))) == 1
    assert [call.headers["Authorization"] for call in server.asked(HOLDERS)] == ["Bearer access-1", "Bearer access-2"]
    server.on(HOLDERS, refused)
    with pytest.raises(AuthenticationError):
        list(client.pages("holders"))
    assert len(server.asked(HOLDERS)) == 4


def test_what_passes_is_retried(server: ScriptedServer, exchanges: Exchanges, client: JfClient) -> None:
    server.on(HOLDERS, [Reply(503), Reply(reset=True), Reply(200, b"<html>"), sheet(1, 1, 1, [row("a")])])
    assert len(list(client.pages("holders"))) == 1
    assert [(exchange.attempt, exchange.status, exchange.error) for exchange in exchanges[1:]] == [
        (1, 503, "server_error"),
        (2, None, "connection_reset"),
        (3, 200, "html_body"),
        (4, 200, None),
    ]
