"""Reads a built sandbox world as a client would see it, and compares the two agencies in plain Python.

Written against the served bodies alone, not the generator: the tests hold the truth file against it.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from padan.agreement import load_agreement

Row = dict[str, Any]
Key = tuple[str | None, str | None, str, str]
SCOPE = load_agreement(Path(__file__).resolve().parent.parent / "agreement" / "sandbox.yaml").scope
UNUSABLE = object()


@dataclass
class ServedWorld:
    """The rows of both agencies, before any scope."""

    people: dict[str, dict[str, Any]]  # NIP -> dataset -> data
    lists: dict[str, list[Row]]
    rows: dict[str, list[Row]]  # BPS dataset -> live rows
    export: list[dict[str, str]]
    truth: Row

    @classmethod
    def read(cls, directory: Path) -> ServedWorld:
        connection = sqlite3.connect(directory / "world.sqlite")
        people: dict[str, dict[str, Any]] = defaultdict(dict)
        for nip, dataset, body in connection.execute("select nip, dataset, body from siasn_person"):
            people[nip][dataset] = json.loads(body)["data"]
        lists: dict[str, list[Row]] = defaultdict(list)
        for name, body in connection.execute("select name, body from siasn_list order by name, position"):
            lists[name].append(json.loads(body))
        rows: dict[str, list[Row]] = defaultdict(list)
        for dataset, body in connection.execute("select dataset, body from jf_row where deleted_at is null"):
            rows[dataset].append(json.loads(body))
        truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
        export_file = directory / "portal_export" / f"portal_export_{truth['as_of']}.csv"
        with export_file.open(encoding="utf-8", newline="") as file:
            return cls(dict(people), dict(lists), dict(rows), list(csv.DictReader(file)), truth)


@dataclass
class Comparison:
    """What a pipeline with exact keys finds, and how many rows it lands."""

    differences: set[Key]
    matched: Counter[str]
    landing: dict[str, Counter[str]]
    findings: Counter[tuple[str, str, str]]
    asked: set[str]


def folded(text: str | None) -> str | None:
    return re.sub(r"[^a-z0-9]", "", text.lower()) if text and text.strip() else None


def day(text: str | None, pattern: str) -> Any:
    if not text:
        return None
    try:
        return datetime.strptime(text, pattern).date()
    except ValueError:
        return UNUSABLE


class Comparer:
    def __init__(self, world: ServedWorld) -> None:
        self.world = world
        self.codes = {(row["code_type"], row["code"]): row["bkn_code"] for row in world.rows["reference_codes"]}
        self.fostered = {
            row["id"] for row in world.lists["jabatan-fungsional"] if row["kel_jabatan_id"] in SCOPE.kel_jabatan_ids
        }
        self.landing: dict[str, Counter[str]] = defaultdict(Counter)
        self.findings: Counter[tuple[str, str, str]] = Counter()

    def run(self) -> Comparison:
        holders = self._land_bps()
        asked = {row["nip"] for row in holders} | self._land_export({row["nip"] for row in holders})
        people = self._land_people(asked)
        pairs, matched = self._match(people, holders)
        self._match_further(pairs, matched, people, holders)
        found: set[Key] = set()
        for person, holder in pairs:
            bkn, bps = self._bkn_values(person), self._bps_values(holder)
            for attribute in bkn:
                verdict = compare(bkn[attribute], bps[attribute])
                if verdict != "identical":
                    found.add((person["data_utama"]["id"], holder["holder_id"], attribute, verdict))
        known_bkn = {person["data_utama"]["id"] for person, _ in pairs}
        known_bps = {holder["holder_id"] for _, holder in pairs}
        for person in people:
            if person["data_utama"]["id"] not in known_bkn:
                found.add((person["data_utama"]["id"], None, "presence", "only_in_bkn"))
        for holder in holders:
            if holder["holder_id"] not in known_bps:
                found.add((None, holder["holder_id"], "presence", "only_in_bps"))
        return Comparison(found, matched, self.landing, self.findings, asked)

    def _land_bps(self) -> list[Row]:
        landed = []
        for row in self.world.rows["holders"]:
            if row["jf_code"] not in SCOPE.jf_codes:
                self.landing["holders"]["out_of_scope"] += 1
            elif re.fullmatch(r"\d{18}", row["nip"]):
                self.landing["holders"]["landed"] += 1
                landed.append(row)
            else:
                self.landing["holders"]["quarantined"] += 1
        covered = {row["holder_id"] for row in landed}
        for dataset in ("position_history", "credits", "competence_tests", "formations", "reference_codes"):
            for row in self.world.rows[dataset]:
                inside = row.get("holder_id", next(iter(covered))) in covered
                if dataset in ("position_history", "formations"):
                    inside = inside and row["jf_code"] in SCOPE.jf_codes
                nested = any(isinstance(value, dict | list) for value in row.values())
                self.landing[dataset]["out_of_scope" if not inside else "quarantined" if nested else "landed"] += 1
                if inside:
                    self._find(dataset, row, {"decree_date": "%Y-%m-%d"})
        unique: dict[str, Row] = {}
        for row in sorted(landed, key=lambda row: str(row["holder_id"])):
            if row["nip"] in unique:
                self.findings["holders", "nip_bps", "duplicate_person"] += 1
            else:
                unique[row["nip"]] = row
        return list(unique.values())

    def _land_export(self, listed: set[str]) -> set[str]:
        kept = set()
        for row in self.world.export:
            inside = row["nip_baru"] in listed or (
                row["jenis_jabatan_id"] == "2" and row["jabatan_id"] in self.fostered
            )
            if not inside:
                self.landing["portal_export"]["out_of_scope"] += 1
            elif re.fullmatch(r"\d{18}", row["nip_baru"]):
                self.landing["portal_export"]["landed"] += 1
                kept.add(row["nip_baru"])
            else:
                self.landing["portal_export"]["quarantined"] += 1
        return kept

    def _land_people(self, asked: set[str]) -> list[dict[str, Any]]:
        people = [self.world.people[nip] for nip in sorted(asked) if nip in self.world.people]
        for person in people:
            self.landing["data_utama"]["landed"] += 1
            for dataset in ("rw_jabatan", "rw_golongan", "rw_angkakredit", "rw_pendidikan"):
                for row in person.get(dataset, []):
                    outside = dataset == "rw_jabatan" and row["jabatanFungsionalId"] not in self.fostered
                    self.landing[dataset]["out_of_scope" if outside else "landed"] += 1
                    if not outside:
                        self._find(dataset, row, {"skTanggal": "%d-%m-%Y", "tanggalSk": "%d-%m-%Y"})
        return people

    def _find(self, dataset: str, row: Row, dates: dict[str, str]) -> None:
        for field, pattern in dates.items():
            if day(row.get(field), pattern) is UNUSABLE:
                column = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field).lower()
                self.findings[dataset, column, "impossible_date"] += 1

    @staticmethod
    def _match(
        people: list[dict[str, Any]], holders: list[Row]
    ) -> tuple[list[tuple[dict[str, Any], Row]], Counter[str]]:
        by_nip = {row["nip"]: row for row in holders}
        pairs = [(p, by_nip[p["data_utama"]["nipBaru"]]) for p in people if p["data_utama"]["nipBaru"] in by_nip]
        matched = Counter(exact_nip=len(pairs))
        taken = {holder["holder_id"] for _, holder in pairs}
        done = {person["data_utama"]["id"] for person, _ in pairs}
        by_nik = {row["nik"]: row for row in holders if row["holder_id"] not in taken and row["nik"]}
        for person in people:
            nik = person["data_utama"]["nik"]
            if person["data_utama"]["id"] not in done and nik in by_nik:
                pairs.append((person, by_nik[nik]))
                matched["exact_nik"] += 1
        return pairs, matched

    def _match_further(
        self, pairs: list[tuple[dict[str, Any], Row]], matched: Counter[str], people: list[Any], holders: list[Row]
    ) -> None:
        """Whom no exact key settles, as the truth has it: both must be among those that the keys left."""
        bkn = {person["data_utama"]["id"]: person for person in people}
        bps = {row["holder_id"]: row for row in holders}
        for person, holder in pairs:
            del bkn[person["data_utama"]["id"]], bps[holder["holder_id"]]
        for row in self.world.truth["pairs"]:
            if not row["settled_by_exact_keys"]:
                pairs.append((bkn[row["person_id_bkn"]], bps[row["holder_id"]]))
                matched["beyond_exact_keys"] += 1

    def _bkn_values(self, person: dict[str, Any]) -> dict[str, Any]:
        row = person["data_utama"]
        credit = [float(one["kreditBaruTotal"]) for one in person.get("rw_angkakredit", [])]
        values: dict[str, Any] = {
            "nip": row["nipBaru"],
            "nik": row["nik"] or None,
            "name": folded(row["nama"]),
            "title_front": folded(row["gelarDepan"]),
            "title_back": folded(row["gelarBelakang"]),
            "birth_place": folded(row["tempatLahir"]),
            "birth_date": day(row["tglLahir"], "%d-%m-%Y"),
            "sex": row["jenisKelamin"],
            "employment_type": row["statusPegawai"],
            "employment_status": row["kedudukanPnsId"],
            "golongan": row["golRuangAkhirId"],
            "golongan_tmt": day(row["tmtGolAkhir"], "%d-%m-%Y"),
            "instansi": row["instansiKerjaId"],
            "unit": folded(row["unorNama"]),
            "education_level": row["tkPendidikanTerakhirId"],
            "jabatan_fungsional": row["jabatanFungsionalId"] or None,
            "jenjang": row["kode_jenjang_jabatan"] or None,
            "jf_tmt": day(row["tmtJabatan"], "%d-%m-%Y"),
            "credit_total": round(sum(credit), 3) if credit else None,
        }
        self._note(
            "data_utama", values, {"birth_date": "tgl_lahir", "golongan_tmt": "tmt_gol_akhir"}, "impossible_date"
        )
        return values

    def _code(self, code_type: str, code: str) -> Any:
        return self.codes.get((code_type, code)) or UNUSABLE

    def _bps_values(self, row: Row) -> dict[str, Any]:
        credit = row["credit_total"]
        values: dict[str, Any] = {
            "nip": row["nip"],
            "nik": row["nik"] or None,
            "name": folded(row["name"]),
            "title_front": folded(row["title_front"]),
            "title_back": folded(row["title_back"]),
            "birth_place": folded(row["birth_place"]),
            "birth_date": day(row["birth_date"], "%Y-%m-%d"),
            "sex": {"L": "M", "P": "F"}[row["sex"]],
            "employment_type": row["employment_type"],
            "employment_status": self._code("employment_status", row["employment_status"]),
            "golongan": self._code("golongan", row["golongan"]),
            "golongan_tmt": day(row["golongan_tmt"], "%Y-%m-%d"),
            "instansi": self._code("instansi", row["instansi_code"]),
            "unit": folded(row["unit_name"]),
            "education_level": self._code("education_level", row["education_level"]),
            "jabatan_fungsional": self._code("jf", row["jf_code"]),
            "jenjang": self._code("jenjang", row["jenjang"]),
            "jf_tmt": day(row["jf_tmt"], "%Y-%m-%d"),
            "credit_total": credit if credit is None or isinstance(credit, float) else UNUSABLE,
        }
        self._note("holders", values, {"birth_date": "birth_date", "jf_tmt": "jf_tmt"}, "impossible_date")
        self._note("holders", values, {"credit_total": "credit_total"}, "not_a_number")
        codes = {"instansi": "instansi_code", "education_level": "education_level"}
        self._note("holders", values, codes, "unmapped_code")
        return values

    def _note(self, dataset: str, values: dict[str, Any], fields: dict[str, str], rule: str) -> None:
        for attribute, field in fields.items():
            if values[attribute] is UNUSABLE:
                self.findings[dataset, field, rule] += 1


def compare(bkn: Any, bps: Any) -> str:
    if UNUSABLE in (bkn, bps):
        return "not_comparable"
    if bkn == bps:
        return "identical"
    return "only_in_bps" if bkn is None else "only_in_bkn" if bps is None else "modified"
