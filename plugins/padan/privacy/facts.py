"""What the papers state: the agreement of the day, the relations and their classes, and what the logs count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from padan.agreement import Agreement, Dataset
from padan.agreement.clauses import PartyCode
from padan.privacy.lineage import Relation, relations
from padan.warehouse.connection import Connection

PARTIES: tuple[PartyCode, ...] = ("bps", "bkn")
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Exchanges:
    """What the exchange log counts of one party in a year."""

    party: PartyCode
    requests: int
    failed: int
    rows: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the papers state."""

    agreement: Agreement
    day: date
    relations: tuple[Relation, ...]
    exchanges: tuple[Exchanges, ...]
    people: int
    differences: int
    look_ups: int

    def personal_sources(self, relation: Relation) -> str:
        """The datasets about people, and the ledger, that a relation is made of, for a table."""
        about = {one.key for one in self.personal_datasets()} | {"ledger.difference_case"}
        return ", ".join(name for name in relation.sources if name in about) or "–"

    def personal_datasets(self) -> tuple[Dataset, ...]:
        """The datasets that hold anything about a person."""
        return tuple(one for one in self.agreement.datasets if any(item.personal != "none" for item in one.items))


def gather(connection: Connection, agreement: Agreement, manifest_file: Path, day: date) -> Facts:
    """Read it all.

    Raises:
        ConfigurationError: dbt has left no manifest yet.
    """
    return Facts(
        agreement=agreement.on(day),
        day=day,
        relations=relations(manifest_file),
        exchanges=tuple(_exchanges(connection, party, day) for party in PARTIES),
        people=count_of(connection, "marts_asn.dim_asn"),
        differences=count_of(connection, "marts_reconciliation.fct_differences"),
        look_ups=count_of(connection, "privacy.subject_access"),
    )


def count_of(connection: Connection, relation: str) -> int:
    """Rows of a relation; 0 where it was never made."""
    there = connection.execute("select to_regclass(%s)::text", (relation,)).fetchone()
    if not there or not there[0]:
        return 0
    row = connection.execute(f"select count(*) from {there[0]}".encode()).fetchone()  # noqa: S608 - the catalogue's name
    return int(row[0]) if row else 0


def _exchanges(connection: Connection, party: PartyCode, day: date) -> Exchanges:
    row = connection.execute(
        """
        select count(*), count(*) filter (where error is not null or status >= 400), coalesce(sum(rows), 0)::bigint,
            min(extract.as_of), max(extract.as_of)
        from landing.exchange_log left join landing.extract using (extract_id)
        where exchange_log.party = %s and extract.as_of between %s and %s
        """,
        (party, day - YEAR, day),
    ).fetchone()
    return Exchanges(party, *(row or (0, 0, 0, None, None)))
