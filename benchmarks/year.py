"""Suite ``year``: a year of changes through the real steps, and what it leaves on disk beside one full load.

Six runs, each with the changes of two months: as many versions of people, cases and dead rows as from daily runs, in
larger batches, which bloat more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from rich.table import Table

from benchmarks import population as world
from benchmarks.national import AGREEMENT, BUILDING, FIRST_DAY, fresh_database, play
from benchmarks.population import Population
from benchmarks.report import MEGA, against, table
from benchmarks.suites import Bench, Result
from padan.agreement import load_agreement

# Of 5.6 million people 20,000 change in a day; nearly always both agencies learn of it.
DAILY_SHARE, ALIKE = 20_000 / 5_600_000, 0.97
RUNS, DAYS = 6, 60
TARGET = 2.0  # times one full load
_SIZES = """
select relnamespace::regnamespace || '.' || relname, pg_total_relation_size(oid)
from pg_class
where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_toast|bench|information)'
"""


def measure(bench: Bench) -> Result:
    """Play the year; every run's outcome is held against the truth."""
    population = Population(bench.options.people, FIRST_DAY)
    agreement = load_agreement(AGREEMENT)
    with psycopg.connect(fresh_database(bench), autocommit=True) as connection:
        world.prepare(connection, agreement, population)
        play(bench, connection, population, FIRST_DAY, BUILDING)
        sizes = [_sizes(connection)]
        changed = round(population.people * DAILY_SHARE * DAYS)
        for run in range(1, RUNS + 1):
            day = FIRST_DAY + timedelta(days=run * DAYS)
            world.change(connection, agreement, population, day, changed, ALIKE)
            play(bench, connection, population, day, BUILDING)
            sizes.append(_sizes(connection))
            bench.progress(f"run {run}: {sum(sizes[-1].values()) / sum(sizes[0].values()):.2f} times one full load")
    return {"people": population.people, "changed": changed, "sizes": sizes}


def _sizes(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute(_SIZES).fetchall())


def tables(result: Result) -> Iterator[Table]:
    """The size after each run, and the tables that grew most."""
    sizes: list[dict[str, Any]] = result["sizes"]
    first, last = sizes[0], sizes[-1]
    full = sum(first.values())
    made = table(
        f"A year of changes, {result['people']:,} people a side", "after run", "MB", "of a full load", "target", ""
    )
    for run, found in enumerate(sizes):
        total = sum(found.values())
        made.add_row(
            str(run), f"{total / MEGA:,.0f}", f"{total / full:.2f}", *against(total / full, TARGET, at_most=True)
        )
    yield made
    grown = table("What grew most", "", "MB at first", "MB after the year", "times")
    for name in sorted(last, key=lambda name: first.get(name, 0) - last[name])[:12]:
        before = first.get(name, 0)
        grown.add_row(
            name, f"{before / MEGA:,.1f}", f"{last[name] / MEGA:,.1f}", f"{last[name] / before:.2f}" if before else ""
        )
    yield grown
