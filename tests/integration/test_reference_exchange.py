"""Codes for the other agency: what changed, deliveries as evidence, the service for OpenRefine, decisions."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import requests
import uvicorn
from typer.testing import CliRunner, Result

from padan.cli import app
from padan.flows import obligations
from padan.flows.exchanges import verify_log
from padan.reference.service import create_app
from padan.warehouse.connection import connect
from sandbox.postgres import free_port
from tests.agreement_files import Copy
from tests.integration.dbt_world import BKN_ID, BPS_ID, Dbt, load, prepare
from tests.integration.test_reference_codes import DAY_1, DAY_2, build, later, world

TYPE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
# What the specification's schemas ask of the parts that this service has.
SERVICE = {"type": "object", "properties": {"service_url": {"type": "string"}, "service_path": {"type": "string"}}}
WITH_ID = {"type": "object", "required": ["url"], "properties": {"url": {"type": "string", "pattern": r"\{\{id\}\}"}}}
MANIFEST = {
    "type": "object",
    "required": ["versions", "name", "identifierSpace", "schemaSpace"],
    "properties": {
        "versions": {"type": "array", "items": {"type": "string"}, "contains": {"const": "0.2"}},
        "name": {"type": "string"},
        "identifierSpace": {"type": "string"},
        "schemaSpace": {"type": "string"},
        "defaultTypes": {"type": "array", "items": TYPE, "uniqueItems": True},
        "batchSize": {"type": "integer"},
        "view": WITH_ID,
        "preview": {"allOf": [WITH_ID, {"required": ["width", "height"]}]},
        "suggest": {"type": "object", "properties": {"entity": SERVICE, "type": SERVICE}},
    },
}
CANDIDATE = {
    "type": "object",
    "required": ["id", "name", "score"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "score": {"type": "number"},
        "match": {"type": "boolean"},
        "type": {"type": "array", "items": TYPE},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "value": {"type": ["boolean", "number"]}},
            },
        },
    },
}
RESULTS = {
    "type": "object",
    "patternProperties": {
        "^.*$": {
            "type": "object", "required": ["result"], "properties": {"result": {"type": "array", "items": CANDIDATE}},
        }
    },
}  # fmt: skip
SUGGESTED = {
    "type": "object",
    "required": ["result"],
    "properties": {
        "result": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {
                    "id": {"type": "string"}, "name": {"type": "string"}, "notable": {"type": "array", "items": TYPE},
                },
            },
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def built(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The marts of codes after two days."""
    prepare(database_url)
    dbt = Dbt(database_url, tmp_path_factory.mktemp("dbt"))
    load(database_url, world())
    build(dbt, DAY_1)
    load(database_url, later())
    build(dbt, DAY_2)
    return dbt


