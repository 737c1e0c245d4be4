"""Rows between PostgreSQL and a DuckDB: streamed as CSV by COPY, nothing of them written to a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from psycopg import Copy, sql
from pyarrow import csv

from padan.warehouse.connection import Connection

_BATCH = 100_000  # rows of a message


class _CopyStream(io.RawIOBase):
    """What a COPY sends, as a file: nothing of it is held or stored."""

    def __init__(self, copy: Copy) -> None:
        self._copy, self._rest = copy, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill ``target`` with as many messages as fit: each is one row, and a call from outside costs more than it."""
        done, size, read = 0, len(target), self._copy.read
        while done < size:
            data = self._rest or read()
            taken = len(data)
            if not taken:
                break
            if taken > size - done:
                taken = size - done
                self._rest = memoryview(data)[taken:]
                data = memoryview(data)[:taken]
            elif self._rest:
                self._rest = memoryview(b"")
            target[done : done + taken] = data
            done += taken
        return done


@contextmanager
def incoming(
    database: Connection, bench: duckdb.DuckDBPyConnection, query: str, columns: tuple[str, ...]
) -> Iterator[None]:
    """The rows of ``query`` as ``incoming``, to be read once: text under the names ``columns``, a null as null."""
    with database.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format csv, header)".encode()) as copy:
        reader = csv.open_csv(
            pa.PythonFile(io.BufferedReader(_CopyStream(copy), 1 << 20), mode="r"),
            read_options=csv.ReadOptions(column_names=columns, skip_rows=1),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True,
                quoted_strings_can_be_null=False, null_values=[""],
            ),
        )  # fmt: skip
        bench.register("incoming", reader)
        yield
        bench.unregister("incoming")


def outgoing(database: Connection, bench: duckdb.DuckDBPyConnection, query: str, table: sql.Composable) -> None:
    """Add the rows of ``query``, a table or a query of ``bench``, to ``table``, whose columns it has in their order."""
    with database.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(table)) as copy:
        for batch in bench.sql(query).to_arrow_reader(_BATCH):
            sent = io.BytesIO()
            csv.write_csv(batch, sent, csv.WriteOptions(include_header=False))
            copy.write(sent.getvalue())
