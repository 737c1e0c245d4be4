"""Suite ``exchange_log``: verification of the log of a national full run, whose rows its own writer appended.

A full run of 5.6 million people a side in pages of 1,000 is about 60,000 requests (5,600 for each of BPS's lists that
has a row a person, more for histories). Person by person SIASN takes five requests each: with the default limit of 50
a second and the token's life one day writes at most 4.3 million rows, and 1 million is what 200,000 people cost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from rich.table import Table

from benchmarks.contestants import Arena
from benchmarks.report import against, table
from benchmarks.suites import Bench, Result
from padan.warehouse import exchange_log
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

_AT_ONCE, _SEALED_EVERY = 20_000, 200_000
_KEY = b"k" * 32
_BEGAN = datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC)
TARGET_SECONDS = 10.0


def measure(bench: Bench) -> Result:
    """Append as many rows as a source lists times five, in batches with seals, and follow them."""
    rows = 5 * bench.options.rows
    arena = Arena(bench.server, bench.directory, "", 0)
    job = arena.job(arena.fresh_database())
    folder = bench.directory / "work"
    migrate(job["database_url"])
    with connect(job["database_url"]) as connection:
        began = time.perf_counter()
        for first in range(0, rows, _AT_ONCE):
            exchange_log.append(connection, [_row(number) for number in range(first, min(first + _AT_ONCE, rows))])
            if first % _SEALED_EVERY == 0:
                exchange_log.seal(connection, _KEY, folder)
        appended = time.perf_counter() - began
        exchange_log.seal(connection, _KEY, folder)
        connection.execute("vacuum analyze landing.exchange_log")
        seconds = []
        for _ in range(bench.options.rounds):
            began = time.perf_counter()
            found = exchange_log.verify(connection, _KEY, folder)
            seconds.append(time.perf_counter() - began)
    return {
        "rows": found.rows,
        "appended_per_second": rows / appended,
        "seconds": sorted(seconds)[len(seconds) // 2],
        "all_seconds": seconds,
        "target_seconds": TARGET_SECONDS,
    }


def _row(number: int) -> tuple[object, ...]:
    return (
        None, "bkn", "/api/1.0/pns/data-utama/{nip}", "data_utama", "pemutakhiran data pemangku jabatan", 1, 200, None,
        1, 3800 + number % 500, f"{number:064x}", _BEGAN + timedelta(milliseconds=5 * number),
        0.1 + number % 977 / 9770,
    )  # fmt: skip


def tables(result: Result) -> Iterator[Table]:
    """One row."""
    made = table("Exchange log", "rows", "appended/s", "verified in s", "target", "")
    made.add_row(
        f"{result['rows']:,}",
        f"{result['appended_per_second']:,.0f}",
        f"{result['seconds']:.2f}",
        *against(result["seconds"], result["target_seconds"], at_most=True),
    )
    yield made
