"""Published lists of codes with all their dirt: what is taken, what waits, and versions over days."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from padan.cli import app
from padan.reference import published
from padan.reference.published import FileReport, findings, import_lists
from padan.warehouse.connection import Connection, connect
from padan.warehouse.migrations import migrate

DAY_1, DAY_2, DAY_3 = date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)
# BKN's lists as published, on a machine that has them (CONTRIBUTING.md); never copied.
PUBLISHED = Path(os.environ.get("PADAN_PUBLISHED_LISTS") or "/nonexistent")
HEX = "A5EB03E23C06F6A0E040640A0402{:04X}"


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    url = new_database()
    migrate(url)
    return url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with connect(url, role="loader") as connection:
        yield connection


def made_list() -> list[Any]:
    """Dirt of the kinds that the published lists have, and worse."""
    return [
        {"id": HEX.format(1), "nama": "Kementerian Contoh", "jenis": "P", "status": "1"},  # 1: good
        {"id": HEX.format(2), "nama": "  Badan\u00a0 Contoh ", "jenis": "P", "status": "1"},  # 2: blanks
        {"id": HEX.format(3), "nama": "TELEVISI CONTOH", "jenis": "P", "status": "1"},  # 3: one id, two names
        {"id": HEX.format(3), "nama": "Lembaga Penyiaran Contoh", "jenis": "P", "status": None},  # 4
        {"id": HEX.format(4), "nama": "Dosen Ilmu Al Qur\u00bfan", "jenis": "P", "status": "1"},  # 5: damaged
        {"id": HEX.format(5), "nama": "", "jenis": "P", "status": "1"},  # 6: no name
        {"id": None, "nama": "Tanpa Kode", "jenis": "P", "status": "1"},  # 7: no code
        "Kota Contoh",  # 8: no object
        {"id": HEX.format(6), "nama": "Kota \ufffd", "jenis": "P", "status": "1"},  # 9: lost character
        {"id": HEX.format(7), "nama": "Budi 199001012014121001", "jenis": "P", "status": "1"},  # 10: a person's number
        {"id": HEX.format(8), "nama": "Kota Ragam"},  # 11: fields missing
        {"id": HEX.format(9), "nama": "Dinas Sama", "jenis": "D", "status": "1"},  # 12: a name borne twice
        {"id": HEX.format(10), "nama": "DINAS SAMA", "jenis": "D", "status": "1"},  # 13
        {"id": HEX.format(1).lower(), "nama": "Kementerian Huruf Kecil", "jenis": "P", "status": "1"},  # 14
        {
            "ID": HEX.format(11),
            "NAMA": "Badan Huruf Besar",
            "JENIS": "P",
            "STATUS": "0",
        },  # 15: good
        {"id": HEX.format(12), "nama": "Badan Berulang", "jenis": "P", "status": "1"},  # 16: good
        {"id": HEX.format(12), "nama": "Badan Berulang", "jenis": "P", "status": "1"},  # 17: repeated
        {"id": HEX.format(13), "nama": "Badan Bertab\t\tAkhir", "jenis": "P", "status": "1"},  # 18: blanks
    ]


QUARANTINED = {
    (3, "two_names_of_one_code"), (4, "two_names_of_one_code"), (6, "no_name"), (7, "no_code"), (8, "not_an_object"),
    (9, "lost_characters"), (10, "number_of_a_person"), (17, "repeated_row"),
}  # fmt: skip
ODD = {
    (2, "blanks"), (5, "damaged_characters"), (11, "missing_fields"), (11, "no_status"), (12, "name_of_several_codes"),
    (13, "name_of_several_codes"), (1, "codes_differ_in_case"), (14, "codes_differ_in_case"), (18, "blanks"),
}  # fmt: skip


def write(path: Path, rows: Any) -> Path:
    text = json.dumps(rows, ensure_ascii=False, indent=1).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def found(connection: Connection) -> tuple[set[tuple[int, str]], set[tuple[int, str]]]:
    rows = findings(connection, None, None, 10_000)
    return (
        {(one.row_number, one.rule) for one in rows if one.is_quarantined},
        {(one.row_number, one.rule) for one in rows if not one.is_quarantined},
    )


def versions(connection: Connection, list_name: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select code, code_name, valid_from, valid_to from code_lists.published_code where list_name = %s "
        "order by code, valid_from",
        (list_name,),
    ).fetchall()


def state(url: str) -> list[Any]:
    """Every row of every table, with where it lies: an update to the same values shows too."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(f"select ctid, xmin, t::text from code_lists.{table} as t order by 1").fetchall()
            for table in ("import", "published_code", "finding")
        ]


