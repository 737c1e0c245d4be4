"""Both clients against the sandbox's services, over TLS: every row that is served, and each fault survived or named."""

from __future__ import annotations

import csv
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from padan.agencies import Clock, Exchange, FailedUnit, JfClient, Page, SiasnClient
from padan.errors import AuthenticationError, ContractViolation, OperatorTokenExpired, SourceUnavailable
from padan.settings import JfSettings, SiasnSettings
from sandbox import jf_service, siasn
from sandbox.certificates import ensure_certificates
from sandbox.world import build
from tests.integration.agencies_server import Exchanges, SteppingClock

PERSON_DATASETS = ("data_utama", "rw_jabatan", "rw_golongan", "rw_angkakredit", "rw_pendidikan")
LISTS = (
    "ref_unor",
    "ref_golongan",
    "ref_jabatan_fungsional",
    "ref_kel_jabatan",
    "ref_instansi",
    "ref_satuan_kerja",
    "ref_kedudukan_hukum",
    "ref_tingkat_pendidikan",
    "ref_pendidikan",
    "ref_jenis_jabatan",
)
JF_DATASETS = ("holders", "position_history", "credits", "competence_tests", "formations", "reference_codes")
SECRETS = {
    "PADAN_SANDBOX_SIASN_CONSUMER_KEY": "key",
    "PADAN_SANDBOX_SIASN_CONSUMER_SECRET": "consumer:secret",
    "PADAN_SANDBOX_SIASN_SSO_CLIENT_ID": "client",
    "PADAN_SANDBOX_SIASN_SSO_USERNAME": "operator",
    "PADAN_SANDBOX_SIASN_SSO_PASSWORD": "sandi & kata",
    "PADAN_SANDBOX_JF_CLIENT_ID": "padan",
    "PADAN_SANDBOX_JF_CLIENT_SECRET": "rahasia%20",
}