@pytest.fixture
def settings(built: Dbt, tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the two files that decisions are read from and written to, as the project of the command line."""
    project = tmp_path / "project"
    (project / "dbt_project" / "seeds").mkdir(parents=True)
    for name in ("reviewed_code_mappings.csv", "reference_list_pairs.csv"):
        shutil.copy(project_dir / "dbt_project" / "seeds" / name, project / "dbt_project" / "seeds" / name)
    (project / "register").mkdir()
    values = {
        "DATABASE_URL": built.database_url, "AGREEMENT_FILE": Copy.make(tmp_path).path, "STATE_DIR": tmp_path,
        "ARCHIVE_DIR": tmp_path / "archive", "PORTAL_EXPORT_DIR": tmp_path, "PROJECT_DIR": project,
        "SECRET_KEY": "synthetic " * 4,
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    return project


@pytest.fixture
def service(built: Dbt) -> Iterator[str]:
    """The address of the service, over a real socket."""
    port = free_port()
    application = create_app(lambda: connect(built.database_url, role="quality"))
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def padan(*words: str) -> Result:
    return CliRunner().invoke(app, ["reference", *words])


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_changes_between_two_days(settings: Path) -> None:
    asked = padan("diff", "--since", DAY_1, "--until", DAY_2, "--format", "json")
    assert {(one["agency"], one["list_name"], one["code"], one["change"]) for one in json.loads(asked.output)} == {
        ("bkn", "kedudukan_hukum", "71", "id_reused"),
        ("bkn", "tingkat_pendidikan", "45", "retired"),
        ("bps", "instansi", "0002", "renamed"),
        ("bps", "instansi", "0003", "added"),
        ("bps", "jf", "87415", "retired"),
    }
    assert json.loads(padan("diff", "--since", DAY_2, "--until", "2026-02-01", "--format", "json").output) == []
    table = padan("diff", "--until", DAY_2, "--agency", "bps", "--list", "instansi")
    assert "renamed" in table.output
    assert "0002" in table.output
    assert "kedudukan_hukum" not in table.output


def test_what_does_not_fit_between_the_agencies(settings: Path) -> None:
    told = padan("diff", "--agencies", "--format", "csv")
    assert told.exit_code == 0, told.exception
    found = list(csv.DictReader(io.StringIO(told.output)))
    issues = {(one["agency"], one["list_name"], one["code"]): (one["issue"], one["owner_party"]) for one in found}
    assert issues["bps", "instansi", "0998"] == ("unmapped", "bps")
    assert issues["bps", "education_level", "S2"] == ("target_missing", "bps")
    assert issues["bps", "employment_status", "P3K"] == ("id_reused", "bkn")
    assert issues["bkn", "tingkat_pendidikan", "99"] == ("not_listed", "bkn")
    assert ("bps", "instansi", "0001") not in issues


def test_changes_of_published_lists_and_against_the_service(settings: Path, tmp_path: Path) -> None:
    file = tmp_path / "tingkatPendidikan.json"

    def publish(day: str, **codes: str) -> None:
        file.write_text(json.dumps([{"id": code[1:], "nama": name} for code, name in codes.items()]))
        assert padan("import", str(file), "--as-of", day).exit_code == 0

    publish("2025-01-05", _40="S-1/Sarjana", _45="S-2", _50="S-3", _30="D-3")
    publish("2025-02-05", _40="S-1/Sarjana Terapan", _45="Sekolah Dasar", _50="S-3", _35="D-4")
    publish("2025-03-05", _40="S-1/Sarjana Terapan", _45="Sekolah Dasar", _50="S-3", _35="D-4", _30="D-3")
    found = json.loads(padan("diff", "--until", "2025-12-31", "--format", "json").output)
    assert [(one["source"], one["code"], one["change"], one["changed_on"]) for one in found] == [
        ("published", "30", "retired", "2025-02-05"),
        ("published", "35", "added", "2025-02-05"),
        ("published", "40", "renamed", "2025-02-05"),
        ("published", "45", "id_reused", "2025-02-05"),
        ("published", "30", "returned", "2025-03-05"),
    ]
    against = json.loads(padan("diff", "--published", "--format", "json").output)
    assert {(one["code"], one["change"]) for one in against} == {
        ("30", "only_published"), ("35", "only_published"), ("45", "only_published"), ("50", "only_published"),
        ("40", "named_otherwise"),
    }  # fmt: skip


def test_a_delivery_is_whole_on_record_and_the_same_again(built: Dbt, settings: Path, tmp_path: Path) -> None:
    def duty() -> Any:
        found = obligations.found(date(2026, 1, 20))
        return next(one for one in found if one.duty.obligation == "jf_reference_codes")

    assert duty().state == "open"
    folder = tmp_path / "delivered"
    first = padan("export", "--for", "bkn", "--to", str(folder), "--as-of", DAY_1)
    assert first.exit_code == 0, first.output
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(files) == [
        f"kode-referensi-bps-untuk-bkn-{DAY_1}.csv", f"kode-referensi-bps-untuk-bkn-{DAY_1}.xlsx",
        f"manifest-bps-untuk-bkn-{DAY_1}.json", f"perubahan-kode-bps-untuk-bkn-{DAY_1}.csv",
    ]  # fmt: skip
    manifest = json.loads(files[f"manifest-bps-untuk-bkn-{DAY_1}.json"])
    for entry in manifest["berkas"]:
        assert hashlib.sha256(files[entry["file"]]).hexdigest() == entry["sha256"]
        assert len(files[entry["file"]]) == entry["bytes"]
    codes = list(csv.DictReader(io.StringIO(files[manifest["berkas"][0]["file"]].decode("utf-8-sig"))))
    assert len(codes) == manifest["berkas"][0]["rows"] == sum(manifest["daftar"].values()) == 10
    assert {(one["daftar"], one["kode"], one["kode_bkn"]) for one in codes} >= {
        ("instansi", "0001", BPS_ID), ("instansi", "0998", ""), ("education_level", "S2", "45"),
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(files[manifest["berkas"][2]["file"]])) as book:
        assert b"0998" in b"".join(book.read(name) for name in book.namelist())
        assert '"Perubahan"' in book.read("xl/workbook.xml").decode()
    delivered = "select delivery_id, since::text, codes, changes from code_lists.delivery order by as_of"
    logged = "select party, dataset, rows from landing.exchange_log"
    once = (rows(built.database_url, delivered), rows(built.database_url, logged))
    assert once == ([(manifest["nomor"], None, 10, 0)], [("bkn", "reference_codes", 10)])
    assert duty().state == "met"
    assert manifest["nomor"] in duty().evidence.text

    assert padan("export", "--for", "bkn", "--to", str(folder), "--as-of", DAY_1).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert (rows(built.database_url, delivered), rows(built.database_url, logged)) == once
    assert verify_log().seals == 1

    # The next one tells what changed since.
    assert padan("export", "--for", "bkn", "--to", str(folder), "--as-of", DAY_2).exit_code == 0
    told = (folder / f"perubahan-kode-bps-untuk-bkn-{DAY_2}.csv").read_text("utf-8-sig")
    assert [(one["kode"], one["perubahan"]) for one in csv.DictReader(io.StringIO(told))] == [
        ("0002", "ganti nama"), ("0003", "baru"), ("87415", "tidak berlaku lagi"),
    ]  # fmt: skip
    assert rows(built.database_url, delivered)[1][1:] == (DAY_1, 10, 3)
    assert verify_log().rows == 2


def test_nothing_is_delivered_of_a_day_without_codes(built: Dbt, settings: Path, tmp_path: Path) -> None:
    refused = padan("export", "--for", "bps", "--to", str(tmp_path / "none"), "--as-of", "2024-06-01")
    assert refused.exit_code == 1
    assert "no code of bkn is known" in str(refused.exception)
    assert list((tmp_path / "none").iterdir()) == []
    outside = padan("export", "--for", "bps", "--to", str(tmp_path / "none"), "--as-of", "2019-06-01")
    assert "AgreementNotInForce" in repr(outside.exception)
    assert rows(built.database_url, "select * from code_lists.delivery where recipient_party = 'bps'") == []


def test_a_delivery_cannot_be_changed(built: Dbt) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        rows(built.database_url, "truncate code_lists.delivery")


def test_manifest_and_batch_in_the_shape_of_the_specification(service: str) -> None:
    answer = requests.get(service, headers={"Origin": "http://127.0.0.1:3333"}, timeout=10)
    assert answer.headers["access-control-allow-origin"] == "*"
    jsonschema.validate(answer.json(), MANIFEST)
    assert {"id": "bkn/instansi", "name": "BKN: instansi"} in answer.json()["defaultTypes"]

    queries = {
        "q0": {"query": "Badan Pusat Statistik", "type": "bkn/instansi", "limit": 3, "type_strict": "should"},
        "q1": {"query": "Statistisi Ahli Prtama", "type": "bkn/jabatan_fungsional"},
        "q2": {"query": "Statistisi", "type": "bkn/jabatan_fungsional", "limit": 1},
        "q3": {"query": "S1", "type": ["bps/education_level", "bps/instansi"], "properties": [{"pid": "x", "v": "y"}]},
        "q4": {"query": "zzzz", "type": "bkn/instansi"},
        "q5": {"properties": [{"pid": "x", "v": 1}]},
        "q6": {"query": BKN_ID.lower()},
    }
    body = {"queries": json.dumps(queries)}
    answer = requests.post(service, data=body, headers={"Origin": "http://127.0.0.1:3333"}, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.request.headers["content-type"] == "application/x-www-form-urlencoded"
    jsonschema.validate(answer.json(), RESULTS)
    found = {key: one["result"] for key, one in answer.json().items()}
    assert list(found) == list(queries)
    best = found["q0"][0]
    assert (best["id"], best["score"], best["match"]) == (f"bkn/instansi/{BPS_ID}", 100.0, True)
    assert [one["match"] for one in found["q1"]] == [False] * len(found["q1"])
    assert found["q1"][0]["name"] == "Statistisi Ahli Pertama"
    assert found["q1"][0]["score"] > found["q1"][1]["score"]
    assert len(found["q2"]) == 1
    assert found["q3"][0]["id"] == "bps/education_level/S1"
    assert (found["q4"], found["q5"]) == ([], [])
    assert (found["q6"][0]["id"], found["q6"][0]["match"]) == (f"bkn/instansi/{BKN_ID}", True)
    assert requests.get(service, params=body, timeout=10).json() == answer.json()


@pytest.mark.parametrize("queries", ["no json", "[]", '{"q0": "text"}', '{"q0": {"query": 7}}', "[" * 100_000])
def test_a_malformed_batch_is_refused(service: str, queries: str) -> None:
    answer = requests.post(service, data={"queries": queries}, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (400, "error")


def test_suggestions_and_previews(service: str) -> None:
    answer = requests.get(
        f"{service}/suggest/entity", params={"prefix": "Statis", "type": "bkn/jabatan_fungsional"}, timeout=10
    )
    jsonschema.validate(answer.json(), SUGGESTED)
    assert [one["name"] for one in answer.json()["result"]][:2] == ["Statistisi Ahli Muda", "Statistisi Ahli Pertama"]
    answer = requests.get(f"{service}/suggest/type", params={"prefix": "inst"}, timeout=10)
    assert [one["id"] for one in answer.json()["result"]] == ["bkn/instansi", "bps/instansi"]
    page = requests.get(f"{service}/preview", params={"id": f"bkn/instansi/{BPS_ID}"}, timeout=10)
    assert "Badan Pusat Statistik" in page.text
    assert requests.get(f"{service}/preview", params={"id": "bkn/instansi/none"}, timeout=10).status_code == 404


def test_what_a_person_accepted_becomes_reviewed_decisions(settings: Path, tmp_path: Path) -> None:
    seed = settings / "dbt_project" / "seeds" / "reviewed_code_mappings.csv"
    before = seed.read_text()
    file = tmp_path / "diterima.csv"
    file.write_text(
        "agency,list_name,code,bkn_code\n"
        f"bps,instansi,0777,bkn/instansi/{BKN_ID}\n"
        "bps,instansi,0998,-\n"
        "bps,instansi,0005,\n"
        "bps,instansi,0006,TIDAKADA\n"
        f"bps,kota,0007,{BKN_ID}\n"
        f"bps,instansi,199001012014121003,{BKN_ID}\n"
        f"bps,instansi,0777,{BPS_ID}\n"
    )
    words = (str(file), "--by", "Biro SDM BPS", "--reason", "ND-1/2026", "--as-of", DAY_2)
    done = padan("accept", *words)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "2 added, 0 decided before, 1 undecided, 4 refused",
        "row 4: bkn_has_no_such_code",
        "row 5: unknown_list",
        "row 6: unreadable_code",
        "row 7: decided_otherwise",
    ]
    assert seed.read_text() == before + (
        f"instansi,0777,{BKN_ID},{DAY_2},,Biro SDM BPS,ND-1/2026\ninstansi,0998,,{DAY_2},,Biro SDM BPS,ND-1/2026\n"
    )
    kept = seed.read_bytes()
    assert "0 added, 2 decided before" in padan("accept", *words).output
    assert seed.read_bytes() == kept
    named = padan("accept", str(file), "--by", "199001012014121003", "--reason", "x")
    assert named.exit_code == 1
    assert "199001012014121003" not in str(named.exception)
    file.write_text("kode\n1\n")
    assert "has no column" in str(padan("accept", str(file), "--by", "x", "--reason", "y").exception)
