"""Raw and staging tables, made from the agreement: one text column per agreed data item.

A new item is a new column. An item that leaves the agreement keeps its column: erasing what was received is retention's
business, and nothing new is written into it.
"""

from __future__ import annotations

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
    """Make the tables of every dataset of the agreement, or add the columns they lack; idempotent."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('padan:raw_tables', 0))")
        for dataset in agreement.datasets:
            _ensure_raw(connection, dataset)
            _ensure_staged(connection, dataset)
        connection.execute("create unlogged table if not exists landing.staged_intact (extract_id bigint primary key)")


def _ensure_raw(connection: Connection, dataset: Dataset) -> None:
    table = raw_table(dataset)
    bookkeeping = [
        (EXTRACT_ID, "bigint not null"),
        (AS_OF, "date not null"),
        (FETCHED_AT, "timestamptz not null"),
        (ROW_HASH, "text not null"),
    ]
    if dataset.access == "per_key":
        bookkeeping.append((ASKED_NIP, "text not null"))
    key = sql.SQL("primary key ({})").format(_names(dataset.row_key))
    _create(connection, table, [*_text_columns(dataset), *bookkeeping], key)
    _add_columns(connection, table, dataset)
    connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(_grain(dataset))))
    for item in dataset.items:
        connection.execute(
            sql.SQL("comment on column {}.{} is {}").format(
                table, sql.Identifier(item.column), sql.Literal(f"{item.field}: {item.meaning}")
            )
        )
    if dataset.access == "per_key":
        index = sql.Identifier(f"{dataset.name}_by_asked_nip")
        connection.execute(
            sql.SQL("create index if not exists {} on {} ({})").format(index, table, sql.Identifier(ASKED_NIP))
        )


def _ensure_staged(connection: Connection, dataset: Dataset) -> None:
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
    _create(connection, table, [*_text_columns(dataset), *bookkeeping], None, unlogged=dataset.access != "per_key")
    _add_columns(connection, table, dataset)


def _grain(dataset: Dataset) -> str:
    giver = dataset.party.upper()
    return f"One row per {', '.join(dataset.row_key)}: {giver}'s {dataset.name} as last published. {dataset.purpose}."


def _names(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _text_columns(dataset: Dataset) -> list[tuple[str, str]]:
    return [(column, "text") for column in dataset.columns]


def _create(
    connection: Connection,
    table: sql.Identifier,
    columns: list[tuple[str, str]],
    constraint: sql.Composed | None,
    *,
    unlogged: bool = False,
) -> None:
    parts: list[sql.Composable] = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns
    ]
    if constraint is not None:
        parts.append(constraint)
    kind = sql.SQL("unlogged table" if unlogged else "table")
    connection.execute(sql.SQL("create {} if not exists {} ({})").format(kind, table, sql.SQL(", ").join(parts)))


def _add_columns(connection: Connection, table: sql.Identifier, dataset: Dataset) -> None:
    additions = [
        sql.SQL("add column if not exists {} text").format(sql.Identifier(column)) for column in dataset.columns
    ]
    connection.execute(sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(additions)))
