"""``python -m benchmarks`` (``make bench``): measure, print tables, write ``benchmarks/results/latest.json``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import machine, report
from benchmarks.contestant import PROJECT
from benchmarks.contestants import Arena, Plan, Progress, landing_rounds, people_rounds
from benchmarks.server import served
from sandbox.postgres import EmbeddedPostgres

RESULT = PROJECT / "benchmarks" / "results" / "latest.json"


def plan_of(arguments: list[str] | None = None) -> Plan:
    """The plan that the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="holders to land")
    parser.add_argument("--page-size", type=int, default=1000, help="rows a page; the service allows 1000")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs, in turn")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the fetch at the allowed rate")
    parser.add_argument("--no-dlt", action="store_true", help="leave the peer out")
    found = parser.parse_args(arguments)
    return Plan(found.rows, found.page_size, found.rounds, found.seconds, not found.no_dlt)


def measure(server: EmbeddedPostgres, directory: Path, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Everything that the plan asks for, on a running server; ``directory`` holds what the contestants write."""
    before = machine.load()
    with served(plan.rows, plan.page_size) as url:
        arena = Arena(server, directory, url, plan.page_size)
        landing = landing_rounds(arena, plan, progress)
        people = people_rounds(arena, plan, progress)
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": asdict(plan),
        "machine": machine.describe(arena.admin_url),
        "load": {"before": before},
        **report.summarise(landing, people),
        "rounds": {"landing": landing, "people": people},
    }


def main() -> None:
    """Run on a durable server of its own below var/bench, which is stopped at the end."""
    plan = plan_of()
    console = Console()
    directory = PROJECT / "var" / "bench"
    server = EmbeddedPostgres(directory / "postgres").start()
    try:
        result = measure(server, directory, plan, lambda line: console.print(f"[dim]{line}[/]", highlight=False))
    finally:
        server.stop()
    report.show(result, console)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"written to {RESULT.relative_to(PROJECT)}", highlight=False)


if __name__ == "__main__":
    main()
