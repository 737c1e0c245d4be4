"""Both sandbox services over real sockets: SIASN's shapes and refusals, the JF service's contract, every fault."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import uvicorn
import yaml
from openapi_spec_validator import validate

from padan.agreement import load_agreement
from sandbox import jf_service, siasn
from sandbox.faults import KINDS
from sandbox.world import build

PROJECT_DIR = Path(__file__).resolve().parents[2]
CONTRACT = PROJECT_DIR / "contracts" / "bps_jf_service.openapi.yaml"
PEOPLE, SEED = 200, 7
CREDENTIALS = {
    "SIASN_CONSUMER_KEY": "key",
    "SIASN_CONSUMER_SECRET": "secret",  # pragma: allowlist secret
    "SIASN_SSO_CLIENT_ID": "client",
    "SIASN_SSO_USERNAME": "operator",
    "SIASN_SSO_PASSWORD": "password",  # pragma: allowlist secret
    "JF_CLIENT_ID": "padan",
    "JF_CLIENT_SECRET": "jf",  # pragma: allowlist secret
}
SSO_PATH = "/auth/realms/public-siasn/protocol/openid-connect/token"
DATASETS = {
    "holders": "Holder", "position-history": "PositionHistory", "credits": "Credit",
    "competence-tests": "CompetenceTest", "formations": "Formation", "reference-codes": "ReferenceCode",
}  # fmt: skip
Json = dict[str, Any]


class Service:
    """A running service, and a client of it that has its tokens."""

    def __init__(self, application: Any) -> None:
        self._server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", access_log=False))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < end, "the service does not start"
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self.headers: dict[str, str] = {}

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: object) -> requests.Response:
        used = self.headers if headers is None else headers
        return requests.get(self.url + path, params=query, headers=used, timeout=20)  # type: ignore[arg-type]

    def post(self, path: str, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
        return requests.post(self.url + path, data=form, auth=auth, timeout=20)

    def fault(self, kind: str, path: str = "", times: int | None = 1, **options: Any) -> None:
        document = {"kind": kind, "path": path, "times": times, "options": options}
        requests.post(f"{self.url}/_sandbox/faults", json=document, timeout=20).raise_for_status()

    def calm(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=20).raise_for_status()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("world")
    build(directory, PEOPLE, SEED, 1)
    return directory


def running(create: Callable[[], Any], directory: Path) -> Service:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADAN_SANDBOX_WORLD", str(directory))
        for name, value in CREDENTIALS.items():
            patch.setenv(f"PADAN_SANDBOX_{name}", value)
        return Service(create())


@pytest.fixture(scope="module")
def siasn_running(world: Path) -> Iterator[Service]:
    service = running(siasn.create_app, world)
    log_in_to_siasn(service)
    yield service
    service.close()


@pytest.fixture(scope="module")
def jf_running(world: Path) -> Iterator[Service]:
    service = running(jf_service.create_app, world)
    log_in_to_jf(service)
    yield service
    service.close()


@pytest.fixture
def bkn(siasn_running: Service) -> Iterator[Service]:
    yield siasn_running
    siasn_running.calm()


@pytest.fixture
def bps(jf_running: Service) -> Iterator[Service]:
    yield jf_running
    jf_running.calm()


def apim_token(service: Service) -> str:
    reply = service.post("/oauth2/token", auth=("key", "secret"), grant_type="client_credentials").json()
    assert reply["token_type"] == "Bearer"
    assert 0 < reply["expires_in"] <= 3600
    return str(reply["access_token"])


def sso_token(service: Service) -> str:
    given = {name: CREDENTIALS[f"SIASN_SSO_{name.upper()}"] for name in ("client_id", "username", "password")}
    return str(service.post(SSO_PATH, grant_type="password", **given).json()["access_token"])


def log_in_to_siasn(service: Service) -> None:
    service.headers = {"Authorization": f"Bearer {apim_token(service)}", "Auth": f"bearer {sso_token(service)}"}


def log_in_to_jf(service: Service) -> None:
    reply = service.post("/oauth2/token", auth=("padan", "jf"), grant_type="client_credentials").json()
    service.headers = {"Authorization": f"Bearer {reply['access_token']}"}


@pytest.fixture(scope="module")
def nip(world: Path) -> str:
    """Someone with all histories."""
    query = "select nip from siasn_person group by nip having count(*) = 5 order by nip limit 1"
    return str(sqlite3.connect(world / "world.sqlite").execute(query).fetchone()[0])


def test_a_person_is_served_in_the_five_shapes(bkn: Service, nip: str) -> None:
    one = bkn.get(f"/apisiasn/1.0/pns/data-utama/{nip}").json()
    assert one["code"] == 1
    assert one["data"]["nipBaru"] == nip
    assert len(one["data"]) >= 110
    keys = {"rw-jabatan": "idPns", "rw-golongan": "idPns", "rw-angkakredit": "pns", "rw-pendidikan": "idPns"}
    for endpoint, person_key in keys.items():
        answer = bkn.get(f"/apisiasn/1.0/pns/{endpoint}/{nip}")
        document = answer.json()
        assert answer.status_code == 200
        assert document["count"] == len(document["data"]) > 0
        assert {row[person_key] for row in document["data"]} == {one["data"]["id"]}


@pytest.mark.parametrize("path", ["data-utama/199901012024011999", "rw-angkakredit/199901012024011999", "rw-skp22/x"])
def test_nothing_there_is_a_404_with_code_0(bkn: Service, path: str) -> None:
    answer = bkn.get(f"/apisiasn/1.0/pns/{path}")
    assert (answer.status_code, answer.json()) == (404, {"code": 0, "data": "Data tidak ditemukan"})


def test_an_unknown_resource_is_not_taken_for_an_empty_one(bkn: Service) -> None:
    for path in ("/apisiasn/1.0/pns/tidak-ada/1", "/referensi_siasn/1/tidak-ada/search", "/elsewhere"):
        answer = bkn.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "900906"


def test_refusals_have_the_texts_that_clients_match(bkn: Service, nip: str) -> None:
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    nothing = bkn.get(path, headers={})
    assert (nothing.status_code, nothing.json()["code"]) == (401, "900902")
    unknown = bkn.get(path, headers={**bkn.headers, "Authorization": "Bearer x"})
    assert unknown.status_code == 401
    assert (unknown.json()["code"], unknown.json()["message"]) == ("900901", "Invalid Credentials")
    only_apim = {"Authorization": bkn.headers["Authorization"]}
    forged = bkn.headers["Auth"][:-3] + "xyz"
    for headers in (only_apim, {**only_apim, "Auth": "bearer x"}, {**only_apim, "Auth": forged}):
        answer = bkn.get(path, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, "invalid or expired jwt")


def test_token_endpoints_refuse_wrong_credentials(bkn: Service) -> None:
    assert bkn.post("/oauth2/token", auth=("key", "x"), grant_type="client_credentials").status_code == 401
    assert bkn.post("/oauth2/token", auth=("key", "secret"), grant_type="password").status_code == 400
    wrong = bkn.post(SSO_PATH, grant_type="password", client_id="client", username="operator", password="x")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_grant")
    other = bkn.post(SSO_PATH, grant_type="password", client_id="x", username="operator", password="password")
    assert (other.status_code, other.json()["error"]) == (401, "invalid_client")


def test_an_sso_token_outlives_a_restart_and_an_apim_token_does_not(bkn: Service, world: Path, nip: str) -> None:
    again = running(siasn.create_app, world)
    try:
        path = f"/apisiasn/1.0/pns/data-utama/{nip}"
        assert again.get(path, headers=bkn.headers).json()["code"] == "900901"
        renewed = {**bkn.headers, "Authorization": f"Bearer {apim_token(again)}"}
        assert again.get(path, headers=renewed).status_code == 200
    finally:
        again.close()


def test_a_cookie_is_set_once(bkn: Service, nip: str) -> None:
    session = requests.Session()
    session.headers.update(bkn.headers)
    path = f"{bkn.url}/apisiasn/1.0/pns/data-utama/{nip}"
    first = session.get(path, timeout=20)
    assert "pdns" in first.cookies
    assert (
        "set-cookie"
        not in requests.get(
            path, headers={**bkn.headers, "Cookie": f"pdns={first.cookies['pdns']}"}, timeout=20
        ).headers
    )


def test_writing_and_recomputing_are_refused(bkn: Service) -> None:
    answer = requests.post(f"{bkn.url}/apisiasn/1.0/jabatan/save", json={}, headers=bkn.headers, timeout=20)
    assert (answer.status_code, answer.json()["success"]) == (403, False)
    answer = bkn.get("/apisiasn/1.0/pns/data-utama-jabatansync", pns_orang_id="x")
    assert (answer.status_code, answer.json()["Error"]) == (403, "true")


def test_units_are_paged_and_end_with_an_empty_answer(bkn: Service) -> None:
    path, rows = "/apisiasn/1.0/referensi/ref-unor", []
    total = bkn.get(path, limit=1).json()["count"]
    for offset in range(0, total, 500):
        rows += bkn.get(path, limit=500, offset=offset).json()["data"]
    assert len({row["Id"] for row in rows}) == len(rows) == total
    assert bkn.get(path, limit=10, offset=total).status_code == 404
    assert len(bkn.get(path).json()["data"]) == total


def test_the_reference_product_needs_no_sso_token_and_answers_in_two_shapes(bkn: Service) -> None:
    plain = {"Authorization": bkn.headers["Authorization"]}
    searched = bkn.get("/referensi_siasn/1/golongan/search", headers=plain, limit=5, offset=30).json()
    assert [row["id"] for row in searched["results"]] == ["64", "65", "66", "67"]
    assert bkn.get("/referensi_siasn/1/golongan/search", headers=plain, limit=5, offset=99).json() == {"results": []}
    assert [row["id"] for row in bkn.get("/referensi_siasn/1/jenis-jabatan", headers=plain).json()] == list("1234")


def test_a_new_world_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    build(tmp_path, PEOPLE, SEED, 1)
    service = running(jf_service.create_app, tmp_path)
    try:
        log_in_to_jf(service)
        before = service.get("/v1/holders", updated_since="2026-01-06T00:00:00Z").json()
        assert before["data-availability"] == "list-not-available"
        build(tmp_path, PEOPLE, SEED, 2)
        time.sleep(0.6)
        after = service.get("/v1/holders", updated_since="2026-01-06T00:00:00Z").json()
        assert after["data"][0]["total"] > 0
        assert any(row["deleted_at"] for row in after["data"][1])
    finally:
        service.close()


# --- the JF service and its contract -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contract() -> Json:
    document: Json = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return document


def validator(contract: Json, schema: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]},
        format_checker=jsonschema.FormatChecker(["date"]),
    )


def pages(service: Service, path: str, **query: object) -> list[Json]:
    found, number, last = [], 1, 1
    while number <= last:
        document = service.get(f"/v1/{path}", page=number, per_page=300, **query).json()
        found.append(document)
        last = document["data"][0]["pages"]
        number += 1
    return found


def test_the_contract_is_valid_and_holds_every_agreed_field(contract: Json) -> None:
    validate(contract)
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    for path, schema in DATASETS.items():
        described = contract["components"]["schemas"][schema]
        agreed = {item.field for item in agreement.dataset("bps", path.replace("-", "_")).items}
        assert agreed <= described["properties"].keys() == set(described["required"])
        assert all(one["description"] for one in described["properties"].values())
        assert f"/v1/{path}" in contract["paths"]


def test_answers_keep_the_contract_but_for_the_planted_dirt(bps: Service, contract: Json, world: Path) -> None:
    broken: list[tuple[str, str]] = []
    for path, schema in DATASETS.items():
        envelope, row_check = validator(contract, f"{schema}Page"), validator(contract, schema)
        for document in pages(bps, path):
            paging, rows = document["data"]
            assert paging["count"] == len(rows)
            clean = [row for row in rows if row_check.is_valid(row)]
            envelope.validate({**document, "data": [paging, clean]})
            for row in rows:
                broken += [(path, str(error.path[0])) for error in row_check.iter_errors(row)]
    truth = json.loads((world / "truth.json").read_text(encoding="utf-8"))
    planted: list[tuple[str, str]] = []
    for row in [*truth["findings"], *truth["quarantine"]]:
        dataset = row["dataset"].replace("_", "-")
        if dataset in DATASETS and row["rule"] not in ("duplicate_person", "unmapped_code"):
            planted += [(dataset, row["field"].replace("nip_bps", "nip"))] * row["count"]
    assert sorted(broken) == sorted(planted)
    assert planted


def test_refusals_and_emptiness_keep_the_contract(bps: Service, contract: Json) -> None:
    error = validator(contract, "Error")
    for query in ({"page": 0}, {"per_page": 1001}, {"page": "x"}, {"updated_since": "yesterday"}, {"limit": 5},
                  {"updated_since": "2026-01-05T00:00:00"}):  # fmt: skip
        answer = bps.get("/v1/holders", **query)
        assert answer.status_code == 400
        error.validate(answer.json())
    for path, headers, status in (("/v1/holders", {}, 401), ("/v1/elsewhere", bps.headers, 404)):
        answer = bps.get(path, headers=headers)
        assert answer.status_code == status
        error.validate(answer.json())
    assert requests.post(f"{bps.url}/v1/holders", headers=bps.headers, timeout=20).status_code == 405
    validator(contract, "Nothing").validate(bps.get("/v1/holders", page=10**6).json())
    assert bps.post("/oauth2/token", auth=("padan", "x"), grant_type="client_credentials").status_code == 401
    assert bps.post("/oauth2/token", auth=("padan", "jf"), grant_type="password").status_code == 400


def test_pages_are_disjoint_ordered_and_complete(bps: Service) -> None:
    documents = pages(bps, "credits")
    rows = [row for document in documents for row in document["data"][1]]
    order = [(row["updated_at"], row["credit_id"]) for row in rows]
    assert order == sorted(set(order))
    assert {document["data"][0]["total"] for document in documents} == {len(rows)}
    middle = rows[len(rows) // 2]["updated_at"]
    for written in (middle, middle.replace("Z", "+00:00")):
        since = [row for document in pages(bps, "credits", updated_since=written) for row in document["data"][1]]
        assert since == [row for row in rows if row["updated_at"] >= middle]


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "status", "text"),
    [
        ("too_many_requests", {}, 429, "Too Many"),
        ("throttled", {"code": "900803", "retry_after": 7}, 429, "900803"),
        ("suspended", {}, 503, "SUSPENDED"),
        ("runtime_error", {}, 500, "Runtime Error"),
        ("unavailable", {"retry_after": 3}, 503, "<html>"),
        ("html", {}, 200, "<html>"),
        ("sso_mismatch", {}, 401, "Token SSO mismatch"),
        ("expired_operator_token", {}, 401, "invalid or expired jwt"),
    ],
)
def test_faults_that_answer_in_the_services_place(
    bkn: Service, nip: str, kind: str, options: Json, status: int, text: str
) -> None:
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    bkn.fault(kind, "data-utama", 2, **options)
    assert bkn.get(f"/apisiasn/1.0/pns/rw-golongan/{nip}").status_code == 200, "another path is left alone"
    for _ in range(2):
        answer = bkn.get(path)
        assert answer.status_code == status
        assert text in answer.text
        assert answer.headers.get("retry-after") == (
            str(options.get("retry_after", 1)) if kind == "too_many_requests" or "retry_after" in options else None
        )
    assert bkn.get(path).status_code == 200, "it is spent"


def test_an_xml_fault_is_xml(bkn: Service, nip: str) -> None:
    bkn.fault("xml_fault", status=401)
    answer = bkn.get(f"/apisiasn/1.0/pns/data-utama/{nip}")
    assert answer.status_code == 401
    assert ElementTree.fromstring(answer.text).tag == "{http://wso2.org/apimanager}fault"  # noqa: S314


@pytest.mark.parametrize("which", ["apim", "sso"])
def test_an_expired_token_stays_expired(bkn: Service, nip: str, which: str) -> None:
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    bkn.fault("expired_token", "data-utama", which=which)
    assert bkn.get(path).status_code == 401
    assert bkn.get(path).status_code == 401
    log_in_to_siasn(bkn)
    assert bkn.get(path).status_code == 200


def test_a_short_token_and_a_refused_login(bkn: Service) -> None:
    bkn.fault("short_token", "/oauth2/token", expires_in=1)
    token = bkn.post("/oauth2/token", auth=("key", "secret"), grant_type="client_credentials").json()
    assert token["expires_in"] == 1
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert bkn.get("/referensi_siasn/1/agama", headers=headers).status_code == 200
    time.sleep(1.1)
    assert bkn.get("/referensi_siasn/1/agama", headers=headers).json()["code"] == "900901"
    bkn.fault("refused_login", "openid-connect")
    assert bkn.post(SSO_PATH, grant_type="password").json()["error"] == "invalid_grant"


def test_a_reset_connection_and_a_slow_answer(bkn: Service, nip: str) -> None:
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    bkn.fault("connection_reset")
    with pytest.raises(requests.ConnectionError):
        bkn.get(path)
    bkn.fault("slow", seconds=0.4)
    started = time.monotonic()
    assert bkn.get(path).status_code == 200
    assert time.monotonic() - started >= 0.4


def test_truncated_json_does_not_parse(bkn: Service, nip: str) -> None:
    bkn.fault("truncated_json")
    answer = bkn.get(f"/apisiasn/1.0/pns/rw-golongan/{nip}")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_faults_that_change_rows(bkn: Service, bps: Service, nip: str) -> None:
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    bkn.fault("renamed_field", field="golRuangAkhir", to="golonganAkhir")
    renamed = bkn.get(path).json()["data"]
    assert "golRuangAkhir" not in renamed
    assert renamed["golonganAkhir"]
    bkn.fault("extra_field", field="fieldBaru", value="x")
    assert bkn.get(path).json()["data"]["fieldBaru"] == "x"
    bkn.fault("impossible_date", field="tglLahir")
    assert bkn.get(path).json()["data"]["tglLahir"] == "31-02-2020"
    bps.fault("wrong_type", "/v1/holders", field="birth_date", rows=2)
    rows = bps.get("/v1/holders", per_page=5).json()["data"][1]
    assert [isinstance(row["birth_date"], dict) for row in rows] == [True, True, False, False, False]
    bps.fault("duplicated_row", "/v1/holders")
    rows = bps.get("/v1/holders", per_page=5).json()["data"][1]
    assert len(rows) == 6
    assert rows[0] == rows[5]
    assert bps.get("/v1/holders", per_page=5).json()["data"][0]["count"] == 5


def test_faults_of_lists(bkn: Service, bps: Service) -> None:
    units = "/apisiasn/1.0/referensi/ref-unor"
    total = bkn.get(units, limit=1).json()["count"]
    first = bkn.get(units, limit=10, offset=0).json()["data"]
    bkn.fault("repeated_page", "ref-unor")
    assert bkn.get(units, limit=10, offset=0).json()["data"] == first
    assert bkn.get(units, limit=10, offset=10).json()["data"] == first
    assert bkn.get(units, limit=10, offset=10).json()["data"] != first
    bkn.fault("shrunk_list", "ref-unor", None, share=0.3)
    assert bkn.get(units, limit=1).json()["count"] == int(total * 0.7)
    bkn.calm()
    bkn.fault("empty_list", "ref-unor", None)
    assert bkn.get(units, limit=1).json() == {"code": 0, "data": "Data tidak ditemukan"}

    holders = bps.get("/v1/holders", per_page=10).json()["data"]
    bps.fault("repeated_page", "/v1/holders")
    repeated = bps.get("/v1/holders", per_page=10, page=2).json()["data"]
    assert repeated[0]["page"] == 2
    assert repeated[1] == holders[1]
    bps.fault("shrunk_list", "/v1/holders", None)
    assert bps.get("/v1/holders").json()["data"][0]["total"] == int(holders[0]["total"] * 0.7)
    bps.calm()
    bps.fault("empty_list", "/v1/holders", None)
    assert bps.get("/v1/holders").json()["data-availability"] == "list-not-available"


def test_faults_are_listed_counted_and_checked(bkn: Service, nip: str) -> None:
    for wrong in ({"kind": "x"}, {"kind": "renamed_field"}, {"kind": "html", "times": "2"}, []):
        assert requests.post(f"{bkn.url}/_sandbox/faults", json=wrong, timeout=20).status_code == 400
    bkn.fault("html", "data-utama")
    bkn.get(f"/apisiasn/1.0/pns/data-utama/{nip}")
    bkn.get(f"/apisiasn/1.0/pns/data-utama/{nip}")
    (listed,) = bkn.get("/_sandbox/faults").json()
    assert (listed["kind"], listed["fired"]) == ("html", 1)
    assert bkn.get("/_sandbox/requests").json()["data-utama"] == 1, "the service saw one of the two"
    assert bkn.get("/_sandbox/health").status_code == 200


def test_the_readme_lists_every_kind_of_fault() -> None:
    readme = (PROJECT_DIR / "sandbox" / "README.md").read_text(encoding="utf-8")
    assert {kind for kind in KINDS if f"| `{kind}` |" not in readme} == set()


def test_a_person_costs_little_enough_for_1500_a_second(world: Path, nip: str) -> None:
    """CPU time of the application alone, so that a busy machine does not matter; the server takes as much again."""

    async def ask(application: Any, times: int) -> float:
        statuses = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))

        started = time.process_time()
        for _ in range(times):
            await application(scope, None, send)
        spent = time.process_time() - started
        assert statuses.count(200) == times
        return spent

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADAN_SANDBOX_WORLD", str(world))
        for name, value in CREDENTIALS.items():
            patch.setenv(f"PADAN_SANDBOX_{name}", value)
        application: Any = siasn.create_app()
    service = application._app
    headers = [
        (b"authorization", b"Bearer " + service._apim.issue()[0].encode()),
        (b"auth", b"bearer " + service._sso.issue("operator")[0].encode()),
    ]
    path = f"/apisiasn/1.0/pns/data-utama/{nip}"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    assert 1000 / asyncio.run(ask(application, 1000)) > 2 * 1500
