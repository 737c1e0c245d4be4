"""No NIP, token, password, URL or body in a log, an exception, its chain, an exchange or a reason (PKS article 9).

A canary of each is planted in requests and answers; then everything that can go wrong goes wrong, at log level DEBUG.
"""

from __future__ import annotations

import logging
import ssl
import traceback
from collections.abc import Callable, Iterator

import pytest

from padan.agencies import FailedUnit, JfClient, SiasnClient
from padan.errors import PadanError
from tests.integration.agencies_server import (
    GATEWAY_TOKEN,
    NIP_CANARY,
    PERSON,
    SSO_TOKEN,
    TOKEN_CANARY,
    UNOR,
    Exchanges,
    Reply,
    ScriptedServer,
    SteppingClock,
    as_json,
    jf_settings,
    running,
    siasn_settings,
    token,
)

PASSWORD_CANARY = "canary-password-19c4"
KEY_CANARY = "canary-key-55d1"
BODY_CANARY = "CANARY-NAME"
CANARIES = (NIP_CANARY, TOKEN_CANARY, PASSWORD_CANARY, KEY_CANARY, BODY_CANARY, "http://", "https://", "127.0.0.1")
TEXT = f"{NIP_CANARY} {TOKEN_CANARY} {BODY_CANARY}"
BAD_HEADER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n no-colon-" + TEXT.encode() + b"\r\n\xff:\r\n\r\n"

FAULTS: dict[str, Reply] = {
    "503": Reply(503, TEXT.encode()),
    "throttled": as_json({"code": 900802, "message": TEXT, "description": TEXT}, 429, Retry_After=f"99999{NIP_CANARY}"),
    "suspended": as_json({"code": 303001, "message": TEXT, "description": f"SUSPENDED {TEXT}"}, 503),
    "html": Reply(200, f"<html>{TEXT}".encode()),
    "xml": Reply(500, f"<am:fault><am:code>9</am:code><am:message>{TEXT}</am:message></am:fault>".encode()),
    "truncated": Reply(200, f'{{"code":1,"data":{{"nama":"{TEXT}'.encode()),
    "renamed": as_json({"code": 1, "Data": {"nama": TEXT}, TEXT: 1}),
    "write reply": as_json({"success": False, "message": TEXT, "mapData": TEXT}),
    "other code": as_json({"code": TEXT, "data": {}}),
    "reset": Reply(reset=True),
    "cut": Reply(200, TEXT.encode(), cut=5),
    "hang": Reply(200, TEXT.encode(), hang=0.2),
    "no gzip": Reply(200, TEXT.encode(), {"Content-Encoding": "gzip"}),
    "nonsense": Reply(raw=f"nonsense {TEXT}\r\n\r\n".encode()),
    "bad header": Reply(raw=BAD_HEADER),
    "bad length": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: " + TEXT.encode() + b"\r\n\r\nx"),
    "bad chunk": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + TEXT.encode() + b"\r\n"),
    "endless header": Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + TEXT.encode() * 2000 + b"\r\n\r\n"),
    "redirect": Reply(302, b"", {"Location": f"http://127.0.0.1:1/{NIP_CANARY}"}),
    "bad redirect": Reply(302, b"", {"Location": f"http://[{NIP_CANARY}"}),
    "400": as_json({"message": TEXT}, 400),
    "401": as_json({"code": 900901, "message": "Invalid Credentials", "description": TEXT}, 401),
    "jwt": as_json({"message": f"invalid or expired jwt {TEXT}"}, 401),
    "mismatch": as_json({"code": 0, "data": f"Token SSO mismatch {TEXT}"}, 404),
    "runtime": as_json({"code": 9, "message": "Runtime Error", "description": TEXT}, 500),
    "403": as_json({"code": 900908, "message": TEXT}, 403),
    "404": as_json({"code": 900906, "message": TEXT}, 404),
    "cookie": Reply(503, b"", {"Set-Cookie": f"pdns={NIP_CANARY}; Domain=[{TOKEN_CANARY}"}),
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running() as server:
        server.on(GATEWAY_TOKEN, token(TOKEN_CANARY))
        server.on(SSO_TOKEN, token(TOKEN_CANARY))
        yield server


def siasn(server: ScriptedServer, exchanges: Exchanges, **changes: object) -> SiasnClient:
    secrets = {"consumer_key": KEY_CANARY, "consumer_secret": PASSWORD_CANARY, "sso_password": PASSWORD_CANARY}
    settings = siasn_settings(server, **{**secrets, "retries": 1, "concurrency": 2, "read_timeout": 0.1, **changes})
    return SiasnClient(settings, exchanges, clock=SteppingClock(), failed_units_limit=3)


