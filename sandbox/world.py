"""Writes one day of a seeded world, person by person: the bodies to serve, the portal export, the truth file."""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

import orjson

from sandbox import code_changes
from sandbox.agencies import Agency, build_agencies
from sandbox.days import FIRST_DAY
from sandbox.differences import Plan, Record, record_of, spare_nip
from sandbox.jf_bodies import KEYS, person_rows
from sandbox.ledger_truth import LedgerTruth
from sandbox.people import Person, Population
from sandbox.portal_export import COLUMNS, export_row
from sandbox.reference import FOSTERED, FUNCTIONAL_POSITIONS
from sandbox.reference_lists import formations, reference_codes, siasn_lists
from sandbox.siasn_bodies import person_bodies, position_fields, position_kind
from sandbox.truth import DIRT, Truth
from sandbox.year import YearPlan

DEFAULT_PEOPLE, DEFAULT_SEED = 2000, 20231204
WORLD_FILE, TRUTH_FILE, EXPORT_DIR = "world.sqlite", "truth.json", "portal_export"
_FOSTERED_CODES = frozenset(row.code for row in FOSTERED)
_FOSTERED_IDS = frozenset(row.id for row in FOSTERED)
# People outside the scope, as shares of BPS's list: in other JFs and on BPS's list too, and only in BKN's.
_OTHER_JF_SHARE, _OTHERS_SHARE = 0.08, 0.25
_SCHEMA = """
    create table meta (name text primary key, value text not null);
    create table siasn_person (
        nip text not null, dataset text not null, body blob not null, primary key (nip, dataset)
    );
    create table siasn_list (
        name text not null, position integer not null, body blob not null, primary key (name, position)
    );
    create table jf_row (
        dataset text not null, updated_at text not null, key text not null, deleted_at text, body blob not null,
        primary key (dataset, updated_at, key)
    ) without rowid;
"""
_FLUSH_AT = 500  # bodies
Row = dict[str, Any]
Key = tuple[str, str]  # dataset, key of the row


def _stamp(run: int, day: date, rng: random.Random) -> str:
    """When a row last changed: before the world began, or in the small hours of the day of a later run."""
    midnight = datetime.combine(day, time(), UTC)
    if run == 1:
        moment = midnight - timedelta(seconds=rng.randrange(1, 700 * 86_400))
    else:
        moment = midnight + timedelta(seconds=rng.randrange(5 * 3600))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(dataset: str, row: Row) -> str:
    return str(row[KEYS[dataset]]) if dataset != "reference_codes" else f"{row['code_type']}/{row['code']}"


