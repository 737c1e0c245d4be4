"""The deletions: one set-based statement per holding, each with its record in the same transaction."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.landing import archive
from padan.matching.review import file_in
from padan.minutes.annexes import erase_annexes
from padan.places import Place
from padan.retention.kept import RECORDS
from padan.retention.terms import Past, of_dataset, of_people, of_record, past
from padan.settings import Settings
from padan.warehouse import erasures
from padan.warehouse.connection import Connection, connect, exclusive
from padan.warehouse.migrations import migrate

logger = logging.getLogger(__name__)
# History that dbt keeps of single datasets; differences are derived from both sides.
SNAPSHOTS = {("bkn", "data_utama"): "snap_bkn__people", ("bps", "holders"): "snap_bps__holders"}
DIFFERENCES = "snap_comparison__differences"
# What dbt derives from raw; after the agreement's end nothing builds it anew, so it is deleted like its source.
_DERIVED = (
    "staging_bkn", "staging_bps", "matching", "integration",
    "marts_asn", "marts_functional_position", "marts_reconciliation",
)  # fmt: skip
_NEVER: LiteralString = "null::date"
_SUPERSEDED_EXTRACT: LiteralString = (
    "(select min(later.as_of) from landing.extract as later "
    "inner join landing.extract as own on later.party = own.party "
    "where own.extract_id = held.extract_id and later.extract_id > own.extract_id and later.state = 'published')"
)
_SUPERSEDED_DAY: LiteralString = (
    "select min(as_of) from landing.extract where party = %s and state = 'published' and as_of > %s"
)

_FORGOTTEN: LiteralString = """
    with held as (
        select relname, nspname, attname from pg_attribute
        inner join pg_class on pg_class.oid = attrelid inner join pg_namespace on pg_namespace.oid = relnamespace
        where attnum > 0 and not attisdropped
    ),
    model as (select attname from held where (nspname, relname) = (%(staging)s, %(model)s))
    select attname from held
    where
        (nspname, relname) = ('snapshots', %(snapshot)s) and attname !~ '^dbt_' and exists (select from model)
        and attname not in (select attname from model)
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of one table under one dataset's terms."""

    schema: str
    table: str
    role: LiteralString
    received: LiteralString
    superseded: LiteralString
    where: LiteralString = "true"
    dataset: Dataset | None = None

    @property
    def name(self) -> str:
        """As it is put on record."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Due:
    """What of one relation or folder is past its term."""

    relation: str
    rule: str
    """Ids of the terms."""
    cut_off: date | None
    """The day of the term that made it due; None of what left the agreement."""
    count: int
    """Rows, files or editions."""


def foresee(settings: Settings, agreement: Agreement, as_of: date, papers: Path) -> list[Due]:
    """What :func:`maintain` would delete on ``as_of``, by relation and term; changes nothing.

    The deletions are made and taken back, so they are counted by the very statements; files are only counted.

    Raises:
        SourceUnavailable: the warehouse does not answer.
        StepFailed: another run maintains retention.
    """
    return _go_through(settings, agreement.on(as_of), as_of, papers, for_real=False)


def maintain(settings: Settings, agreement: Agreement, as_of: date, papers: Path) -> dict[str, int]:
    """Delete what is past its term on ``as_of``; rows and files deleted, by where they were. Repeated, it does nothing.

    ``papers``: the folder of the published papers, whose annexes have a term too.

    Raises:
        SourceUnavailable: the warehouse does not answer.
        StepFailed: another run maintains retention.
    """
    migrate(settings.database_url.get_secret_value())
    erased: Counter[str] = Counter()
    for due in _go_through(settings, agreement.on(as_of), as_of, papers, for_real=True):
        erased[due.relation] += due.count
    for name, rows in sorted(erased.items()):
        logger.info("%s: %d past their term, deleted", name, rows)
    return dict(sorted(erased.items()))


def _go_through(settings: Settings, agreement: Agreement, as_of: date, papers: Path, *, for_real: bool) -> list[Due]:
    """Delete what is past its term, or ``for_real`` being false, find out what would be deleted."""
    found: list[Due] = []

    def note(relation: str, rule: str, cut_off: date | None, count: int) -> None:
        if count:
            found.append(Due(relation, rule, cut_off, count))

    url = settings.database_url.get_secret_value()
    with (
        connect(url, application="padan-retention", role="loader") as connection,
        exclusive(connection, "retention"),
        # Taken back as a whole: what one deletion takes, the next does not find, as it will be for real.
        nullcontext() if for_real else connection.transaction(force_rollback=True),
    ):
        deed = _Deed(connection, as_of, for_real)
        for dataset in agreement.datasets:
            term = past(agreement, of_dataset(agreement, dataset), as_of)
            if term is None:
                continue
            for holding in _of_dataset(connection, dataset):
                note(holding.name, term.rule, term.cut_off, _erase(deed, holding, term))
            folder, files = _erase_files(deed, settings.archive_dir, dataset, term)
            note(folder, term.rule, term.cut_off, files)
        for holding, term in _of_records(agreement, as_of):
            note(holding.name, term.rule, term.cut_off, _erase(deed, holding, term))
        everyone = past(agreement, of_people(agreement), as_of)
        if everyone is not None:
            for holding in _derived(connection, everyone):
                note(holding.name, everyone.rule, everyone.cut_off, _erase(deed, holding, everyone))
            note("papers", everyone.rule, everyone.cut_off, _erase_papers(deed, papers, everyone))
            note("matching.review", everyone.rule, everyone.cut_off, _erase_review(deed, settings, everyone))
        for relation, values in _forget_columns(deed).items():
            note(relation, erasures.WITHDRAWN, None, values)
    return found


@dataclass(frozen=True, slots=True)
class _Deed:
    """What each deletion needs: the connection, the day on record, and whether it is to stay."""

    connection: Connection
    as_of: date
    for_real: bool

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction of its own; in a dry run a part of the one that is taken back."""
        with self.connection.transaction():
            yield
            self.connection.execute("set local role loader")

    def record(self, relation: str, found: Past, count: int) -> None:
        """Put a deletion that stays on record."""
        if self.for_real:
            erasures.record(self.connection, self.as_of, relation, found.rule, found.cut_off, count)


