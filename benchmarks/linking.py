"""Suite ``linking``: the tiers behind the exact ones, against PEOPLE people of BKN; who is left differs by case.

``few`` and ``all``: 20,000 holders, of whom the exact tiers leave 500 or everybody. ``national``: as many holders as
people, of whom 20,000 are left. Beside them plain Splink over everybody for the same 20,000.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psutil
import psycopg
from pydantic import SecretStr
from rich.table import Table

from benchmarks import machine, matching_world
from benchmarks.contestant import PROJECT, Figures, RunFailed, run_module
from benchmarks.report import against, table
from benchmarks.suites import Bench, Result
from benchmarks.watching import watched
from padan.settings import Settings
from padan.warehouse.dbt import run_dbt
from padan.warehouse.migrations import migrate
from sandbox.postgres import SUPERUSER

DATABASE = "padan_linking"
DAY = date(2026, 1, 5)
LEFT = 20_000
FEW = 500
TARGETS = {"few": {"seconds": 10.0, "gigabytes": 2.0}, "all": {"seconds": 60.0, "gigabytes": 2.0}}
_GIGA = 1e9
_SPARE = 4 * 2**30  # bytes that plain Splink leaves to whatever else runs on the machine


def measure(bench: Bench) -> Result:
    """Link in each case, and plain Splink in the case ``all``; nobody may be linked wrongly.

    Raises:
        RunFailed: fewer than 99 % of those who are left were found, or one pair in 1,000 is wrong.
    """
    people = bench.options.people
    holders = min(LEFT, people // 4)
    url = _fresh_database(bench)
    cases: dict[str, Figures] = {}
    for name, size, left in (
        ("all", holders, holders),
        ("few", holders, min(FEW, holders // 4)),
        ("national", people, holders),
    ):
        bench.progress(f"{name}: {people:,} people, {size:,} holders, {left:,} left")
        with psycopg.connect(url, autocommit=True) as connection:
            fill = matching_world.again if cases else matching_world.make
            fill(connection, people, size, left)
        cases[name] = _case(bench, url) | {"holders": size, "left": left, "load": machine.load()}
        bench.progress(f"{name}: {cases[name]['seconds']:.1f} s, {cases[name]['peak_bytes'] / _GIGA:.2f} GB")
        if name == "all" and bench.options.peers:
            cases["plain"] = _plain(bench, url) | {"holders": size, "left": left, "load": machine.load()}
    return {"people": people, "cases": cases, "targets": TARGETS}


def _fresh_database(bench: Bench) -> str:
    with psycopg.connect(bench.server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)")
    url = bench.server.ensure_database(DATABASE, inherits=True)
    migrate(url)
    return url


def _case(bench: Bench, url: str) -> Figures:
    exact = _match_exactly(bench, url)
    figures: Figures = {"exact_seconds": exact}
    with watched(bench.server, DATABASE, figures):
        figures |= run_module("benchmarks.matching_scale", {"database_url": url})
    left = figures["left_bps"]
    if figures["right"] < 0.99 * left or figures["right"] < 0.999 * figures["found"]:
        raise RunFailed(f"of {left:,} who were left {figures['found']:,} were linked, {figures['right']:,} rightly")
    return figures


def _plain(bench: Bench, url: str) -> Figures:
    """Splink alone; where it does not get through in the memory that is free, what stopped it."""
    free = max(psutil.virtual_memory().available - _SPARE, 2**30)
    try:
        return run_module("benchmarks.matching_scale", {"database_url": url, "plain": True, "memory": free})
    except RunFailed as error:
        last = str(error).strip().splitlines()[-1][:200]
        bench.progress(f"plain Splink stopped: {last}")
        return {"stopped": last, "memory": free}


def _match_exactly(bench: Bench, url: str) -> float:
    """Build the exact pairs as the step does; the seconds with dbt's start."""
    state = bench.directory / "linking"
    state.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        database_url=SecretStr(url),
        agreement_file=Path(PROJECT / "agreement" / "sandbox.yaml"),
        state_dir=state,
        archive_dir=state / "archive",
        portal_export_dir=state,
        secret_key=SecretStr("synthetic " * 4),
        project_dir=PROJECT,
    )
    run_dbt(settings, DAY, "seed", "--select", "matching_tiers", "matching_decisions")
    began = time.perf_counter()
    run_dbt(settings, DAY, "run", "--select", "int_matching__exact_pairs")
    return time.perf_counter() - began


def tables(result: Result) -> Iterator[Table]:
    """One line per case."""
    made = table(
        f"Linking against {result['people']:,} people of BKN",
        "", "left", "exact", "seconds", "target", "", "processor", "GB", "target", "", "found", "wrong", "load",
    )  # fmt: skip
    for name, one in result["cases"].items():
        if "stopped" in one:
            made.add_row(name, f"{one['left']:,}", "", "stopped")
            continue
        targets = result["targets"].get(name, {})
        gigabytes = one["peak_bytes"] / _GIGA
        made.add_row(
            name, f"{one['left']:,}", f"{one.get('exact_seconds', 0):.1f}", f"{one['seconds']:.1f}",
            *against(one["seconds"], targets.get("seconds"), at_most=True), f"{one['cpu_seconds']:.1f}",
            f"{gigabytes:.2f}", *against(gigabytes, targets.get("gigabytes"), at_most=True),
            f"{one['found']:,}", f"{one['found'] - one['right']:,}", f"{one['load']:.1f}",
        )  # fmt: skip
    yield made
    for name, one in result["cases"].items():
        if "phases" in one:
            made = table(f"{name}: where the time goes", "", "seconds")
            for phase, seconds in one["phases"].items():
                made.add_row(phase, f"{seconds:.1f}")
            yield made
