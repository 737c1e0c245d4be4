"""``python -m benchmarks [SUITE ...]`` (``make bench``): measure, print tables, write ``results/SUITE.json``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.markup import escape

from benchmarks import machine, report, suites, watching
from benchmarks.contestant import PROJECT, RunFailed
from benchmarks.suites import SUITES, Bench, Options, Result
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
    parser.add_argument(
        "--changed",
        type=_numbers,
        default=usual.changed,
        help="people changed on the national suite's day of changes; 20000,200,2000: on further days as well",
    )
    parser.add_argument("--days", type=int, default=usual.days, help="that the national suite plays at most")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out what is not ours")
    found = vars(parser.parse_args(arguments))
    names = found.pop("suites") or list(SUITES)
    if unknown := [name for name in names if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    return names, Options(**found)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def run(name: str, bench: Bench, path: Path | None = None) -> dict[str, Any]:
    """One suite's result with the machine, the load before it and the options; written to ``path`` as it comes.

    Raises:
        RunFailed: the suite failed; ``path`` holds what was measured before, and ``failed``.
    """
    taken = {
        "suite": name,
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": asdict(bench.options) | {"changed": list(bench.options.changed)},
        "machine": machine.describe(bench.server.url("postgres", SUPERUSER)),
        "load": {"before": machine.load()},
        "failed": "it did not come to its end",
        "result": {},
    }

    def keep(result: Result) -> None:
        taken["result"] = result
        if path:
            _write(path, taken)

    try:
        result = suites.find(name).measure(replace(bench, keep=keep))
    except RunFailed as error:
        taken["failed"] = str(error).splitlines()[0]  # what follows is of others, and may quote
        keep(taken["result"])
        raise
    del taken["failed"]
    keep(result)
    return taken


def _write(path: Path, taken: dict[str, Any]) -> None:
    """Whole or not at all: what was kept before must survive a kill."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(taken, indent=2) + "\n")
    partial.replace(path)


def main() -> None:
    """Run on a durable server of its own below var/bench, stopped at the end; exit code 1 if a suite failed."""
    names, options = wanted()
    console = Console() if sys.stdout.isatty() else Console(width=160)  # a log has no width of its own
    directory = PROJECT / "var" / "bench"
    memory = psutil.virtual_memory().total // 2
    server = EmbeddedPostgres(directory / "postgres", memory=memory, settings=watching.SETTINGS).start()
    bench = Bench(server, directory, options, lambda line: console.print(f"[dim]{line}[/]", highlight=False))
    failed = False
    try:
        for name in names:
            path = RESULTS / f"{suites.label(name, options)}.json"
            try:
                run(name, bench, path)
            except RunFailed as error:
                failed = True
                console.print(f"[bold red]{name} failed[/]: {escape(str(error))}", highlight=False)
            taken = json.loads(path.read_text())
            if taken["result"]:
                report.show(taken, console)
            console.print(f"written to {path.relative_to(PROJECT)}", highlight=False)
    finally:
        server.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
