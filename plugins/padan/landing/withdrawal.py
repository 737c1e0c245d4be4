"""What leaves the agreement leaves the tables: columns that no item stands for any longer, rows of unlisted datasets.

Done before the first request of the next extract, together with its record. An item that a model or an expectation
still reads is refused by the name of the file instead, before anything is requested or dropped: what a comparison means
without it is for a person to say, and a column that is suddenly empty would make every person differ.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from psycopg import sql

from padan.agreement import Agreement
from padan.errors import ConfigurationError
from padan.landing import archive
from padan.settings import Settings
from padan.warehouse import erasures
from padan.warehouse.connection import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A column of a raw table and of its staged twin for which the agreement has no item."""

    party: str
    dataset: str
    column: str


def withdraw(connection: Connection, settings: Settings, agreement: Agreement, as_of: date) -> None:
    """Drop what ``agreement``, as it stands on ``as_of``, no longer lists, and put it on record; idempotent.

    Raises:
        ConfigurationError: a dbt model or an expectation still reads it; nothing was changed.
    """
    columns = list(_withdrawn(connection, agreement))
    _refuse_if_read(settings.project_dir, columns)
    for one in columns:
        values = _drop(connection, one, as_of)
        logger.warning(
            "%s.%s: %s is no item of the agreement any more; its column was dropped, with %d values",
            one.party, one.dataset, one.column, values,
        )  # fmt: skip
    for party, name in _unlisted(connection, agreement):
        rows = _empty(connection, party, name, as_of)
        if rows:
            logger.warning("%s.%s is not in the agreement any more; its %d rows were deleted", party, name, rows)
    kept = {
        (dataset.party, dataset.name): frozenset(item.field for item in dataset.items) for dataset in agreement.datasets
    }
    for party, name in sorted({(one.party, one.dataset) for one in columns}):
        _rewrite_archive(connection, settings, party, name, kept[party, name], as_of)  # type: ignore[index]


def _withdrawn(connection: Connection, agreement: Agreement) -> Iterator[Withdrawn]:
    rows = connection.execute(
        "select nspname, relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
        "join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname in ('raw_bkn', 'raw_bps') and relkind = 'r' and attnum > 0 and not attisdropped "
        "and attname !~ '^_' order by 1, 2, 3"
    ).fetchall()
    listed = {(dataset.party, dataset.name): set(dataset.columns) for dataset in agreement.datasets}
    for schema, table, column in rows:
        party = schema.removeprefix("raw_")
        if (party, table) in listed and column not in listed[party, table]:
            yield Withdrawn(party, table, column)


def _refuse_if_read(project_dir: Path, columns: list[Withdrawn]) -> None:
    found = []
    for one in columns:
        source = re.compile(rf"source\(\s*'raw_{one.party}'\s*,\s*'{one.dataset}'\s*\)")
        name = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(one.column)}(?![A-Za-z0-9_])")
        models = [
            path
            for path in (project_dir / "dbt_project" / "staging" / one.party).glob("*.sql")
            if source.search(path.read_text())
        ]
        suites = [project_dir / "expectations" / f"raw_{one.party}_{one.dataset}.yaml"]
        readers = [
            str(path.relative_to(project_dir))
            for path in sorted(models) + [path for path in suites if path.exists()]
            if name.search(path.read_text())
        ]
        if readers:
            found.append(f"{one.party}.{one.dataset}.{one.column} ({', '.join(readers)})")
    if found:
        raise ConfigurationError(
            "the agreement no longer lists what these still read; take it out there first. Nothing was requested or "
            f"deleted: {'; '.join(found)}"
        )


def _drop(connection: Connection, one: Withdrawn, as_of: date) -> int:
    with connection.transaction():
        connection.execute("set local role owner")
        values = erasures.drop_column(connection, as_of, f"raw_{one.party}", one.dataset, one.column)
        connection.execute("set local role owner")
        staged = sql.Identifier("landing", f"staged_{one.party}_{one.dataset}")
        connection.execute(
            sql.SQL("alter table {} drop column if exists {}").format(staged, sql.Identifier(one.column))
        )
        payloads = connection.execute(
            "update landing.quarantine set payload = payload - %(column)s "
            "where party = %(party)s and dataset = %(dataset)s and payload ? %(column)s",
            {"party": one.party, "dataset": one.dataset, "column": one.column},
        ).rowcount
        relation = f"landing.quarantine.{one.party}.{one.dataset}.{one.column}"
        erasures.record(connection, as_of, relation, erasures.WITHDRAWN, None, payloads)
    return values


def _unlisted(connection: Connection, agreement: Agreement) -> list[tuple[str, str]]:
    rows = connection.execute(
        "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname in ('raw_bkn', 'raw_bps') and relkind = 'r' order by 1, 2"
    ).fetchall()
    listed = {(dataset.party, dataset.name) for dataset in agreement.datasets}
    return [(party, table) for schema, table in rows if ((party := schema.removeprefix("raw_")), table) not in listed]


def _empty(connection: Connection, party: str, name: str, as_of: date) -> int:
    """Delete all rows of a dataset that is not listed any more; dbt still finds its table."""
    with connection.transaction():
        connection.execute("set local role owner")
        rows = connection.execute(sql.SQL("delete from {}").format(sql.Identifier(f"raw_{party}", name))).rowcount
        connection.execute(sql.SQL("truncate {}").format(sql.Identifier("landing", f"staged_{party}_{name}")))
        connection.execute("delete from landing.quarantine where (party, dataset) = (%s, %s)", (party, name))
        erasures.record(connection, as_of, f"raw_{party}.{name}", erasures.WITHDRAWN, None, rows)
    return rows


def _rewrite_archive(
    connection: Connection, settings: Settings, party: str, name: str, kept: frozenset[str], as_of: date
) -> None:
    files = archive.erase_items(settings.archive_dir, settings.archive_keys(), party, name, kept)
    with connection.transaction():
        erasures.record(connection, as_of, f"archive/{party}/{name}", erasures.WITHDRAWN, None, files)
