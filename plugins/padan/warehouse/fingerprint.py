"""One hash for the whole warehouse: equal contents, equal hash, whenever and however often they were made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

SCHEMAS = (
    "raw_bkn", "raw_bps", "staging_bkn", "staging_bps", "integration", "snapshots", "reference",
    "marts_asn", "marts_functional_position", "marts_reconciliation", "marts_reference",
)  # fmt: skip
# Moments and serial numbers of the run that wrote a row: true of the run, not of the content.
VOLATILE_COLUMNS = frozenset(
    {
        "_extract_id", "_fetched_at", "extract_id", "fetched_at", "quarantine_id", "dbt_updated_at", "dbt_loaded_at",
        "dbt_scd_id", "age_days", "is_overdue", "loaded_at", "built_at", "recorded_at",
    }
)  # fmt: skip


@dataclass(frozen=True)
class WarehouseHash:
    """sha256 of each relation's ordered contents (``schema.relation``), and of all of them together."""

    relations: dict[str, str]
    combined: str


def warehouse_hash(connection: psycopg.Connection[Any]) -> WarehouseHash:
    """Hash every table and view of the warehouse's schemas that exist, without :data:`VOLATILE_COLUMNS`.

    Columns go by name and rows by content, so neither the order of columns nor that of rows counts.
    """
    columns: dict[tuple[str, str], list[str]] = {}
    rows = connection.cursor(row_factory=tuple_row).execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema = any(%s) order by table_schema, table_name, column_name",
        (list(SCHEMAS),),
    )
    for schema, relation, column in rows:
        kept = columns.setdefault((schema, relation), [])
        if column not in VOLATILE_COLUMNS:
            kept.append(column)
    relations = {".".join(name): _hash(connection, name, kept) for name, kept in columns.items()}
    listing = "\n".join(f"{name} {value}" for name, value in relations.items())
    return WarehouseHash(relations, hashlib.sha256(listing.encode()).hexdigest())


def _hash(connection: psycopg.Connection[Any], relation: tuple[str, str], columns: list[str]) -> str:
    content = hashlib.sha256("\t".join(columns).encode())
    row = sql.SQL("row({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    # One digest per row is sorted, not the row: an index or a disk sort of whole rows would cost far more.
    statement = sql.SQL(
        "copy (select sha256(convert_to({row}::text, 'UTF8')) as digest from {relation} order by digest) to stdout"
    ).format(row=row, relation=sql.Identifier(*relation))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            content.update(block)
    return content.hexdigest()