class Service:
    """A running sandbox service."""

    def __init__(self, url: str, bundle: Path) -> None:
        self.url = url
        self.bundle = bundle

    def fault(self, kind: str, path: str = "", times: int | None = 1, **options: Any) -> None:
        fault = {"kind": kind, "path": path, "times": times, "options": options}
        requests.post(f"{self.url}/_sandbox/faults", json=fault, verify=self.bundle, timeout=5).raise_for_status()

    def calm(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", verify=self.bundle, timeout=5).raise_for_status()

    def counted(self) -> dict[str, int]:
        found: dict[str, int] = requests.get(f"{self.url}/_sandbox/requests", verify=self.bundle, timeout=5).json()
        return found


@contextmanager
def serving(create_app: Callable[[], Any], folder: Path) -> Iterator[Service]:
    bundle, certificate, key = ensure_certificates(folder / "certificates")
    config = uvicorn.Config(
        create_app(), port=0, log_level="error", access_log=False, ssl_certfile=certificate, ssl_keyfile=key
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Service(f"https://127.0.0.1:{port}", bundle)
    finally:
        server.should_exit = True
        thread.join(5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world")
    build(folder, 130, 7, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADAN_SANDBOX_WORLD", str(folder))
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def bkn(world: Path) -> Iterator[Service]:
    with serving(siasn.create_app, world) as service:
        yield service


@pytest.fixture(scope="module")
def bps(world: Path) -> Iterator[Service]:
    with serving(jf_service.create_app, world) as service:
        yield service


@pytest.fixture(autouse=True)
def _calm(bkn: Service, bps: Service) -> None:
    bkn.calm()
    bps.calm()


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges()


def siasn_client(
    service: Service, on_exchange: Callable[[Exchange], None], clock: Clock | None = None, **changes: Any
) -> SiasnClient:
    values: dict[str, Any] = {
        "base_url": service.url,
        "token_url": f"{service.url}/oauth2/token",
        "sso_token_url": f"{service.url}/auth/realms/public-siasn/protocol/openid-connect/token",
        "consumer_key": SECRETS["PADAN_SANDBOX_SIASN_CONSUMER_KEY"],
        "consumer_secret": SECRETS["PADAN_SANDBOX_SIASN_CONSUMER_SECRET"],
        "sso_client_id": SECRETS["PADAN_SANDBOX_SIASN_SSO_CLIENT_ID"],
        "sso_username": SECRETS["PADAN_SANDBOX_SIASN_SSO_USERNAME"],
        "sso_password": SECRETS["PADAN_SANDBOX_SIASN_SSO_PASSWORD"],
        "requests_per_second": float("inf"),
        "retries": 3,
        "ca_bundle": service.bundle,
    }
    settings = SiasnSettings(**(values | changes))
    return SiasnClient(settings, on_exchange, clock=clock or SteppingClock(), page_size=100)


def jf_client(service: Service, on_exchange: Callable[[Exchange], None]) -> JfClient:
    values: dict[str, Any] = {
        "base_url": service.url,
        "token_url": f"{service.url}/oauth2/token",
        "client_id": SECRETS["PADAN_SANDBOX_JF_CLIENT_ID"],
        "client_secret": SECRETS["PADAN_SANDBOX_JF_CLIENT_SECRET"],
        "page_size": 50,
        "requests_per_second": float("inf"),
        "retries": 5,
        "ca_bundle": service.bundle,
    }
    return JfClient(JfSettings(**values), on_exchange, clock=SteppingClock())


def stored(world: Path, statement: str) -> dict[str, int]:
    with sqlite3.connect(world / "world.sqlite") as connection:
        return dict(connection.execute(statement).fetchall())


@pytest.fixture(scope="module")
def nips(world: Path) -> list[str]:
    (export,) = (world / "portal_export").glob("*.csv")
    with export.open(encoding="utf-8") as lines:
        nips = [row["nip_baru"] for row in csv.DictReader(lines)]
    return [*(nip for nip in nips if len(nip) == 18), "199912312024019999"]  # the last one nobody knows


def test_everything_that_siasn_holds(world: Path, bkn: Service, nips: list[str], exchanges: Exchanges) -> None:
    found: Counter[str] = Counter()
    with siasn_client(bkn, exchanges) as client:
        results = list(client.fetch_people((dataset, nip) for nip in nips for dataset in PERSON_DATASETS))
        for dataset in LISTS:
            pages = list(client.pages(dataset))
            assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
            found[dataset] += sum(len(page.rows) for page in pages)
    assert not any(isinstance(result, FailedUnit) for result in results)
    assert len(results) == 5 * len(nips)
    asked = set(nips)
    with sqlite3.connect(world / "world.sqlite") as connection:
        for nip, dataset, body in connection.execute("select nip, dataset, body from siasn_person"):
            data = json.loads(body)["data"]
            found[dataset] -= (len(data) if isinstance(data, list) else 1) if nip in asked else 0
    for result in results:
        if isinstance(result, Page):
            found[result.dataset] += len(result.rows)
    lists = stored(world, "select name, count(*) from siasn_list group by name")
    expected = {
        dataset: lists["ref-unor" if dataset == "ref_unor" else dataset[4:].replace("_", "-")] for dataset in LISTS
    }
    assert {name: number for name, number in found.items() if number} == expected
    assert {exchange.error for exchange in exchanges} == {None}
    assert sum(bkn.counted().values()) == len(exchanges)


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("expired_token", {"which": "apim"}, "gateway_token"),
        ("expired_token", {"which": "sso"}, "sso_token"),
        ("sso_mismatch", {}, "token_mismatch"),
        ("too_many_requests", {"retry_after": 0}, "throttled"),
        ("throttled", {"retry_after": 0}, "throttled"),
        ("suspended", {}, "suspended"),
        ("runtime_error", {}, "gateway_fault"),  # its code 101503 says more than its text
        ("unavailable", {}, "server_error"),
        ("connection_reset", {}, "connection_reset"),
        ("html", {}, "html_body"),
        ("xml_fault", {}, "gateway_fault"),
        ("truncated_json", {}, "not_json"),
    ],
)
def test_a_fault_that_passes_is_survived(
    bkn: Service, nips: list[str], exchanges: Exchanges, kind: str, options: dict[str, Any], error: str
) -> None:
    with siasn_client(bkn, exchanges, concurrency=1) as client:
        bkn.fault(kind, "data-utama", **options)
        results = list(client.fetch_people(("data_utama", nip) for nip in nips[:3]))
    assert all(isinstance(result, Page) for result in results)
    assert [exchange.error for exchange in exchanges if exchange.error] == [error]


def test_everything_that_the_jf_service_holds(world: Path, bps: Service, exchanges: Exchanges) -> None:
    for kind in ("expired_token", "unavailable", "connection_reset", "html", "truncated_json"):
        bps.fault(kind, "/v1/credits")
    truth = json.loads((world / "truth.json").read_text())["landing"]["bps"]
    with jf_client(bps, exchanges) as client:
        for dataset in JF_DATASETS:
            rows = sum(len(page.rows) for page in client.pages(dataset))
            assert rows == client.total(dataset) == truth[dataset]["extracted"] + truth[dataset]["out_of_scope"]
        latest = max(row["updated_at"] for page in client.pages("holders") for row in page.rows)
        since = sum(len(page.rows) for page in client.pages("holders", updated_since=latest))
        assert 0 < since < client.total("holders")
        assert [page.rows for page in client.pages("holders", updated_since="2099-01-01T00:00:00Z")] == [[]]
    errors = Counter(exchange.error for exchange in exchanges if exchange.error)
    assert errors == dict.fromkeys(("unauthorised", "server_error", "connection_reset", "html_body", "not_json"), 1)


def test_a_suspended_or_silent_siasn_stops_the_run(bkn: Service, nips: list[str], exchanges: Exchanges) -> None:
    for kind in ("suspended", "unavailable", "connection_reset"):
        bkn.fault(kind, "/pns/", None)
        with siasn_client(bkn, exchanges, retries=1) as client, pytest.raises(SourceUnavailable):
            list(client.fetch_people(("rw_jabatan", nip) for nip in nips))
        bkn.calm()


def test_a_refused_login_and_a_dead_operator_token(bkn: Service, nips: list[str], exchanges: Exchanges) -> None:
    with siasn_client(bkn, exchanges, sso_password="wrong") as client, pytest.raises(AuthenticationError):
        list(client.fetch_people([("data_utama", nips[0])]))
    operators = {"sso_username": "", "sso_token": "pasted"}
    with siasn_client(bkn, exchanges, **operators) as client, pytest.raises(OperatorTokenExpired):
        list(client.fetch_people([("data_utama", nips[0])]))


def test_a_repeated_page(bkn: Service, bps: Service, exchanges: Exchanges) -> None:
    bkn.fault("repeated_page", "ref-unor")
    with siasn_client(bkn, exchanges) as client, pytest.raises(ContractViolation, match="ref_unor page 100"):
        list(client.pages("ref_unor"))
    bps.fault("repeated_page", "holders")
    with jf_client(bps, exchanges) as client, pytest.raises(ContractViolation, match="holders page 2"):
        list(client.pages("holders"))


def test_an_empty_list(bkn: Service, bps: Service, exchanges: Exchanges) -> None:
    for path in ("ref-unor", "golongan"):
        bkn.fault("empty_list", path, None)
    bps.fault("empty_list", "holders", None)
    with siasn_client(bkn, exchanges) as client:
        assert [page.rows for page in client.pages("ref_unor")] == [[]]
        assert [page.rows for page in client.pages("ref_golongan")] == [[]]
    with jf_client(bps, exchanges) as client:
        assert [page.rows for page in client.pages("holders")] == [[]]
        assert client.total("holders") == 0


def test_short_lived_tokens_are_renewed_before_they_die(bkn: Service, nips: list[str], exchanges: Exchanges) -> None:
    bkn.fault("short_token", "/oauth2/token", 1, expires_in=1)
    with siasn_client(bkn, exchanges, Clock(), requests_per_second=80, concurrency=8) as client:
        list(client.fetch_people(("data_utama", nip) for nip in nips[:100]))
    assert {exchange.error for exchange in exchanges} == {None}
    assert bkn.counted()["/oauth2/token"] == 2
