"""Synthetic raw rows for the tests of dbt and a way to run it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql

from padan.agreement import Agreement, load_agreement
from padan.warehouse import raw_tables
from padan.warehouse.migrations import migrate

PROJECT_DIR = Path(__file__).resolve().parents[2]
BPS_ID, BKN_ID = "A5EB03E23C06F6A0E040640A040252AD", "A5EB03E23B00F6A0E040640A040252AD"
GROUP_STATISTISI, GROUP_ASISTEN, GROUP_OTHER = "group-statistisi", "group-not-listed", "group-auditor"
JF_PERTAMA, JF_MUDA, JF_ASISTEN, JF_OTHER = "jf-pertama", "jf-muda", "jf-asisten", "jf-auditor"
UNIT_ONE, UNIT_TWO = "unor-1", "unor-2"

Row = dict[str, Any]


def nip(number: int) -> str:
    """A PNS's NIP: born 1 January 1990, appointed December 2014, male."""
    return f"199001012014121{number:03d}"


def nik(number: int) -> str:
    return f"327301010190{number:04d}"


def bkn_person(number: int, **changes: Any) -> Row:
    """A row of data_utama."""
    return {
        "id": f"P{number:04d}", "nip_baru": nip(number), "nama": f"Budi Santoso {number}", "gelar_depan": "",
        "gelar_belakang": "S.Stat.", "tempat_lahir": "Bandung", "tgl_lahir": "01-01-1990", "jenis_kelamin": "M",
        "nik": nik(number), "valid_nik": "true", "kedudukan_pns_id": "01", "kedudukan_pns_nama": "Aktif",
        "status_pegawai": "PNS", "tmt_cpns": "01-12-2014", "tmt_pns": "01-12-2015", "bup_pensiun": "58",
        "instansi_kerja_id": BPS_ID, "instansi_kerja_nama": "Badan Pusat Statistik", "unor_id": UNIT_ONE, "unor_nama":
        "--Direktorat Contoh Satu", "jenis_jabatan_id": "2", "jabatan_fungsional_id": JF_PERTAMA,
        "jabatan_fungsional_nama": "Statistisi Ahli Pertama", "tmt_jabatan": "01-03-2016", "kode_jenjang_jabatan":
        "PT", "gol_ruang_akhir_id": "32", "gol_ruang_akhir": "III/b", "tmt_gol_akhir": "01-04-2019", "mk_tahun": "8",
        "mk_bulan": "0", "tk_pendidikan_terakhir_id": "40", "pendidikan_terakhir_nama": "S-1 STATISTIKA",
        "tahun_lulus": "2013",
    } | changes  # fmt: skip


def holder(number: int, **changes: Any) -> Row:
    """A row of holders that agrees with ``bkn_person(number)``."""
    return {
        "holder_id": str(number), "nip_bps": nip(number), "nip_lama_bps": f"34{number:07d}", "nik": nik(number),
        "name": f"BUDI SANTOSO {number}", "title_front": None, "title_back": "S. Stat", "birth_place": "Bandung",
        "birth_date": "1990-01-01", "sex": "L", "employment_type": "PNS", "employment_status": "AKT", "golongan":
        "III/b", "golongan_tmt": "2019-04-01", "jf_code": "14903", "jenjang": "PT", "jf_tmt": "2016-03-01",
        "credit_total": None, "instansi_code": "0001", "instansi_name": "BPS", "unit_code": "0100", "unit_name":
        "Direktorat Contoh Satu", "education_level": "S1", "education_name": "Statistika", "updated_at":
        "2026-01-01T00:00:00Z",
    } | changes  # fmt: skip


def code(code_type: str, value: str, bkn_code: str | None, **changes: Any) -> Row:
    """A row of reference_codes."""
    return {"code_type": code_type, "code": value, "bkn_code": bkn_code, "name": f"{code_type} {value}",
            "valid_from": "2020-01-01", "valid_to": None, "updated_at": "2026-01-01T00:00:00Z"} | changes  # fmt: skip


