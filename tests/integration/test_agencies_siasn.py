"""The SIASN client against a scripted server over real sockets."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from padan.agencies import FailedUnit, Page, SiasnClient
from padan.errors import (
    AuthenticationError,
    ConfigurationError,
    ContractViolation,
    MalformedResponse,
    OperatorTokenExpired,
    SourceUnavailable,
)
from tests.integration.agencies_server import (
    GATEWAY_TOKEN,
    NOTHING_THERE,
    PERSON,
    SSO_TOKEN,
    UNOR,
    Exchanges,
    Reply,
    Request,
    ScriptedServer,
    SteppingClock,
    as_json,
    siasn_server,
    siasn_settings,
    threads_of,
    token,
)

NIP = "199001012015011001"
ONE = as_json({"code": 1, "data": {"id": "x"}})
GOLONGAN = "/referensi_siasn/1/golongan/search"
NO_PASSWORD = {"sso_username": "", "sso_password": ""}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with siasn_server() as server:
        server.on(PERSON, ONE)
        yield server


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges()


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


def people(number: int, dataset: str = "data_utama") -> list[tuple[str, str]]:
    return [(dataset, str(int(NIP) + serial)) for serial in range(number)]


def fetch(client: SiasnClient, *requests: tuple[str, str]) -> list[Page | FailedUnit]:
    return list(client.fetch_people(requests or [("data_utama", NIP)]))


def jwt(expires_at: datetime) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int(expires_at.timestamp())}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2lnbmF0dXJl"


# ---- tokens ----------------------------------------------------------------------------------------------------


def test_person_calls_carry_both_tokens_and_each_is_asked_for_as_its_server_wants_it(
    server: ScriptedServer, exchanges: Exchanges
) -> None:
    server.on(f"{PERSON}rw-jabatan", as_json({"code": 1, "data": [{"id": "a"}, {"id": "b"}], "count": 2}))
    server.on(f"{PERSON}rw-golongan", NOTHING_THERE)
    with SiasnClient(siasn_settings(server), exchanges) as client:
        datasets = ("data_utama", "rw_jabatan", "rw_golongan")
        pages = {page.dataset: page for page in fetch(client, *((name, NIP) for name in datasets))}
    assert {name: page.rows for name, page in pages.items() if isinstance(page, Page)} == {
        "data_utama": [{"id": "x"}],
        "rw_jabatan": [{"id": "a"}, {"id": "b"}],
        "rw_golongan": [],
    }
    call = server.asked(f"{PERSON}data-utama/{NIP}")[0]
    assert (call.headers["Authorization"], call.headers["Auth"]) == ("Bearer gateway-1", "bearer sso-1")
    (gateway,) = server.asked(GATEWAY_TOKEN)
    assert gateway.form == {"grant_type": "client_credentials"}
    assert gateway.headers["Authorization"] == "Basic " + base64.b64encode(b"key:secret").decode()
    (sso,) = server.asked(SSO_TOKEN)
    assert sso.form == {
        "grant_type": "password",
        "client_id": "client",
        "username": "operator",
        "password": "password",
    }


def test_sixteen_workers_cause_one_request_for_each_token(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(GATEWAY_TOKEN, lambda _: Reply(200, token().body, hang=0.1))
    server.on(SSO_TOKEN, lambda _: Reply(200, token().body, hang=0.1))
    with SiasnClient(siasn_settings(server, concurrency=16), exchanges) as client:
        assert len(fetch(client, *people(64))) == 64
    assert (len(server.asked(GATEWAY_TOKEN)), len(server.asked(SSO_TOKEN))) == (1, 1)


def test_sixteen_workers_refused_at_once_renew_once(server: ScriptedServer, exchanges: Exchanges) -> None:
    together = threading.Barrier(16, timeout=5)
    issued = count(1)
    server.on(GATEWAY_TOKEN, lambda _: token(f"gateway-{next(issued)}"))

    def refuse_the_first_token(request: Request) -> Reply:
        if request.headers["Authorization"] != "Bearer gateway-1":
            return ONE
        together.wait()
        return as_json({"code": 900901, "message": "Invalid Credentials", "description": ""}, 401)

    server.on(PERSON, refuse_the_first_token)
    with SiasnClient(siasn_settings(server, concurrency=16), exchanges) as client:
        assert all(isinstance(page, Page) for page in fetch(client, *people(64)))
    assert (len(server.asked(GATEWAY_TOKEN)), len(server.asked(SSO_TOKEN))) == (2, 2)


@pytest.mark.parametrize("expires_in", [50, "50"])
def test_a_token_lives_as_long_as_its_server_says_less_a_margin(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, expires_in: Any
) -> None:
    server.on(GATEWAY_TOKEN, token(expires_in=expires_in))
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
        for seconds, requests in ((0, 1), (44, 1), (2, 2)):  # 46 s is inside the margin of a tenth
            clock.wait(seconds, threading.Event())
            fetch(client)
            assert len(server.asked(GATEWAY_TOKEN)) == requests
    assert len(server.asked(SSO_TOKEN)) == 1


def test_a_token_of_unknown_life_is_used_until_it_is_refused(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock
) -> None:
    server.on(GATEWAY_TOKEN, token(expires_in=None))
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
        fetch(client)
        clock.wait(590, threading.Event())
        fetch(client)
    assert len(server.asked(GATEWAY_TOKEN)) == 1


@pytest.mark.parametrize(
    "complaint",
    [
        as_json({"code": 900901, "message": "Invalid Credentials", "description": ""}, 401),
        as_json({"message": "invalid or expired jwt"}, 401),
        as_json({"code": 0, "data": "Token SSO mismatch"}, 404),
        as_json({"code": 900500, "message": "Runtime Error", "description": "unknown"}, 500),
        Reply(401, b'<am:fault xmlns:am="http://wso2.org"><am:code>900902</am:code></am:fault>'),
    ],
    ids=["invalid credentials", "expired jwt", "mismatch", "runtime error", "xml"],
)
def test_a_complaint_about_tokens_drops_both_and_retries_once(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, complaint: Reply
) -> None:
    settings = siasn_settings(server, concurrency=1)
    server.on(PERSON, [complaint, ONE])
    with SiasnClient(settings, exchanges, clock=clock) as client:
        assert isinstance(fetch(client)[0], Page)
    assert (len(server.asked(GATEWAY_TOKEN)), len(server.asked(SSO_TOKEN))) == (2, 2)
    assert clock.waits == []

    server.on(PERSON, complaint)
    with SiasnClient(settings, exchanges, clock=clock) as client, pytest.raises(AuthenticationError):
        fetch(client, *people(5))
    assert len(server.asked(PERSON)) == 2 + 2
    assert threads_of("bkn") == []


def test_refused_credentials_are_not_sent_again(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(SSO_TOKEN, as_json({"error": "invalid_grant"}, 401))
    with SiasnClient(siasn_settings(server, concurrency=16), exchanges) as client:
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="SSO token: HTTP 401"):
                fetch(client, *people(64))
    assert len(server.asked(SSO_TOKEN)) == 1


def test_a_token_endpoint_that_fails_for_a_while_is_asked_again(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock
) -> None:
    server.on(GATEWAY_TOKEN, [Reply(503), Reply(200, b"<html>"), Reply(reset=True), token("late")])
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
        assert isinstance(fetch(client)[0], Page)
    errors = [exchange.error for exchange in exchanges if exchange.endpoint == GATEWAY_TOKEN]
    assert errors == ["server_error", "html_body", "connection_reset", None]


def test_a_token_reply_of_another_shape(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(GATEWAY_TOKEN, as_json({"token": "x"}))
    with (
        SiasnClient(siasn_settings(server), exchanges) as client,
        pytest.raises(MalformedResponse, match="access_token"),
    ):
        fetch(client)


@pytest.mark.parametrize("given", ["setting", "jwt"])
def test_an_operator_token_past_its_life(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, given: str
) -> None:
    ended = clock.now() - timedelta(seconds=1)
    life = {"sso_token": "opaque", "sso_token_expires_at": ended} if given == "setting" else {"sso_token": jwt(ended)}
    with SiasnClient(siasn_settings(server, **NO_PASSWORD, **life), exchanges, clock=clock) as client:
        with pytest.raises(OperatorTokenExpired, match=r"an operator must sign in to SIASN.*PADAN_SIASN_SSO_TOKEN"):
            fetch(client, *people(5))
        server.on(GOLONGAN, as_json({"results": []}))
        assert len(list(client.pages("ref_golongan"))) == 1  # needs no SSO token
    assert server.asked(PERSON) == []
    assert threads_of("bkn") == []


def test_an_operator_token_is_used_unchanged_and_announced_before_it_dies(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    pasted = jwt(clock.now() + timedelta(hours=3))
    settings = siasn_settings(server, **NO_PASSWORD, sso_token=f" Bearer {pasted}\n")
    with SiasnClient(settings, exchanges, clock=clock) as client:
        fetch(client)
        assert caplog.messages == []
        clock.wait(3700, threading.Event())
        fetch(client)
        fetch(client)
        assert len(caplog.messages) == 1
        assert "has 118 minutes left" in caplog.messages[0]
        clock.wait(7200, threading.Event())
        with pytest.raises(OperatorTokenExpired):
            fetch(client)
    assert {call.headers["Auth"] for call in server.asked(PERSON)} == {f"bearer {pasted}"}
    assert server.asked(SSO_TOKEN) == []
    assert pasted not in caplog.text


def test_an_operator_token_that_siasn_refuses(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(PERSON, as_json({"message": "invalid or expired jwt"}, 401))
    settings = siasn_settings(server, **NO_PASSWORD, sso_token="opaque")
    with SiasnClient(settings, exchanges) as client, pytest.raises(OperatorTokenExpired, match="is refused by SIASN"):
        fetch(client)


def test_no_sso_token_at_all(server: ScriptedServer, exchanges: Exchanges) -> None:
    settings = siasn_settings(server, **NO_PASSWORD)
    with SiasnClient(settings, exchanges) as client, pytest.raises(ConfigurationError, match="PADAN_SIASN_SSO_TOKEN"):
        fetch(client)


# ---- waiting and retrying --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Reply(503), "server_error"),
        (as_json({"code": 101504, "message": "Runtime Error", "description": "timeout"}, 504), "gateway_fault"),
        (Reply(reset=True), "connection_reset"),
        (Reply(200, b'{"code":1,"data":{"id":"x"}}', cut=9), "connection_reset"),
        (Reply(200, b'{"code":1,"data":{"id'), "not_json"),
        (Reply(200, b"<html>maintenance</html>"), "html_body"),
        (Reply(200, b"<?xml version='1.0'?><x/>"), "xml_body"),
        (Reply(200, b""), "empty_body"),
        (Reply(200, gzip.compress(b"{}")[:-9] + b"garbage!!", {"Content-Encoding": "gzip"}), "not_decodable"),
        (Reply(200, b"no gzip", {"Content-Encoding": "gzip"}), "not_decodable"),
        (Reply(raw=b"HTTP/1.1 nonsense\r\n\r\n"), "connection_reset"),
    ],
)
def test_what_passes_is_retried_and_reported(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, bad: Reply, error: str
) -> None:
    server.on(PERSON, [bad, bad, ONE])
    with SiasnClient(siasn_settings(server, concurrency=1), exchanges, clock=clock) as client:
        assert isinstance(fetch(client)[0], Page)
    calls = [exchange for exchange in exchanges if exchange.dataset == "data_utama"]
    assert [(exchange.attempt, exchange.error) for exchange in calls] == [(1, error), (2, error), (3, None)]
    assert len(clock.waits) == 2
    assert 0.25 <= clock.waits[0] <= 0.5 <= clock.waits[1] <= 1.0
    assert len(server.asked(GATEWAY_TOKEN)) == 1


def test_a_gzip_body_is_read(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(PERSON, Reply(200, gzip.compress(ONE.body), {"Content-Encoding": "gzip"}))
    with SiasnClient(siasn_settings(server), exchanges) as client:
        assert isinstance(fetch(client)[0], Page)
    assert exchanges[-1].body_bytes == len(ONE.body)


@pytest.mark.parametrize(("options", "seconds"), [({}, 30.0), ({"suspended_wait": 7.0}, 7.0)])
def test_a_suspended_back_end_is_waited_for_with_the_tokens_kept(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, options: dict[str, float], seconds: float
) -> None:
    suspended = as_json({"code": "303001", "message": "Runtime Error", "description": "endpoint is [SUSPENDED]"}, 503)
    server.on(PERSON, [suspended, ONE])
    with SiasnClient(siasn_settings(server, concurrency=1), exchanges, clock=clock, **options) as client:
        assert isinstance(fetch(client)[0], Page)
    assert sum(clock.waits) == pytest.approx(seconds)
    assert (len(server.asked(GATEWAY_TOKEN)), len(server.asked(SSO_TOKEN))) == (1, 1)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (as_json({"message": "?"}, 429, Retry_After="17"), 17.0),
        (as_json({"message": "?"}, 429, Retry_After="Mon, 02 Mar 2026 08:00:20 GMT"), None),
        (as_json({"code": 900803, "message": "Message throttled out"}, 503, Retry_After="9"), 9.0),
        (as_json({"code": 900802, "message": "Message throttled out"}, 503), 5.0),
    ],
)
def test_throttling_is_obeyed(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, reply: Reply, seconds: float | None
) -> None:
    server.on(PERSON, [reply, ONE])
    with SiasnClient(siasn_settings(server, concurrency=1), exchanges, clock=clock) as client:
        assert isinstance(fetch(client)[0], Page)
    assert sum(clock.waits) == pytest.approx(20.0 if seconds is None else seconds, abs=0.01)
    assert exchanges[-2].error == "throttled"


def test_a_throttling_that_would_take_too_long_is_not_waited_for(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock
) -> None:
    server.on(PERSON, as_json({}, 429, Retry_After="86400"))
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client, pytest.raises(SourceUnavailable):
        fetch(client)
    assert clock.waits == []


def test_the_read_time_limit_holds(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(PERSON, Reply(200, ONE.body, hang=1.0))
    started = time.monotonic()
    settings = siasn_settings(server, read_timeout=0.2, retries=0)
    with SiasnClient(settings, exchanges) as client, pytest.raises(SourceUnavailable, match="time limit"):
        fetch(client)
    assert time.monotonic() - started < 0.9
    assert exchanges[-1].error == "read_timeout"


def test_load_balancer_cookies_are_kept_until_the_connection_breaks(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock
) -> None:
    with_cookie = Reply(200, ONE.body, {"Set-Cookie": "pdns=node7; Path=/"})
    server.on(PERSON, [with_cookie, ONE, Reply(reset=True), ONE])
    with SiasnClient(siasn_settings(server, concurrency=1), exchanges, clock=clock) as client:
        fetch(client, *people(3))
    assert [call.headers.get("Cookie") for call in server.asked(PERSON)] == [None, "pdns=node7", "pdns=node7", None]


@pytest.mark.parametrize("location", ["/elsewhere", "http://[no-address"])
def test_tokens_do_not_follow_a_redirect(server: ScriptedServer, exchanges: Exchanges, location: str) -> None:
    server.on(PERSON, Reply(302, b"", {"Location": location}))
    with SiasnClient(siasn_settings(server), exchanges) as client:
        (failed,) = fetch(client)
    assert isinstance(failed, FailedUnit)
    assert (failed.rule, failed.reason) == ("http_status", "data_utama: HTTP 302 without the agreed envelope")
    assert server.asked("/elsewhere") == []


# ---- one unit broken, or the source ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "rule", "attempts"),
    [
        (Reply(200, b'{"code":1,"da'), "not_json", 4),
        (Reply(200, b"<html></html>"), "html_body", 4),
        (as_json({"code": 1, "datas": {}}), "envelope", 1),
        (Reply(400, b"{}"), "http_status", 1),
        (Reply(500, b"{}"), "internal_error", 4),
        (Reply(502, b"{}"), "server_error", 4),
    ],
)
def test_a_unit_that_stays_broken_while_others_work(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock, bad: Reply, rule: str, attempts: int
) -> None:
    requests = people(200)
    broken = requests[3][1]
    server.on(f"{PERSON}data-utama/{broken}", replace(bad, hang=0.05))  # so that others get through meanwhile
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
        results = fetch(client, *requests)
    (failed,) = (result for result in results if isinstance(result, FailedUnit))
    assert (len(results), failed.dataset, failed.unit, failed.rule) == (200, "data_utama", broken, rule)
    assert broken not in failed.reason
    assert len(server.asked(f"{PERSON}data-utama/{broken}")) == attempts


def test_a_nip_that_is_none_is_not_asked_for(server: ScriptedServer, exchanges: Exchanges) -> None:
    odd = ["19900101201501100", "../../pns/photo/1", "19900101201501100x", ""]
    with SiasnClient(siasn_settings(server), exchanges) as client:
        results = fetch(client, *(("data_utama", nip) for nip in odd))
    failed = [(result.unit, result.rule) for result in results if isinstance(result, FailedUnit)]
    assert sorted(failed) == sorted((nip, "nip") for nip in odd)
    assert list(server.requests) == []


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (Reply(503), SourceUnavailable, "HTTP 503"),
        (Reply(500), SourceUnavailable, "10 requests in a row .* HTTP 500"),
        (Reply(reset=True), SourceUnavailable, "broke off"),
        (Reply(200, b"<html></html>"), SourceUnavailable, "10 requests in a row .* HTML page"),
        (as_json({"code": 1, "Data": {}}), MalformedResponse, "data_utama: .* no usable field data"),
        (as_json({"code": 900906, "message": "No matching resource"}, 404), MalformedResponse, "900906"),
        (as_json({"code": 900908, "message": "Resource forbidden"}, 403), AuthenticationError, "900908"),
    ],
)
def test_a_broken_source_stops_everything(
    server: ScriptedServer,
    exchanges: Exchanges,
    clock: SteppingClock,
    reply: Reply,
    error: type[Exception],
    message: str,
) -> None:
    server.on(PERSON, reply)
    with SiasnClient(siasn_settings(server, concurrency=16), exchanges, clock=clock) as client:
        results = client.fetch_people(people(5000))
        with pytest.raises(error, match=message):
            list(results)
    assert threads_of("bkn") == []
    assert len(exchanges) == len(server.requests) < 250


def test_the_last_unit_may_fail_alone(server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock) -> None:
    """Else a run that is taken up again with one broken person left could never end."""
    for reply, rule in ((Reply(500), "internal_error"), (Reply(200, b"<html>"), "html_body")):
        server.on(PERSON, reply)
        with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
            assert [failed.rule for failed in fetch(client) if isinstance(failed, FailedUnit)] == [rule]


def test_nobody_listens(exchanges: Exchanges, clock: SteppingClock) -> None:
    with siasn_server() as server:
        settings = siasn_settings(server)
    with (
        SiasnClient(settings, exchanges, clock=clock) as client,
        pytest.raises(SourceUnavailable, match="gateway token"),
    ):
        fetch(client, *people(9))
    assert {exchange.error for exchange in exchanges} == {"connect_error"}
    assert threads_of("bkn") == []


def test_a_source_that_dies_half_way(server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock) -> None:
    answered = count(1)
    server.on(PERSON, lambda _: ONE if next(answered) <= 100 else Reply(reset=True))
    pages = []
    with SiasnClient(siasn_settings(server), exchanges, clock=clock) as client:
        results = client.fetch_people(people(5000))
        with pytest.raises(SourceUnavailable):
            pages.extend(results)
    assert threads_of("bkn") == []


# ---- the crew --------------------------------------------------------------------------------------------------


def test_every_request_is_reported_once_in_the_thread_that_iterates(
    server: ScriptedServer, exchanges: Exchanges, clock: SteppingClock
) -> None:
    server.on(f"{PERSON}rw-jabatan", [Reply(503), Reply(reset=True), Reply(200, b"<html>"), NOTHING_THERE])
    with SiasnClient(siasn_settings(server, concurrency=8), exchanges, clock=clock) as client:
        fetch(client, *people(100), *people(100, "rw_jabatan"))
    assert len(exchanges) == len(server.requests) == 200 + 3 + 2
    assert exchanges.threads == {threading.current_thread().name}
    assert {exchange.endpoint for exchange in exchanges} == {
        "/oauth2/token",
        "/auth/realms/public-siasn/protocol/openid-connect/token",
        f"{PERSON}data-utama/{{nip}}",
        f"{PERSON}rw-jabatan/{{nip}}",
    }
    assert {exchange.party for exchange in exchanges} == {"bkn"}
    good = [exchange for exchange in exchanges if exchange.dataset == "data_utama"]
    assert {(exchange.status, exchange.error, exchange.body_bytes) for exchange in good} == {(200, None, len(ONE.body))}


def test_results_left_untaken_leave_no_thread_and_no_request_unreported(
    server: ScriptedServer, exchanges: Exchanges
) -> None:
    taken = 0

    def endless() -> Iterator[tuple[str, str]]:
        nonlocal taken
        for serial in count():
            taken += 1
            yield "data_utama", str(int(NIP) + serial)

    with SiasnClient(siasn_settings(server, requests_per_second=10000), exchanges) as client:
        results = client.fetch_people(endless())
        next(results)
        next(results)
        results.close()  # type: ignore[attr-defined]
    assert threads_of("bkn") == []
    assert len(exchanges) == len(server.requests)
    assert taken <= 2 * 4 + 1000 + 2


def test_an_error_of_the_caller_stops_the_crew(server: ScriptedServer, exchanges: Exchanges) -> None:
    def broken_roster() -> Iterator[tuple[str, str]]:
        yield from people(5)
        raise RuntimeError("roster")

    def full_log(_: object) -> None:
        raise RuntimeError("log")

    with SiasnClient(siasn_settings(server), exchanges) as client, pytest.raises(RuntimeError, match="roster"):
        list(client.fetch_people(broken_roster()))
    with SiasnClient(siasn_settings(server), full_log) as client, pytest.raises(RuntimeError, match="log"):
        list(client.fetch_people(people(50)))
    assert threads_of("bkn") == []


def test_workers_that_wait_are_woken_to_stop(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(PERSON, as_json({}, 429, Retry_After="60"))
    server.on(f"{PERSON}data-utama/{NIP}", Reply(403))
    started = time.monotonic()
    waiting = [("data_utama", str(int(NIP) + serial)) for serial in range(1, 4)]
    server.on(f"{PERSON}data-utama/{NIP}", Reply(403, hang=0.3))
    with SiasnClient(siasn_settings(server), exchanges) as client, pytest.raises(AuthenticationError):
        fetch(client, ("data_utama", NIP), *waiting)
    assert time.monotonic() - started < 3
    assert threads_of("bkn") == []


def test_an_unknown_dataset_is_refused(server: ScriptedServer, exchanges: Exchanges) -> None:
    with SiasnClient(siasn_settings(server), exchanges) as client:
        for dataset in ("rw_hukdis", "ref_unor"):
            with pytest.raises(ConfigurationError, match=dataset):
                fetch(client, (dataset, NIP))
        for dataset in ("rw_hukdis", "data_utama"):
            with pytest.raises(ConfigurationError, match=dataset):
                list(client.pages(dataset))
        assert client.describe("data_utama") == "/apisiasn/1.0/pns/data-utama/{nip}"
    assert list(server.requests) == []


def test_a_client_serves_several_threads(server: ScriptedServer, exchanges: Exchanges) -> None:
    found: list[int] = []
    with SiasnClient(siasn_settings(server), exchanges) as client:
        threads = [threading.Thread(target=lambda: found.append(len(fetch(client, *people(50))))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [50] * 4
    assert len(server.asked(GATEWAY_TOKEN)) == 1


# ---- lists -----------------------------------------------------------------------------------------------------


def unor_page(rows: list[str], total: int) -> Reply:
    return as_json({"code": 1, "data": [{"Id": identifier} for identifier in rows], "count": total})


def test_ref_unor_by_offset_until_its_count(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(UNOR, [unor_page(["a", "b"], 5), unor_page(["c", "d"], 5), unor_page(["e"], 5)])
    with SiasnClient(siasn_settings(server), exchanges, page_size=2) as client:
        pages = list(client.pages("ref_unor"))
    assert [(page.unit, len(page.rows), page.total, page.last) for page in pages] == [
        ("0", 2, 5, False),
        ("2", 2, 5, False),
        ("4", 1, 5, True),
    ]
    assert [call.query for call in server.asked(UNOR)] == [
        {"limit": "2", "offset": str(offset)} for offset in (0, 2, 4)
    ]
    assert server.asked(UNOR)[0].headers["Auth"] == "bearer sso-1"
    assert {exchange.endpoint for exchange in exchanges} >= {UNOR}


def test_a_source_that_caps_its_pages_is_read_to_its_count(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(UNOR, [unor_page(["a", "b"], 3), unor_page(["c"], 3)])
    with SiasnClient(siasn_settings(server), exchanges) as client:
        assert [page.unit for page in client.pages("ref_unor")] == ["0", "2"]


def test_a_list_is_taken_up_where_it_was_left(server: ScriptedServer, exchanges: Exchanges) -> None:
    server.on(UNOR, [unor_page(["c", "d"], 5), unor_page(["e"], 5)])
    with SiasnClient(siasn_settings(server), exchanges, page_size=2) as client:
        assert [(page.unit, page.last) for page in client.pages("ref_unor", start=2)] == [("2", False), ("4", True)]
        server.on(UNOR, unor_page([], 5))
        assert [(page.rows, page.last) for page in client.pages("ref_unor", start=5)] == [([], True)]


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([unor_page(["a", "b"], 4), unor_page(["a", "b"], 4)], "ref_unor page 2: the same rows as page 0"),
        ([unor_page(["a", "b"], 4), unor_page(["c", "d"], 5)], "ref_unor page 2: count was 4 and is 5 now"),
        ([unor_page(["a", "b"], 4), unor_page([], 4)], "ref_unor page 2: count says 4 rows, 2 came"),
        ([unor_page(["a", "b"], 1)], "ref_unor page 0: count says 1 rows, 2 came"),
        ([unor_page(["a", "b"], 5), unor_page(["c", "d", "e"], 5)], "ref_unor page 2: 3 rows where at most 2"),
    ],
)
def test_a_list_that_does_not_add_up(
    server: ScriptedServer, exchanges: Exchanges, replies: list[Reply], message: str
) -> None:
    server.on(UNOR, replies)
    client = SiasnClient(siasn_settings(server), exchanges, page_size=2)
    with client, pytest.raises(ContractViolation, match=message):
        list(client.pages("ref_unor"))


@pytest.mark.parametrize("bare", [True, False])
def test_the_reference_product_needs_no_sso_and_ends_with_a_short_page(
    server: ScriptedServer, exchanges: Exchanges, bare: bool
) -> None:
    def some(*ids: str) -> Reply:
        rows = [{"id": identifier} for identifier in ids]
        return as_json(rows if bare else {"results": rows})

    with SiasnClient(siasn_settings(server), exchanges, page_size=2) as client:
        server.on(GOLONGAN, [some("11", "12"), some("13")])
        assert [(page.unit, page.last, page.total) for page in client.pages("ref_golongan")] == [
            ("0", False, None),
            ("2", True, None),
        ]
        server.on(GOLONGAN, [some("11", "12"), some()])
        assert [(len(page.rows), page.last) for page in client.pages("ref_golongan")] == [(2, False), (0, True)]
        server.on(GOLONGAN, [some("11", "12")])
        with pytest.raises(ContractViolation, match="ref_golongan page 2: the same rows as page 0"):
            list(client.pages("ref_golongan"))
        server.on(GOLONGAN, [some("11", "12", "13")])  # knows nothing of limit: everything in one go
        assert [page.last for page in client.pages("ref_golongan")] == [True]
    assert server.asked(SSO_TOKEN) == []
    assert "Auth" not in server.asked(GOLONGAN)[0].headers


@pytest.mark.parametrize(
    ("dataset", "path", "reply", "error", "message"),
    [
        ("ref_unor", UNOR, as_json({"code": 1, "rows": []}), MalformedResponse, "ref_unor .* field data"),
        ("ref_golongan", GOLONGAN, as_json({"result": []}), MalformedResponse, "ref_golongan .* field results"),
        ("ref_golongan", GOLONGAN, Reply(200, b"<html>"), MalformedResponse, "ref_golongan .* HTML page"),
        ("ref_golongan", GOLONGAN, Reply(200, b'{"results":['), MalformedResponse, "ref_golongan .* truncated"),
        ("ref_golongan", GOLONGAN, Reply(503), SourceUnavailable, "ref_golongan .* HTTP 503"),
        ("ref_golongan", GOLONGAN, Reply(401), AuthenticationError, "ref_golongan .* HTTP 401"),
    ],
)
def test_a_list_that_cannot_be_read(
    server: ScriptedServer,
    exchanges: Exchanges,
    clock: SteppingClock,
    dataset: str,
    path: str,
    reply: Reply,
    error: type[Exception],
    message: str,
) -> None:
    server.on(path, reply)
    client = SiasnClient(siasn_settings(server), exchanges, clock=clock)
    with client, pytest.raises(error, match=message):
        list(client.pages(dataset))


def test_moments_are_utc(server: ScriptedServer, exchanges: Exchanges) -> None:
    with SiasnClient(siasn_settings(server), exchanges) as client:
        (page,) = fetch(client)
    assert isinstance(page, Page)
    assert page.fetched_at.tzinfo is UTC
    assert exchanges[-1].started_at <= page.fetched_at