class _Writer:
    """Writes people, and counts what a full extraction of them has to give."""

    def __init__(self, connection: sqlite3.Connection, export: TextIO, plan: Plan | YearPlan) -> None:
        self._connection, self._plan = connection, plan
        self._csv = csv.writer(export, lineterminator="\n")
        self._csv.writerow(COLUMNS)
        self._people: list[tuple[str, str, bytes]] = []
        self._rows: list[tuple[str, str, str, str | None, bytes]] = []
        self.truth = Truth()
        self.filled: Counter[tuple[str, str]] = Counter()

    def flush(self) -> None:
        """Hand what has gathered to SQLite."""
        self._connection.executemany("insert into siasn_person values (?, ?, ?)", self._people)
        self._connection.executemany("insert into jf_row values (?, ?, ?, ?, ?)", self._rows)
        self._people, self._rows = [], []

    def person(self, days: list[Record], duplicate_id: str) -> None:
        """Write one person, given as they are on each day up to the present one."""
        record = days[-1]
        bodies, rows = person_bodies(record)
        if record.bkn:
            self._people += [(record.bkn.nip, dataset, body) for dataset, body in bodies.items()]
            self._csv.writerow(export_row(record, record.bkn))
        current = self._bps_rows(days, duplicate_id)
        position = record.person.truth.position
        if position:
            self.filled[record.person.truth.agency.code, position.code] += 1
        self._count(record, rows, current)
        if len(self._people) > _FLUSH_AT:
            self.flush()

    def rows(self, dataset: str, runs: list[list[Row]]) -> None:
        """Write rows of BPS that are about no person, given as they are in each run up to the present one."""
        by_key = [{(dataset, _key(dataset, row)): row for row in rows} for rows in runs]
        self._write(self._versions(by_key, random.Random(f"{dataset}/stamps")))
        self.flush()

    def _versions(self, runs: list[dict[Key, Row]], rng: random.Random) -> dict[Key, tuple[Row, str, str | None]]:
        """Rows with ``updated_at`` and ``deleted_at``: what changed, came or went is stamped with that run."""
        known: dict[Key, tuple[Row, str, str | None]] = {}
        for run, present in enumerate(runs, start=1):
            day = self._plan.date_of(run)
            for key, row in present.items():
                before = known.get(key)
                if before is None or before[0] != row or before[2] is not None:
                    known[key] = (row, _stamp(run, day, rng), None)
            for key, (row, _, deleted_at) in list(known.items()):
                if key not in present and deleted_at is None:
                    gone = _stamp(run, day, rng)
                    known[key] = (row, gone, gone)
        return known

    def _write(self, versions: dict[Key, tuple[Row, str, str | None]]) -> None:
        for (dataset, key), (row, updated_at, deleted_at) in versions.items():
            body = orjson.dumps({**row, "updated_at": updated_at, "deleted_at": deleted_at})
            self._rows.append((dataset, updated_at, key, deleted_at, body))

    def _bps_rows(self, days: list[Record], duplicate_id: str) -> dict[str, list[Row]]:
        runs = [person_rows(record, duplicate_id) for record in days]
        by_key = [{(name, _key(name, row)): row for name, rows in run.items() for row in rows} for run in runs]
        self._write(self._versions(by_key, random.Random(f"{days[0].person.noise_seed}/stamps")))
        return runs[-1]

    def _count(self, record: Record, rows: dict[str, int], current: dict[str, list[Row]]) -> None:
        kind = record.kind or ""
        on_list = record.bps is not None and record.bps.positions[-1].code in _FOSTERED_CODES
        self._count_bps(record, current, on_list, kind)
        asked = {record.bps.nip} if on_list and record.bps and not record.damaged_nip else set()
        if record.bkn:
            position_id, _, _ = position_fields(record, record.bkn)
            shown = record.export_nip or record.bkn.nip
            kept = shown in asked or (position_kind(record) == "2" and position_id in _FOSTERED_IDS)
            if kept and record.export_nip:
                self.truth.quarantined(kind, "portal_export", "nip_baru", "nip")
            elif kept:
                self.truth.count("portal_export", "landed")
                asked.add(shown)
            else:
                self.truth.count("portal_export", "out_of_scope")
        if not asked:
            return
        self.truth.asked += len(asked)
        if record.bkn and record.bkn.nip in asked:
            self._count_bkn(record, rows, kind)
        self.truth.add(record)

    def _count_bkn(self, record: Record, rows: dict[str, int], kind: str) -> None:
        for dataset, count in rows.items():
            self.truth.count(dataset, "landed", count)
        history = (
            record.person.truth.positions
            if record.bkn and not record.bkn.positions
            else (record.bkn.positions if record.bkn else ())
        )
        outside = rows["rw_jabatan"] - sum(step.code in _FOSTERED_CODES for step in history)
        self.truth.count("rw_jabatan", "landed", -outside)
        self.truth.count("rw_jabatan", "out_of_scope", outside)
        for dataset in sorted(record.dirt & {"rw_golongan", "rw_jabatan"}):
            self.truth.finding(kind, dataset, *DIRT[dataset])

    def _count_bps(self, record: Record, current: dict[str, list[Row]], on_list: bool, kind: str) -> None:
        for dataset, rows in current.items():
            for row in rows:
                inside = (
                    on_list
                    and row.get("jf_code", record.bps.positions[-1].code if record.bps else "") in _FOSTERED_CODES
                )
                if not inside:
                    self.truth.count(dataset, "out_of_scope")
                elif dataset == "holders" and record.damaged_nip:
                    self.truth.quarantined(kind, dataset, "nip_bps", "nip")
                elif isinstance(row.get("score"), dict):
                    self.truth.quarantined(kind, dataset, *DIRT[dataset])
                else:
                    self.truth.count(dataset, "landed")
        if "credits" in record.dirt and on_list:
            self.truth.finding(kind, "credits", *DIRT["credits"])


def _as_known(plan: Plan | YearPlan, record: Record, run: int) -> Record:
    """The record with each side's agency as that party knows it in the run."""
    if record.bkn:
        record.bkn.agency = plan.agency(record.bkn.agency, "bkn", run)
    if record.bps:
        record.bps.agency = plan.agency(record.bps.agency, "bps", run)
    return record


def _everyone(
    population: Population, plan: Plan | YearPlan, seed: int, agencies: list[Agency], last_run: int
) -> Iterator[list[Record]]:
    """Each person as they are in run 1 .. ``last_run`` (run 1 alone where nothing can change), in a fixed order."""
    waiting: dict[int, Person] = {}

    every_run = range(1, (last_run if plan.everyone_changes else 1) + 1)

    def person(index: int) -> Person:
        if index not in waiting:
            waiting[index] = population.holder(index, plan.wish(index))
        return waiting[index]

    done: set[int] = set()
    for index in plan.indexes():
        planted = plan.of(index)
        someone = person(index)
        spare, partner = "", None
        if planted:
            spare = spare_nip(population.register, planted, someone)
            partner = person(planted.partner) if planted.partner is not None else None
        changing = planted is not None and len(set(planted.life)) > 1
        yield [
            _as_known(plan, record_of(someone, planted, run, agencies, spare, partner), run)
            for run in (range(1, last_run + 1) if changing else every_run)
        ]
        done.add(index)
        if planted is None or planted.partner is None:
            del waiting[index]
        elif planted.partner in done:
            del waiting[index], waiting[planted.partner]
    start = plan.people + plan.beyond
    for number in range(round(plan.people * (_OTHER_JF_SHARE + _OTHERS_SHARE))):
        in_jf = number < round(plan.people * _OTHER_JF_SHARE * 2)
        outsider = population.other(start + number, in_jf)
        records = [record_of(outsider, None, run, agencies, "", None) for run in every_run]
        for record in records if number >= round(plan.people * _OTHER_JF_SHARE) else ():
            record.bps = None
        yield [_as_known(plan, record, run) for run, record in zip(every_run, records, strict=True)]