def _of_dataset(connection: Connection, dataset: Dataset) -> Iterator[Holding]:
    party, name = dataset.party, dataset.name
    yield Holding(f"raw_{party}", name, "loader", "held._as_of", _NEVER)
    yield Holding("landing", f"staged_{party}_{name}", "loader", "held._fetched_at::date", _NEVER)
    of_it: LiteralString = "held.party = %(party)s and held.dataset = %(dataset)s"
    yield Holding("landing", "quarantine", "loader", "held.as_of", _SUPERSEDED_EXTRACT, of_it, dataset)
    if dataset.access == "per_key":  # whom an open extract asks about, and who was asked when
        for table in ("checkpoint", "roster", "person_hint"):
            yield Holding("landing", table, "loader", _NEVER, _NEVER)
        yield Holding("landing", "person_asked", "loader", "held.asked_on", _NEVER)
    if snapshot := SNAPSHOTS.get((party, name)):
        yield _snapshot(snapshot)


def _of_records(agreement: Agreement, as_of: date) -> Iterator[tuple[Holding, Past]]:
    for relation, made_on in RECORDS.items():
        term = past(agreement, of_record(agreement, relation), as_of)
        if term is not None:
            schema, _, table = relation.partition(".")
            yield Holding(schema, table, "owner", made_on, _NEVER), term


def _snapshot(name: str) -> Holding:
    # A version that is still open is the present state, which raw holds as well.
    return Holding("snapshots", name, "transformer", "held.dbt_valid_to::date", "held.dbt_valid_to::date")


