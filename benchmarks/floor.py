"""The floor: plain COPY of the very bytes that landing staged, into a table of the same shape, without key or index."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Figures, Job, checkpoint, clocked, serve
from benchmarks.landing import STAGED, agreement_on_holders
from padan.warehouse import raw_tables
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

_BLOCK = 1 << 20


def measure(job: Job) -> Figures:
    """Copy the file ``copy_from``, read into memory beforehand, in one transaction."""
    content = Path(job["copy_from"]).read_bytes()
    blocks = [content[start : start + _BLOCK] for start in range(0, len(content), _BLOCK)]
    figures: Figures = {"copy_bytes": len(content)}
    migrate(job["database_url"])
    with connect(job["database_url"]) as connection:
        raw_tables.ensure(connection, agreement_on_holders())
        connection.execute(f"create table landing.floor (like {STAGED})")
        checkpoint(job)
        with clocked(figures), connection.cursor() as cursor, cursor.copy("copy landing.floor from stdin") as copy:
            for block in blocks:
                copy.write(block)
        found = connection.execute("select count(*) from landing.floor").fetchone()
    figures["rows"] = found[0] if found else 0
    return figures


if __name__ == "__main__":
    serve(measure)