def test_each_kind_of_dirt_is_found_by_row_and_rule(connection: Connection, url: str, tmp_path: Path) -> None:
    file = write(tmp_path / "instansi.json.gz", made_list())
    report = import_lists(connection, [file], DAY_1)[0]
    assert (report.list_name, report.rows, report.imported, report.failure) == ("instansi", 18, 10, None)
    assert found(connection) == (QUARANTINED, ODD)
    assert report.quarantined == dict(Counter(rule for _, rule in QUARANTINED))
    assert report.odd == dict(Counter(rule for _, rule in ODD))
    names = {code: name for code, name, *_ in versions(connection, "instansi")}
    assert names[HEX.format(2)] == "Badan Contoh"
    assert names[HEX.format(13)] == "Badan Bertab Akhir"
    assert names[HEX.format(11)] == "Badan Huruf Besar"
    assert HEX.format(3) not in names
    # Not one personal value, nor a name, in what was found.
    assert all("1990" not in str(row) and "Budi" not in str(row) for row in state(url)[2])

    before = state(url)
    again = import_lists(connection, [file], DAY_2)[0]
    assert (again.is_new, again.imported, again.quarantined) == (False, 10, report.quarantined)
    assert state(url) == before


def test_versions_follow_and_what_waits_stays_as_it_was(connection: Connection, tmp_path: Path) -> None:
    def day(rows: dict[str, str | list[str]], as_of: date) -> FileReport:
        listed = [
            {"id": code, "nama": name}
            for code, names in rows.items()
            for name in (names if isinstance(names, list) else [names])
        ]
        return import_lists(connection, [write(tmp_path / "jenisDiklat.json", listed)], as_of)[0]

    day({"1": "Diklat Dasar", "2": "Diklat Lanjut", "3": "Diklat Akhir", "4": "Diklat Empat"}, DAY_1)
    report = day({"1": "Diklat  Dasar", "2": "Kursus Bahasa Arab", "3": ["Satu", "Dua"], "5": "Diklat Lima"}, DAY_2)
    assert (report.quarantined, report.odd) == ({"two_names_of_one_code": 2}, {"blanks": 1, "id_reused": 1})
    assert versions(connection, "jenis_diklat") == [
        ("1", "Diklat Dasar", DAY_1, None),
        ("2", "Diklat Lanjut", DAY_1, DAY_2),
        ("2", "Kursus Bahasa Arab", DAY_2, None),
        ("3", "Diklat Akhir", DAY_1, None),  # which of its two names is right, nobody can tell
        ("4", "Diklat Empat", DAY_1, DAY_2),
        ("5", "Diklat Lima", DAY_2, None),
    ]
    # A corrected file of the same day replaces what the first one did.
    day({"1": "Diklat Dasar", "2": "Diklat Lanjut", "3": "Diklat Akhir", "4": "Diklat Empat"}, DAY_2)
    assert {row[2:] for row in versions(connection, "jenis_diklat")} == {(DAY_1, None)}
    assert day({"1": "Dari Bulan Lalu"}, DAY_1).failure == "a_later_list_is_there"
    assert day({}, DAY_3).failure == "no_row_is_usable"
    assert len(versions(connection, "jenis_diklat")) == 4


def test_whole_files_that_cannot_be_read_leave_the_others_alone(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "rusak.json").write_bytes(b'[{"id": "1", "nama": "A"}, {"id": "2", "na')
    (tmp_path / "bukan.json.gz").write_bytes(b"not packed")
    (tmp_path / "teks.json").write_bytes(b"id nama")
    (tmp_path / "objek.json").write_bytes(b'{"data": 7}')
    (tmp_path / "tanpa.csv").write_bytes(b"nama,status\nA,1\n")
    write(tmp_path / "bungkus.json", {"total": 1, "data": [{"id": "1", "nama": "A"}]})
    reports = {one.list_name: one for one in import_lists(connection, [tmp_path], DAY_1)}
    assert {name: one.failure for name, one in reports.items()} == {
        "rusak": "not_json", "bukan": "not_gzip", "teks": "not_json", "objek": "no_list",
        "tanpa": "no_column_of_codes", "bungkus": None,
    }  # fmt: skip
    assert reports["rusak"].rows == 1
    assert connection.execute("select count(*) from code_lists.published_code").fetchone() == (1,)


