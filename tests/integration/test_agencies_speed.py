"""The rate is reached and not exceeded, and without a limit the client is not what slows a run down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from padan.agencies import Page, SiasnClient
from tests.integration.agencies_server import (
    PERSON,
    Exchanges,
    ScriptedServer,
    as_json,
    siasn_server,
    siasn_settings,
    threads_of,
)

NIP = 199001012015011001
RECORD = {f"field{number}": f"value {number}" for number in range(110)}  # as wide as data-utama


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with siasn_server() as server:
        server.on(PERSON, as_json({"code": 1, "data": RECORD}))
        yield server


def people(number: int) -> Iterator[tuple[str, str]]:
    return (("data_utama", str(NIP + serial)) for serial in range(number))


def test_fifty_requests_a_second_are_reached_and_not_exceeded(server: ScriptedServer) -> None:
    with SiasnClient(siasn_settings(server, requests_per_second=50, concurrency=8), Exchanges()) as client:
        assert len(list(client.fetch_people(people(110)))) == 110
    moments = sorted(request.at for request in server.asked(PERSON))
    reached = (len(moments) - 1) / (moments[-1] - moments[0])
    most = max(sum(start <= moment < start + 1 for moment in moments) for start in moments)
    print(f"\n{reached:.1f} requests/s of 50 allowed, at most {most} within one second")
    assert reached >= 0.95 * 50
    assert most <= 50 + 5


def test_a_consumer_that_stores_a_batch_now_and_then_does_not_cost_rate(server: ScriptedServer) -> None:
    with SiasnClient(siasn_settings(server, requests_per_second=100, concurrency=8), Exchanges()) as client:
        for number, _ in enumerate(client.fetch_people(people(120))):
            if number % 40 == 39:
                time.sleep(0.3)
    moments = sorted(request.at for request in server.asked(PERSON))
    assert (len(moments) - 1) / (moments[-1] - moments[0]) >= 95


def test_five_hundred_a_second_without_a_limit(server: ScriptedServer) -> None:
    exchanges = Exchanges()
    best = 0.0
    for _ in range(3):  # other tests may share the machine
        with SiasnClient(siasn_settings(server, concurrency=4), exchanges) as client:
            started = time.perf_counter()
            pages = list(client.fetch_people(people(600)))
            best = max(best, 600 / (time.perf_counter() - started))
        assert all(isinstance(page, Page) and page.rows == [RECORD] for page in pages)
        if best >= 500:
            break
    print(f"\n{best:.0f} requests/s, {best * len(json.dumps(RECORD)) / 1e6:.1f} MB/s, server in the same process")
    assert best >= 500
    assert threads_of("bkn") == []
    assert threading.active_count() < 20
