"""What the latest extracts did, in counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row, tuple_row

_COLUMNS = (
    "dataset, mode, extracted, landed, quarantined, out_of_scope, tombstones, "
    "unchanged, inserted, updated, deleted, note"
)


@dataclass(frozen=True)
class DatasetCounts:
    """Rows of one dataset in one extract. ``extracted = landed + quarantined`` once it is published."""

    dataset: str
    mode: str
    extracted: int
    landed: int | None
    quarantined: int
    out_of_scope: int
    tombstones: int
    unchanged: int | None
    inserted: int | None
    updated: int | None
    deleted: int | None
    note: str | None


@dataclass(frozen=True)
class ExtractSummary:
    """One extract of a party; ``state`` is open, published, stopped, failed or abandoned, ``reason`` why."""

    extract_id: int
    party: str
    as_of: date
    state: str
    reason: str | None
    datasets: tuple[DatasetCounts, ...]
    people_asked: int | None = None
    people_carried: int | None = None
    """People of the roster who were not asked about (a day's calls were limited): raw holds what was said before."""
    oldest_asked_on: date | None = None
    """Logical date on which the person asked about longest ago was; None before anybody was."""

    @property
    def changes(self) -> int:
        """Rows of raw that were inserted, updated or deleted."""
        return sum((counts.inserted or 0) + (counts.updated or 0) + (counts.deleted or 0) for counts in self.datasets)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; dates as ISO text."""
        oldest = self.oldest_asked_on.isoformat() if self.oldest_asked_on else None
        return {**asdict(self), "as_of": self.as_of.isoformat(), "oldest_asked_on": oldest}

    def __str__(self) -> str:
        extracted = sum(counts.extracted for counts in self.datasets)
        return (
            f"{self.party}: extract {self.extract_id} {self.state}: {extracted} rows extracted, {self.changes} changes"
        )


def summary_of(connection: psycopg.Connection[Any], extract_id: int) -> ExtractSummary:
    """The summary of one extract; it must exist."""
    row = (
        connection.cursor(row_factory=tuple_row)
        .execute(
            "select party, as_of, state, reason, people_asked, people_carried, oldest_asked_on "
            "from landing.extract where extract_id = %s",
            (extract_id,),
        )
        .fetchone()
    )
    if row is None:
        raise LookupError(f"there is no extract {extract_id}")
    party, as_of, state, reason, *people = row
    with connection.cursor(row_factory=class_row(DatasetCounts)) as cursor:
        cursor.execute(
            f"select {_COLUMNS} from landing.extract_dataset where extract_id = %s order by dataset",  # noqa: S608
            (extract_id,),
        )
        return ExtractSummary(extract_id, party, as_of, state, reason, tuple(cursor.fetchall()), *people)


def extract_counts(connection: psycopg.Connection[Any]) -> dict[str, dict[str, Any]]:
    """The latest extract of each party, whatever became of it, ready for JSON; empty before the first one."""
    cursor = connection.cursor(row_factory=tuple_row)
    known = cursor.execute("select to_regclass('landing.extract') is not null").fetchone()
    if not known or not known[0]:
        return {}
    rows = cursor.execute("select party, max(extract_id) from landing.extract group by party order by party").fetchall()
    return {party: summary_of(connection, extract_id).as_dict() for party, extract_id in rows}