def test_other_encodings_and_ragged_rows_of_csv(connection: Connection, url: str, tmp_path: Path) -> None:
    kota = "kode;nama;induk\r\n1;Curaçao;9\r\n2;Kota;9;lebih\r\n3;Desa;9\r\n"
    (tmp_path / "kota.csv").write_bytes(kota.encode("cp1252"))
    (tmp_path / "desa.csv").write_bytes("kode,nama\r\n1,Compiègne\r\n".encode("utf-16"))
    (tmp_path / "agama.csv").write_bytes('\ufeffid,nama\n01,"Satu, Dua"\n'.encode())
    reports = {one.list_name: one for one in import_lists(connection, [tmp_path], DAY_1, "bps")}
    assert (reports["kota"].quarantined, reports["kota"].odd) == ({"ragged_row": 1}, {"not_in_unicode": 1})
    rows = connection.execute("select agency, list_name, code, code_name, belongs_to from code_lists.published_code")
    assert set(rows) == {
        ("bps", "kota", "1", "Curaçao", "9"), ("bps", "kota", "3", "Desa", "9"),
        ("bps", "desa", "1", "Compiègne", None), ("bps", "agama", "01", "Satu, Dua", None),
    }  # fmt: skip


def test_memory_does_not_grow_with_the_file(connection: Connection, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        listed = [{"id": f"{number:032X}", "nama": f"Jabatan {number} " + "x" * 100} for number in range(rows)]
        file = write(tmp_path / f"daftar{rows}.json.gz", listed)
        del listed
        tracemalloc.start()
        assert import_lists(connection, [file], DAY_1)[0].imported == rows
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)  # what is imported and cached the first time
    assert peak(20_000) < peak(2_000) + 500_000  # bytes; the list itself has 3.6 MB


def test_command_line(url: str, tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "DATABASE_URL": url, "AGREEMENT_FILE": project_dir / "agreement" / "sandbox.yaml", "STATE_DIR": tmp_path,
        "ARCHIVE_DIR": tmp_path, "PORTAL_EXPORT_DIR": tmp_path, "PROJECT_DIR": project_dir,
        "SECRET_KEY": "synthetic " * 4,
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    file = str(write(tmp_path / "instansi.json", made_list()))
    run = CliRunner().invoke(app, ["reference", "import", file, "--as-of", "2026-01-05"])
    assert run.exit_code == 0, run.output
    assert "instansi" in run.output
    found = CliRunner().invoke(app, ["reference", "findings", "--rule", "two_names_of_one_code", "--json"])
    assert [(one["file_name"], one["row_number"], one["code"]) for one in json.loads(found.output)] == [
        ("instansi.json", 3, HEX.format(3)),
        ("instansi.json", 4, HEX.format(3)),
    ]
    (tmp_path / "teks.json").write_text("kosong")
    refused = CliRunner().invoke(app, ["reference", "import", str(tmp_path / "teks.json")])
    assert (refused.exit_code, "not_json" in refused.output) == (1, True)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="PADAN_PUBLISHED_LISTS names no folder of BKN's published lists")
def test_the_lists_as_bkn_publishes_them(connection: Connection, url: str) -> None:
    reports = {one.list_name: one for one in import_lists(connection, [PUBLISHED], DAY_1)}
    assert {name for name, one in reports.items() if one.failure} == set()
    assert all(one.rows == one.imported + sum(one.quarantined.values()) for one in reports.values())
    assert reports["instansi"].quarantined == {"two_names_of_one_code": 2}
    assert reports["eselon"].quarantined == {"no_name": 1}
    assert reports["pendidikan"].odd["blanks"] > 200
    assert reports["jabatan_pelaksana"].odd["damaged_characters"] >= 4
    assert reports["jabatan_fungsional"].imported > 1_000
    before = state(url)
    again = import_lists(connection, [PUBLISHED], DAY_2)
    assert not any(one.is_new for one in again)
    assert state(url) == before


def test_names_of_lists() -> None:
    assert [published.list_name_of(name) for name in ("jabatanFungsional.json.gz", "golonganPns.json", "_.csv")] == [
        "jabatan_fungsional",
        "golongan",
        "unnamed",
    ]
