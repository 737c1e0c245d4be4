"""The review list: uncertain pairs with everything that speaks for and against each, for the person who decides.

It shows people in clear, so it is written for one person alone (mode 0600), and who made it for whom is on record
before it is written (:mod:`padan.flows.matching`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from padan.errors import StepFailed
from padan.matching import engine, people, registry
from padan.matching.run import apply
from padan.warehouse.connection import Connection

if TYPE_CHECKING:
    from padan.matching.engine import Weighing

LIMIT = 200  # pairs on one list: a morning's work, and a page that a browser opens at once
# In the order in which they are worth a person's time.
REASONS = ("fits_several", "uncertain", "suspected_duplicate")
_DOUBTS = """
    select doubtful.person_id_bkn, doubtful.holder_id, doubtful.tier, doubtful.score, doubtful.evidence, doubtful.reason
    from doubtful
    order by list_position($reasons, reason), score desc, person_id_bkn, holder_id
"""
# Each side's record as the agency holds it; pairs are numbered in the order in which they are asked for.
_CLEAR = """
    select
        people.nip, people.nip_lama, people.nik,
        concat_ws(' ', people.title_front, people.name, people.title_back) as name, people.birth_date, people.sex,
        people.birth_place, people.status_pegawai, people.instansi_name, people.jabatan_fungsional_name,
        holders.nip_bps, holders.nip_lama_bps, holders.nik,
        concat_ws(' ', holders.title_front, holders.name, holders.title_back), holders.birth_date, holders.sex,
        holders.birth_place, holders.employment_type, holders.instansi_name,
        concat_ws(' - ', coalesce(jf.code_name, holders.jf_code), holders.jenjang)
    from unnest(%s::text[], %s::text[]) with ordinality as asked (person_id_bkn, holder_id, place)
    inner join staging_bkn.stg_bkn__people as people on asked.person_id_bkn = people.person_id_bkn
    inner join staging_bps.stg_bps__holders as holders on asked.holder_id = holders.holder_id
    left join (
        select code, min(code_name) as code_name from staging_bps.stg_bps__reference_codes
        where code_type = 'jf' group by code
    ) as jf on holders.jf_code = jf.code
    order by asked.place
"""
_DECIDED = "select decision_id from reference.matching_decisions"
ITEMS = (
    ("nip", "NIP"), ("nip_former", "NIP lama"), ("nik", "NIK"), ("name", "Nama"), ("birth_date", "Tanggal lahir"),
    ("sex", "Jenis kelamin"), ("birth_place", "Tempat lahir"), ("employment_type", "Jenis pegawai"),
    ("instansi", "Instansi"), ("jf", "Jabatan fungsional"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the comparison: both values in clear, and how the rules read them (a level's label, if compared)."""

    name: str
    label: str
    bkn: str
    bps: str
    level: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """An uncertain pair. ``link`` and ``never_link``: the line of ``matching_decisions.csv`` that says so."""

    person_id_bkn: str
    holder_id: str
    tier: str
    reason: str
    score: float
    weight: float | None
    items: tuple[Item, ...]
    waterfall: list[dict[str, Any]] | None
    link: str
    never_link: str

    @property
    def nips(self) -> set[str]:
        """The NIPs that the pair shows."""
        item = next(item for item in self.items if item.name == "nip")
        return {value for value in (item.bkn, item.bps) if re.fullmatch(r"[0-9]{18}", value)}


@dataclass(frozen=True, slots=True)
class ReviewList:
    """Pairs that wait, at most :data:`LIMIT`; ``waiting`` counts them all. ``chart`` is Splink's, without data."""

    as_of: date
    by: str
    waiting: int
    pairs: tuple[Pair, ...]
    chart: dict[str, Any] | None


def file_in(state_dir: Path) -> Path:
    """Where the list is written; there is one at most."""
    return state_dir / "matching" / "review.html"


def gather(database: Connection, as_of: date, by: str) -> ReviewList:
    """The pairs that the latest step ``link_people`` left to a person, weighed anew from the same tables.

    Raises:
        StepFailed: nobody was matched yet, or the registry is at fault.
    """
    built = database.execute("select to_regclass('integration.int_matching__exact_pairs')").fetchone()
    if not built or built[0] is None:
        raise StepFailed("nobody has been matched yet: run the step link_people first")
    with people.workbench() as bench:
        tiers = registry.read(database)
        if not all(people.left(database)):
            return ReviewList(as_of, by, 0, (), None)
        weighing = apply(bench, tiers, people.load(database, bench))
        doubts = bench.execute(_DOUBTS, {"reasons": list(REASONS)}).fetchall()
        shown = doubts[:LIMIT]
        charts = _weighed(bench) if weighing else {}
        chart = weighing.chart(next(iter(charts.values()))) if weighing and charts else None
        numbers = _free_numbers(database)
        clear = database.execute(_CLEAR.encode(), ([row[0] for row in shown], [row[1] for row in shown])).fetchall()
        pairs = []
        for number, doubt, values in zip(numbers, shown, clear, strict=False):
            record = charts.get((doubt[0], doubt[1]))
            items, waterfall = _items(doubt, values, weighing, record), None
            if weighing and record:
                waterfall = weighing.waterfall(record)
            pairs.append(_pair(number, doubt, items, record["weight"] if record else None, waterfall, as_of, by))
    return ReviewList(as_of, by, len(doubts), tuple(pairs), chart)


def _weighed(bench: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of ``weighed`` that wait for a person, by the two ids."""
    found = bench.execute(
        "select weighed.* from weighed semi join doubtful "
        "on weighed.left_id = doubtful.person_id_bkn and weighed.right_id = doubtful.holder_id"
    )
    names = [column[0] for column in found.description or ()]
    records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(one["left_id"], one["right_id"]): one for one in records}


def _items(
    doubt: tuple[Any, ...], values: tuple[Any, ...], weighing: Weighing | None, record: dict[str, Any] | None
) -> tuple[Item, ...]:
    levels = _of(doubt[4])
    if weighing and record:
        levels = engine.levels(weighing.model.settings, record) | levels
    half = len(ITEMS)
    return tuple(
        Item(name, label, _text(bkn), _text(bps), levels.get(name))
        for (name, label), bkn, bps in zip(ITEMS, values[:half], values[half:], strict=True)
    )


def _pair(
    number: str,
    doubt: tuple[Any, ...],
    items: tuple[Item, ...],
    weight: float | None,
    waterfall: list[dict[str, Any]] | None,
    as_of: date,
    by: str,
) -> Pair:
    person_id_bkn, holder_id, tier, score, evidence, reason = doubt

    def line(decision: str) -> str:
        return _line(number, decision, person_id_bkn, holder_id, by, as_of.isoformat(), f"Ditinjau: {evidence}")

    return Pair(
        person_id_bkn, holder_id, tier, reason, float(score), weight, items, waterfall, line("link"), line("never_link")
    )


def _of(evidence: str) -> dict[str, str]:
    """``nip:former name:same`` as a mapping."""
    return {name: level for name, _, level in (word.partition(":") for word in evidence.split())}


def _text(value: Any) -> str:
    return value.strftime("%d-%m-%Y") if isinstance(value, date) else str(value or "").strip()


def _line(*fields: str) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(fields)
    return written.getvalue()


def _free_numbers(database: Connection) -> Iterable[str]:
    """``D-0007`` and so on, behind the highest number given so far."""
    given = [int(found[1]) for (name,) in database.execute(_DECIDED) if (found := re.fullmatch(r"D-([0-9]+)", name))]
    first = max(given, default=0) + 1
    return (f"D-{number:04d}" for number in range(first, first + LIMIT))