def _derived(connection: Connection, found: Past) -> Iterator[Holding]:
    yield _snapshot(DIFFERENCES)
    if not found.whole:
        return  # the next run derives it anew from what raw still holds
    for table in ("changed", "affected"):  # no build comes that would take them
        yield Holding("landing", table, "transformer", _NEVER, _NEVER)
    rows = connection.execute(
        "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname = any(%s) and relkind = 'r' order by 1, 2",
        (list(_DERIVED),),
    )
    for schema, table in rows.fetchall():
        yield Holding(schema, table, "transformer", _NEVER, _NEVER)


def _erase(deed: _Deed, holding: Holding, found: Past) -> int:
    connection = deed.connection
    terms: list[LiteralString] = [holding.where]
    if found.received_before is not None:
        terms.append(holding.received + " < %(received)s")
    if found.superseded_before is not None:
        terms.append(holding.superseded + " < %(superseded)s")
    statement = sql.SQL("delete from {} as held where {}").format(
        sql.Identifier(holding.schema, holding.table), sql.SQL(" and ").join(map(sql.SQL, terms))
    )
    values = {
        "received": found.received_before,
        "superseded": found.superseded_before,
        "party": holding.dataset.party if holding.dataset else None,
        "dataset": holding.dataset.name if holding.dataset else None,
    }
    with deed.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(holding.role)))
        there = connection.execute("select to_regclass(%s)", (holding.name,)).fetchone()
        if there is None or there[0] is None:
            return 0
        rows = connection.execute(statement, values).rowcount
        deed.record(holding.name, found, rows)
    return rows


def _erase_files(deed: _Deed, archive_dir: Place, dataset: Dataset, found: Past) -> tuple[str, int]:
    connection = deed.connection
    folder = f"archive/{dataset.party}/{dataset.name}"
    days = [day for day in archive.days(archive_dir, dataset) if _is_past(connection, dataset, day, found)]
    with deed.transaction():  # on record before the files go, and not if they do not
        files = archive.count(archive_dir, dataset, days)
        deed.record(folder, found, files)
        if deed.for_real:
            archive.erase_days(archive_dir, dataset, days)
    return folder, files


def _is_past(connection: Connection, dataset: Dataset, day: date, found: Past) -> bool:
    if found.received_before is not None and day >= found.received_before:
        return False
    if found.superseded_before is None:
        return True
    row = connection.execute(_SUPERSEDED_DAY, (dataset.party, day)).fetchone()
    return row is not None and row[0] is not None and row[0] < found.superseded_before


def _erase_papers(deed: _Deed, papers: Path, found: Past) -> int:
    connection = deed.connection
    days = [day for day in (found.received_before, found.superseded_before) if day is not None]
    with deed.transaction():
        connection.execute("set local role owner")
        folder = papers if deed.for_real else None
        editions = erase_annexes(connection, folder, min(days, default=None), deed.as_of)
        deed.record("minutes.frozen_input", found, editions)
    return editions


def _erase_review(deed: _Deed, settings: Settings, found: Past) -> int:
    """Delete the review list with the last of what it was made from; until then the next one takes its place."""
    path = file_in(settings.state_dir)
    if not found.whole or not path.exists():
        return 0
    with deed.transaction():
        deed.record("matching.review", found, 1)
        if deed.for_real:
            path.unlink()
    return 1


def _forget_columns(deed: _Deed) -> dict[str, int]:
    """Drop what a snapshot remembers of items that left the agreement: columns that its model has no longer."""
    connection = deed.connection
    erased = {}
    for (party, _), snapshot in SNAPSHOTS.items():
        model = snapshot.replace("snap_", "stg_")
        with deed.transaction():
            connection.execute("set local role transformer")
            columns = connection.execute(
                _FORGOTTEN, {"snapshot": snapshot, "staging": f"staging_{party}", "model": model}
            ).fetchall()
            for (column,) in columns:
                connection.execute("set local role transformer")
                relation = f"snapshots.{snapshot}.{column}"
                if deed.for_real:
                    erased[relation] = erasures.drop_column(connection, deed.as_of, "snapshots", snapshot, column)
                else:
                    erased[relation] = erasures.values_in(connection, "snapshots", snapshot, column)
    return erased