def references() -> dict[str, list[Row]]:
    """Reference rows of both agencies."""
    positions = [
        (JF_PERTAMA, "Statistisi Ahli Pertama", GROUP_STATISTISI, "14903", "PT"),
        (JF_MUDA, "Statistisi Ahli Muda", GROUP_STATISTISI, "14902", "MU"),
        (JF_ASISTEN, "Asisten Statistisi Terampil", GROUP_ASISTEN, "87415", "TR"),
        (JF_OTHER, "Auditor Ahli Pertama", GROUP_OTHER, "30401", "PT"),
    ]
    return {
        "raw_bkn.ref_jabatan_fungsional": [
            {"id": key, "nama": name, "kel_jabatan_id": group, "cepat_kode": short, "kode_jenjang_jabatan": level,
             "jenjang": level, "bup_usia": "58", "status": "N", "min_gol_id": "31", "max_gol_id": "32"}
            for key, name, group, short, level in positions
        ],
        "raw_bkn.ref_kel_jabatan": [
            {"id": GROUP_STATISTISI, "nama": "Statistisi", "pembina_id": BPS_ID, "status": "1"},
            {"id": GROUP_OTHER, "nama": "Auditor", "pembina_id": "other", "status": "1"},
        ],
        "raw_bkn.ref_instansi": [
            {"id": BPS_ID, "nama": "Badan Pusat Statistik", "jenis": "P", "cepat_kode": "4016", "status": "1"},
            {"id": BKN_ID, "nama": "Badan Kepegawaian Negara", "jenis": "P", "cepat_kode": "4011", "status": "1"},
        ],
        "raw_bkn.ref_unor": [
            {"id": UNIT_ONE, "instansi_id": BPS_ID, "diatasan_id": "", "nama_unor": "--Direktorat Contoh Satu"},
            {"id": UNIT_TWO, "instansi_id": BPS_ID, "diatasan_id": UNIT_ONE, "nama_unor": "----Subdirektorat Dua"},
        ],
        "raw_bkn.ref_golongan": [{"id": "31", "nama": "III/a", "nama_pangkat": "Penata Muda"},
                                 {"id": "32", "nama": "III/b", "nama_pangkat": "Penata Muda Tingkat I"}],
        "raw_bkn.ref_kedudukan_hukum": [{"id": "01", "nama": "Aktif"}, {"id": "71", "nama": "PPPK Aktif"}],
        "raw_bkn.ref_tingkat_pendidikan": [{"id": "40", "nama": "S-1/Sarjana"}, {"id": "45", "nama": "S-2"}],
        "raw_bps.reference_codes": [
            code("jf", "14903", JF_PERTAMA), code("jf", "14902", JF_MUDA), code("jf", "87415", JF_ASISTEN),
            code("instansi", "0001", BPS_ID), code("instansi", "0002", BKN_ID), code("instansi", "0998", None),
            code("education_level", "S1", "40"), code("education_level", "S2", "45"),
            code("employment_status", "AKT", "01"), code("employment_status", "P3K", "71"),
            code("employment_status", "LMA", "01", valid_to="2021-12-31"),
        ],
    }  # fmt: skip


def agreement() -> Agreement:
    """The sandbox's."""
    return load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")


def prepare(database_url: str) -> None:
    """Schemas, roles and raw tables, as the pipeline makes them."""
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        raw_tables.ensure(connection, agreement())


def load(database_url: str, rows: dict[str, list[Row]]) -> None:
    """Make the raw tables named hold exactly these rows."""
    technical = {"_extract_id": 1, "_as_of": "2026-01-01", "_fetched_at": "2026-01-01T00:00:00Z", "_row_hash": "h"}
    with psycopg.connect(database_url) as connection:
        for table, new_rows in rows.items():
            schema, name = table.split(".")
            target = sql.Identifier(schema, name)
            connection.execute(sql.SQL("delete from {}").format(target))
            asked = {"_nip": "asked"} if name == "data_utama" or name.startswith("rw_") else {}
            for row in new_rows:
                full = row | technical | asked
                connection.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        target,
                        sql.SQL(", ").join(map(sql.Identifier, full)),
                        sql.SQL(", ").join(sql.Placeholder() * len(full)),
                    ),
                    list(full.values()),
                )


@dataclass(frozen=True)
class Dbt:
    """dbt on one database; artefacts below ``home``."""

    database_url: str
    home: Path

    def run(self, as_of: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one dbt command for a logical date."""
        url = urlsplit(self.database_url)
        project = str(PROJECT_DIR / "dbt_project")
        connection = {
            "PADAN_PGHOST": str(url.hostname),
            "PADAN_PGPORT": str(url.port),
            "PADAN_PGUSER": unquote(url.username or ""),
            "PADAN_PGPASSWORD": unquote(url.password or ""),
            "PADAN_PGDATABASE": url.path.lstrip("/"),
            **{f"PG{name}".upper(): value for name, value in parse_qsl(url.query)},
            "PGOPTIONS": "-c padan.pseudonym_key=synthetic",
        }
        places = {
            "--project-dir": project,
            "--profiles-dir": project,
            "--log-path": str(self.home / "logs"),
            "--target-path": str(self.home / "target"),
            "--vars": json.dumps({"as_of": as_of}),
        }
        done = subprocess.run(
            [str(Path(sys.executable).parent / "dbt"), *words, *itertools.chain.from_iterable(places.items())],
            env={**os.environ, **connection, "DBT_VERSION_CHECK": "false", "DBT_USE_COLORS": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(done.stdout)
        return done

    def stages(self, as_of: str) -> None:
        """Everything the pipeline runs, in dbt's own order."""
        self.run(as_of, "build", "--exclude-resource-type", "unit_test")
