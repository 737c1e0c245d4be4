"""What a server takes while something runs: its memory at the peak, temporary files, and the dearest statements."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.contestant import Figures
from sandbox.postgres import SUPERUSER, EmbeddedPostgres

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
    "track_io_timing": "on",
}
_INTERVAL = 0.2  # seconds
_DEAREST = 8
_NODE = re.compile(r'"node_id": "(?:\w+)\.padan\.([\w.]+)"')


@contextmanager
def watched(server: EmbeddedPostgres, database: str, figures: Figures) -> Iterator[None]:
    """Put ``postgres_peak_bytes``, ``temporary_bytes``, ``wal_bytes``, ``sql_seconds`` and ``statements`` of the block
    into ``figures``.

    The peak is the private memory of all backends together and once the shared buffers that were in use. SQL's seconds
    are those of all statements, so more than the clock's where several ran at once; None where they are not counted.
    """
    with psycopg.connect(server.url(database, SUPERUSER), autocommit=True) as connection:
        counted = _counts_statements(connection)
        before = _counters(connection)
        ended, peak = threading.Event(), [0]
        thread = threading.Thread(target=_sample, args=(_postmaster(server), ended, peak), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            after = _counters(connection)
            figures["postgres_peak_bytes"] = peak[0]
            figures |= {name: after[name] - value for name, value in before.items()}
            figures["sql_seconds"] = _executing(connection) if counted else None
            figures["statements"] = list(_dearest(connection)) if counted else []


def _counts_statements(connection: psycopg.Connection) -> bool:
    """Begin to count statements anew, if the server was started with :data:`SETTINGS`."""
    row = connection.execute("show shared_preload_libraries").fetchone()
    if row is None or "pg_stat_statements" not in row[0]:
        return False
    connection.execute("create extension if not exists pg_stat_statements")
    connection.execute("select pg_stat_statements_reset()")
    return True


def _postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])


def _counters(connection: psycopg.Connection) -> dict[str, int]:
    row = connection.execute(
        "select temp_bytes, (select wal_bytes from pg_stat_wal)::bigint from pg_stat_database "
        "where datname = current_database()"
    ).fetchone()
    return {"temporary_bytes": row[0] if row else 0, "wal_bytes": row[1] if row else 0}


def _executing(connection: psycopg.Connection) -> float:
    row = connection.execute(
        "select coalesce(sum(total_exec_time), 0) / 1000 from pg_stat_statements "
        "where dbid = (select oid from pg_database where datname = current_database())"
    ).fetchone()
    return float(row[0]) if row else 0.0


def _dearest(connection: psycopg.Connection) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        "select query, calls, total_exec_time / 1000, rows, temp_blks_written from pg_stat_statements "
        "where dbid = (select oid from pg_database where datname = current_database()) "
        "order by total_exec_time desc limit %s",
        (_DEAREST,),
    )
    for query, calls, seconds, count, temporary in rows:
        node = _NODE.search(query)
        text = re.sub(r"/\*.*?\*/", "", query, flags=re.DOTALL)
        yield {
            "node": node[1] if node else None,
            "statement": " ".join(text.split())[:160],
            "calls": calls,
            "seconds": seconds,
            "rows": count,
            "temporary_bytes": temporary * 8192,
        }


def _sample(postmaster: int, ended: threading.Event, peak: list[int]) -> None:
    while not ended.wait(_INTERVAL):
        peak[0] = max(peak[0], _memory(postmaster))


def _memory(postmaster: int) -> int:
    private = shared = 0
    for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:  # it ended meanwhile
            continue
        sizes = {name: int(size) * 1024 for name, size in re.findall(r"^(Rss\w+):\s+(\d+) kB", status, re.MULTILINE)}
        private += sizes.get("RssAnon", 0)
        shared = max(shared, sizes.get("RssShmem", 0))
    return private + shared
