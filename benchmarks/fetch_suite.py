"""Suite ``fetch``: the per-person fetch at each allowed rate, from an agency whose answers take 0.1 s."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from benchmarks.contestant import run_module
from benchmarks.contestants import FAR_AWAY_MS, Arena
from benchmarks.people import people_for
from benchmarks.report import against, table
from benchmarks.server import served
from benchmarks.suites import Bench, Result

RATES = (4.0, 20.0, 50.0, 100.0, 200.0)  # requests a second
TARGET = 0.95


def measure(bench: Bench) -> Result:
    """One run a rate, as long as asked for."""
    found = []
    with served(1000, 1000) as url:
        arena = Arena(bench.server, bench.directory, url, 1000)
        for rate in RATES:
            job = arena.job("", rate=rate, people=people_for(rate, bench.options.seconds), delay_ms=FAR_AWAY_MS)
            found.append({"rate": rate, **run_module("benchmarks.people", job)})
            bench.progress(f"{rate:g} a second allowed: {found[-1]['share_of_allowed']:.2%}")
    return {"rates": found, "target": TARGET}


def tables(result: Result) -> Iterator[Table]:
    """A row for each rate."""
    made = table("Per-person fetch", "allowed/s", "at once", "made/s", "busiest second", "of allowed", "target", "")
    for one in result["rates"]:
        made.add_row(
            f"{one['rate']:g}", str(one["concurrency"]), f"{one['per_second']:.2f}", str(one["busiest_second"]),
            f"{one['share_of_allowed']:.2%}", *against(one["share_of_allowed"], result["target"]),
        )  # fmt: skip
    yield made
