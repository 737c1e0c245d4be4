"""``python -m benchmarks [SUITE ...]`` (``make bench``): measure, print tables, write ``results/SUITE.json``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psutil
from rich.console import Console

from benchmarks import machine, report, suites, watching
from benchmarks.contestant import PROJECT
from benchmarks.suites import SUITES, Bench, Options
from sandbox.postgres import SUPERUSER, EmbeddedPostgres

RESULTS = PROJECT / "benchmarks" / "results"


def wanted(arguments: list[str] | None = None) -> tuple[list[str], Options]:
    """Which suites the command line asks for, and how large."""
    usual = Options()
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}; without one: all")
    parser.add_argument("--people", type=int, default=usual.people, help="people a side (%(default)s)")
    parser.add_argument("--rows", type=int, default=usual.rows, help="rows that a source lists (%(default)s)")
    parser.add_argument("--page-size", type=int, default=usual.page_size, help="the service allows 1000")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="how often each contestant runs, in turn")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="length of the fetch at the allowed rate")
    parser.add_argument("--days", type=int, default=usual.days, help="that the national suite plays (%(default)s)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out what is not ours")
    found = vars(parser.parse_args(arguments))
    names = found.pop("suites") or list(SUITES)
    if unknown := [name for name in names if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    return names, Options(**found)


def run(name: str, bench: Bench) -> dict[str, Any]:
    """One suite's result with the machine, the load before it and the options."""
    load = machine.load()
    result = suites.find(name).measure(bench)
    return {
        "suite": name,
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": asdict(bench.options),
        "machine": machine.describe(bench.server.url("postgres", SUPERUSER)),
        "load": {"before": load},
        "result": result,
    }


def main() -> None:
    """Run on a durable server of its own below var/bench, which is stopped at the end."""
    names, options = wanted()
    console = Console()
    directory = PROJECT / "var" / "bench"
    memory = psutil.virtual_memory().total // 2
    server = EmbeddedPostgres(directory / "postgres", memory=memory, settings=watching.SETTINGS).start()
    bench = Bench(server, directory, options, lambda line: console.print(f"[dim]{line}[/]", highlight=False))
    try:
        for name in names:
            taken = run(name, bench)
            path = RESULTS / f"{suites.label(name, options)}.json"
            path.write_text(json.dumps(taken, indent=2) + "\n")
            report.show(taken, console)
            console.print(f"written to {path.relative_to(PROJECT)}", highlight=False)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