def build(directory: Path, people: int, seed: int, day: int, *, year: bool = False) -> dict[str, Any]:
    """Write the world of ``seed`` on ``day`` to ``directory`` and return its truth.

    With ``year`` the world is that of the played year, and ``day`` the number of its monthly run. The same arguments
    give the same bytes. Services that serve the directory take up the new world by themselves.

    Raises:
        ValueError: if ``people`` are too few to plant every kind of difference, or there is no such ``day``.
    """
    if day < 1:
        raise ValueError("the first day is 1")
    plan = YearPlan(seed, people) if year else Plan(seed, people)
    as_of = plan.date_of(day)
    agencies = build_agencies()
    population = Population(seed, agencies, FIRST_DAY)
    exports = directory / EXPORT_DIR
    exports.mkdir(parents=True, exist_ok=True)
    export_file = exports / f"portal_export_{as_of.isoformat()}.csv"
    fresh, fresh_export = directory / f"{WORLD_FILE}.new", exports / f".{export_file.name}.new"
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh)
    try:
        connection.executescript(f"pragma journal_mode = off; pragma synchronous = off; {_SCHEMA}")
        with fresh_export.open("w", encoding="utf-8", newline="") as export:
            writer = _Writer(connection, export, plan)
            ledger = LedgerTruth(plan, day) if isinstance(plan, YearPlan) else None
            for records in _everyone(population, plan, seed, agencies, day):
                writer.person(records, f"JF{90_000_000 + records[0].person.index:08}")
                if ledger:
                    ledger.add(records)
        _write_lists(connection, writer, agencies, plan, day)
        about = {"people_wanted": people, "seed": seed, "plan": plan.name, "day": day, "as_of": as_of.isoformat()}
        connection.executemany("insert into meta values (?, ?)", [(name, str(value)) for name, value in about.items()])
        connection.commit()
    finally:
        connection.close()
    truth = writer.truth.document(**about) | (ledger.document() if ledger else {})
    _publish(directory, fresh, fresh_export, export_file, truth)
    return truth


def _write_lists(
    connection: sqlite3.Connection, writer: _Writer, agencies: list[Agency], plan: Plan | YearPlan, last_run: int
) -> None:
    known = [(agency, plan.agency(agency, "bkn", last_run)) for agency in agencies]
    # SIASN keeps an agency that was founded anew under its old id, without units.
    former = [replace(before, units=[]) for before, now in known if before.id != now.id]
    lists = siasn_lists([now for _, now in known] + former)
    # In a played year the agencies alone change.
    daily = not isinstance(plan, YearPlan)
    for name, rows in (code_changes.siasn_on_day(lists, last_run) if daily else lists).items():
        connection.executemany(
            "insert into siasn_list values (?, ?, ?)",
            [(name, place, orjson.dumps(row)) for place, row in enumerate(rows)],
        )
        if name not in ("agama", "eselon", "kanreg"):
            dataset = name.replace("-", "_")
            writer.truth.count(dataset if dataset.startswith("ref_") else f"ref_{dataset}", "landed", len(rows))
    runs = range(1, last_run + 1)
    codes = [reference_codes([plan.agency(agency, "bps", run) for agency in agencies]) for run in runs]
    if daily:
        codes = [code_changes.bps_on_day(rows, run) for run, rows in zip(runs, codes, strict=True)]
    needs = formations(writer.filled)
    writer.rows("reference_codes", codes)
    writer.rows("formations", [needs])
    writer.truth.count("reference_codes", "landed", len(codes[-1]))
    for row in needs:
        writer.truth.count("formations", "landed" if FUNCTIONAL_POSITIONS[row["jf_code"]].fostered else "out_of_scope")
    if daily:
        renamed = next(agency.id for agency in agencies if agency.name.strip() == code_changes.RENAMED_AGENCY)
        writer.truth.codes(code_changes.changes(renamed, last_run), codes[-1], last_run)


def _publish(directory: Path, fresh: Path, fresh_export: Path, export_file: Path, truth: dict[str, Any]) -> None:
    """Put the new files in place of the old ones; exports of another world or of later days would lie, so they go."""
    truth_file = directory / TRUTH_FILE
    before = json.loads(truth_file.read_text(encoding="utf-8")) if truth_file.exists() else {}
    same_world = all(before.get(name) == truth[name] for name in ("people_wanted", "seed", "plan"))
    for old in export_file.parent.glob("portal_export_*.csv"):
        if not same_world or old.name > export_file.name:
            old.unlink()
    os.replace(fresh_export, export_file)
    os.replace(fresh, directory / WORLD_FILE)
    truth_file.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
