"""Raw and staging tables, made from the agreement: one text column per agreed data item.

A new item is a new column. What leaves the agreement is dropped before (padan.landing.withdrawal).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.warehouse.connection import Connection

# What a row is called by beside its agreed columns; dbt and the fingerprint know them by these names.
EXTRACT_ID, AS_OF, FETCHED_AT, ROW_HASH, ASKED_NIP = "_extract_id", "_as_of", "_fetched_at", "_row_hash", "_nip"


def raw_table(dataset: Dataset) -> sql.Identifier:
    """``raw_<party>.<dataset>``: what is published now."""
    return sql.Identifier(f"raw_{dataset.party}", dataset.name)


def staged_table(dataset: Dataset) -> sql.Identifier:
    """``landing.staged_<party>_<dataset>``: rows of an extract that is not published yet."""
    return sql.Identifier("landing", f"staged_{dataset.party}_{dataset.name}")


def ensure(connection: Connection, agreement: Agreement) -> None:
    """Make the tables of every dataset of the agreement, or add the columns they lack; idempotent.

    Where nothing is lacking, nothing is executed, so a run does not wait for those who read the tables.
    """
    with connection.transaction():
        connection.execute("set local role owner")
        connection.execute("select pg_advisory_xact_lock(hashtextextended('padan:raw_tables', 0))")
        there = _columns_there(connection)
        statements: list[sql.Composable] = [
            statement
            for dataset in agreement.datasets
            for statement in (*_raw_statements(dataset, there), *_staged_statements(dataset, there))
        ]
        statements.append(
            sql.SQL("create unlogged table if not exists landing.staged_intact (extract_id bigint primary key)")
        )
        connection.execute(sql.SQL(";").join(statements))


def _columns_there(connection: Connection) -> dict[str, set[str]]:
    rows = connection.execute(
        "select nspname || '.' || relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
        "join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname in ('landing', 'raw_bkn', 'raw_bps') and relkind = 'r' and attnum > 0 and not attisdropped"
    )
    there: dict[str, set[str]] = {}
    for table, column in rows:
        there.setdefault(table, set()).add(column)
    return there


def _raw_statements(dataset: Dataset, there: dict[str, set[str]]) -> Iterator[sql.Composed]:
    table = raw_table(dataset)
    bookkeeping = [
        (EXTRACT_ID, "bigint not null"),
        (AS_OF, "date not null"),
        (FETCHED_AT, "timestamptz not null"),
        (ROW_HASH, "text not null"),
    ]
    if dataset.access == "per_key":
        bookkeeping.append((ASKED_NIP, "text not null"))
    columns = there.get(f"raw_{dataset.party}.{dataset.name}")
    if columns is None:
        key = sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, dataset.row_key)))
        yield _create("table", table, dataset, bookkeeping, key)
        # A day changes few rows of many: dead versions are to be reused after days, not when a fifth of all is dead.
        yield sql.SQL("alter table {} set (autovacuum_vacuum_scale_factor = 0.02)").format(table)
        yield sql.SQL("comment on table {} is {}").format(table, sql.Literal(_grain(dataset)))
        if dataset.access == "per_key":
            index = sql.Identifier(f"{dataset.name}_by_asked_nip")
            yield sql.SQL("create index {} on {} ({})").format(index, table, sql.Identifier(ASKED_NIP))
    else:
        yield from _add_columns(table, dataset, columns)
    for item in dataset.items:
        if columns is None or item.column not in columns:
            yield sql.SQL("comment on column {}.{} is {}").format(
                table, sql.Identifier(item.column), sql.Literal(f"{item.field}: {item.meaning}")
            )


def _staged_statements(dataset: Dataset, there: dict[str, set[str]]) -> Iterator[sql.Composed]:
    """Lists are staged unlogged: half the writing. After a crash of the server such tables come back empty, and so does
    landing.staged_intact, by which landing knows that the lists must be read anew. What was asked person by person
    takes too long to be asked again, and is logged.
    """
    table = staged_table(dataset)
    bookkeeping = [
        (EXTRACT_ID, "bigint not null"),
        ("_unit", "text not null"),
        (FETCHED_AT, "timestamptz not null"),
        (ROW_HASH, "text not null"),
        ("_position", "integer not null"),
        ("_deleted", "boolean not null"),
    ]
    columns = there.get(f"landing.staged_{dataset.party}_{dataset.name}")
    if columns is None:
        kind: LiteralString = "table" if dataset.access == "per_key" else "unlogged table"
        yield _create(kind, table, dataset, bookkeeping, None)
    else:
        yield from _add_columns(table, dataset, columns)


def _grain(dataset: Dataset) -> str:
    giver = dataset.party.upper()
    return f"One row per {', '.join(dataset.row_key)}: {giver}'s {dataset.name} as last published. {dataset.purpose}."


def _create(
    kind: LiteralString,
    table: sql.Identifier,
    dataset: Dataset,
    bookkeeping: list[tuple[str, LiteralString]],
    constraint: sql.Composed | None,
) -> sql.Composed:
    parts: list[sql.Composable] = [sql.SQL("{} text").format(sql.Identifier(column)) for column in dataset.columns]
    parts += [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(definition)) for name, definition in bookkeeping]
    if constraint is not None:
        parts.append(constraint)
    return sql.SQL("create {} {} ({})").format(sql.SQL(kind), table, sql.SQL(", ").join(parts))


def _add_columns(table: sql.Identifier, dataset: Dataset, columns: set[str]) -> Iterator[sql.Composed]:
    for column in dataset.columns:
        if column not in columns:
            yield sql.SQL("alter table {} add column {} text").format(table, sql.Identifier(column))
