"""The step's work: find what decisions and exact keys leave, and record it where it differs from what is recorded."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import duckdb
from psycopg import sql

from padan.errors import StepFailed
from padan.matching import corrected, people, probabilistic, registry
from padan.matching.engine import Weighing
from padan.matching.registry import Tier
from padan.matching.streams import outgoing
from padan.warehouse import changes
from padan.warehouse.connection import Connection, exclusive

logger = logging.getLogger(__name__)
_TABLES = {"person_pair": "found", "review_pair": "doubtful"}


@dataclass(frozen=True)
class Linked:
    """How many were left on each side, pairs found by tier, and uncertain pairs by the reason why they wait."""

    left_bkn: int
    left_bps: int
    tiers: dict[str, int]
    review: dict[str, int]


def link(database: Connection) -> Linked:
    """Pair the people whom no decision and no exact key settles.

    The same people make the same pairs, and a repeated run changes no row. Where one side has nobody left, nobody is
    loaded.

    Raises:
        StepFailed: the registry (seed ``matching_tiers``) is at fault, or a pair is of a tier that it does not name.
    """
    with exclusive(database, "matching"), people.workbench() as bench:
        tiers = registry.read(database)
        left_bkn, left_bps = people.left(database)
        if left_bkn and left_bps:
            apply(bench, tiers, people.load(database, bench))
        with database.transaction():
            for table, source in _TABLES.items():
                _record(database, bench, table, source, tiers)
        return Linked(left_bkn, left_bps, _counts(bench, "found", "tier"), _counts(bench, "doubtful", "reason"))


def apply(bench: duckdb.DuckDBPyConnection, tiers: dict[str, Tier], everybody: int = 0) -> Weighing | None:
    """Fill ``found`` and ``doubtful`` from ``bkn``, ``bps`` and ``never`` (:mod:`padan.matching.people`), tier by tier.

    ``everybody``: how many people BKN has, where ``bkn`` holds but a part of them.
    Returns the weighing of the probabilistic tier, if the registry names it.
    """
    if "nip_corrected" in tiers:
        corrected.find(bench)
    return probabilistic.find(bench, tiers["probabilistic"], everybody) if "probabilistic" in tiers else None


def _counts(bench: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, int]:
    return dict(bench.execute(f"select {column}, count(*) from {table} group by 1 order by 1").fetchall())


def _record(
    database: Connection, bench: duckdb.DuckDBPyConnection, table: str, source: str, tiers: dict[str, Tier]
) -> None:
    """Make ``matching.<table>`` hold exactly the rows of ``source``; rows that stay as they were are not touched."""
    unnamed = sorted(set(_counts(bench, source, "tier")) - set(tiers))
    if unnamed:
        raise StepFailed(f"the registry of tiers does not name {', '.join(unnamed)}; nothing was recorded")
    columns = ", ".join(bench.table(source).columns)
    database.execute(f"create temporary table fresh (like matching.{table}) on commit drop".encode())
    outgoing(database, bench, f"select * from {source} order by all", sql.SQL(f"fresh ({columns})"))
    if table == "person_pair":
        held, now = f"(select {columns} from matching.person_pair)", f"(select {columns} from fresh)"  # noqa: S608
        changes.affect(database, f"({held} except {now}) union ({now} except {held})")
    database.execute(f"delete from matching.{table} where ({columns}) not in (select {columns} from fresh)".encode())
    database.execute(
        f"insert into matching.{table} ({columns}) select {columns} from fresh on conflict do nothing".encode()
    )
    database.execute("drop table fresh")
