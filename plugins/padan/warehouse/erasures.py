"""The record of deletions: what, by which rule, how much; never a value."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from padan.warehouse.connection import Connection

WITHDRAWN = "item_withdrawn"  # the rule of what left the agreement


def record(connection: Connection, as_of: date, relation: str, rule: str, cut_off: date | None, rows: int) -> None:
    """Put a deletion on record, in the caller's transaction; one of nothing is none."""
    if rows > 0:
        connection.execute("set local role loader")
        connection.execute(
            "insert into landing.erasure (as_of, relation, rule, cut_off, rows) values (%s, %s, %s, %s, %s)",
            (as_of, relation, rule, cut_off, rows),
        )


def values_in(connection: Connection, schema: str, table: str, column: str) -> int:
    """How many values a column holds."""
    statement = sql.SQL("select count({}) from {}").format(sql.Identifier(column), sql.Identifier(schema, table))
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def drop_column(connection: Connection, as_of: date, schema: str, table: str, column: str) -> int:
    """Drop a withdrawn item's column, in the caller's transaction and role; how many values it held."""
    held = values_in(connection, schema, table, column)
    relation = sql.Identifier(schema, table)
    connection.execute(sql.SQL("alter table {} drop column {}").format(relation, sql.Identifier(column)))
    record(connection, as_of, f"{schema}.{table}.{column}", WITHDRAWN, None, held)
    return held