def said(work: Callable[[], object], exchanges: Exchanges, caplog: pytest.LogCaptureFixture) -> str:
    """Everything that anybody could read afterwards."""
    caplog.set_level(logging.DEBUG)
    texts = []
    try:
        for failed in work() or ():  # type: ignore[attr-defined]
            if isinstance(failed, FailedUnit):
                texts.append(failed.rule + failed.reason)
    except PadanError as error:
        texts.extend(traceback.format_exception(error))
        texts.extend(chained(error))
    assert texts, "nothing went wrong"
    texts.extend(map(repr, exchanges))
    texts.append(caplog.text)
    texts.extend(repr(record.__dict__) for record in caplog.records)
    return "\n".join(texts)


def chained(error: BaseException) -> Iterator[str]:
    """The errors behind ``error``, also those that a traceback would not print."""
    for inner in (error.__cause__, error.__context__):
        if inner is not None:
            yield repr(inner) + repr(vars(inner))
            yield from chained(inner)


def leaks(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


@pytest.mark.parametrize("fault", FAULTS)
def test_person_calls(server: ScriptedServer, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    server.on(PERSON, FAULTS[fault])
    exchanges = Exchanges()
    with siasn(server, exchanges) as client:
        text = said(lambda: list(client.fetch_people([("data_utama", NIP_CANARY)] * 6)), exchanges, caplog)
    assert f"{PERSON}data-utama/{{nip}}" in text
    assert leaks(text) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_lists(server: ScriptedServer, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    server.on(UNOR, FAULTS[fault])
    exchanges = Exchanges()
    with siasn(server, exchanges) as client:
        assert leaks(said(lambda: list(client.pages("ref_unor")), exchanges, caplog)) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("endpoint", [GATEWAY_TOKEN, SSO_TOKEN])
def test_token_calls(server: ScriptedServer, caplog: pytest.LogCaptureFixture, endpoint: str, fault: str) -> None:
    server.on(endpoint, FAULTS[fault])
    exchanges = Exchanges()
    with siasn(server, exchanges) as client:
        assert leaks(said(lambda: list(client.pages("ref_unor")), exchanges, caplog)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_jf_service(server: ScriptedServer, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    server.on("/v1/holders", FAULTS[fault])
    exchanges = Exchanges()
    settings = jf_settings(server, client_id=KEY_CANARY, client_secret=PASSWORD_CANARY, retries=1, read_timeout=0.1)
    with JfClient(settings, exchanges, clock=SteppingClock()) as client:
        assert leaks(said(lambda: list(client.pages("holders")), exchanges, caplog)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": f"http://127.0.0.1:1/{TOKEN_CANARY}"},
        {"base_url": f"nonsense://127.0.0.1/{TOKEN_CANARY}"},
        {"base_url": f"http://[{TOKEN_CANARY}"},
        {"token_url": f"127.0.0.1/{TOKEN_CANARY}"},
        {"sso_username": "", "sso_token": f"{TOKEN_CANARY} with\nlines"},
        {"sso_username": "", "sso_token": f"é{TOKEN_CANARY}"},
        {"consumer_key": f"é{KEY_CANARY}", "token_url": f"http://127.0.0.1:1/{TOKEN_CANARY}"},
    ],
)
def test_settings_that_cannot_work(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, changes: dict[str, str]
) -> None:
    exchanges = Exchanges()
    with siasn(server, exchanges, **changes) as client:
        text = said(lambda: list(client.fetch_people([("data_utama", NIP_CANARY)])), exchanges, caplog)
    # the token endpoint's path comes from the settings and stands in the exchanges; nothing else may show
    assert leaks(text.replace(f"/{TOKEN_CANARY}", "")) == []


def test_a_server_that_speaks_no_tls(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    exchanges = Exchanges()
    with siasn(server, exchanges, base_url=server.url.replace("http:", "https:")) as client:
        text = said(lambda: list(client.fetch_people([("data_utama", NIP_CANARY)])), exchanges, caplog)
    assert "tls_error" in text
    assert leaks(text) == []


def test_tokens_and_passwords_do_not_show_in_any_object(server: ScriptedServer) -> None:
    with siasn(server, Exchanges()) as client:
        server.on(PERSON, as_json({"code": 1, "data": {}}))
        list(client.fetch_people([("data_utama", NIP_CANARY)]))
        parts = vars(client)
        text = "".join(repr(part) + repr(getattr(part, "__dict__", "")) for part in parts.values())
    assert leaks(text.replace(server.url, "")) == []


def test_the_search_can_fail(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("padan.agencies").debug("GET %s/%s", server.url, NIP_CANARY)
    try:
        try:
            raise ssl.SSLError(TOKEN_CANARY)
        except ssl.SSLError:
            raise PadanError("clean") from None
    except PadanError as error:
        text = caplog.text + "".join(chained(error))
    assert leaks(text) == [NIP_CANARY, TOKEN_CANARY, "http://", "127.0.0.1"]
