"""The named suites. A new one is a module with the two functions of :class:`Suite`, and a line in ``SUITES``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from rich.table import Table

from sandbox.postgres import EmbeddedPostgres

Progress = Callable[[str], None]
Result = dict[str, Any]

SUITES = {
    "airflow": "benchmarks.airflow_suite",
    "export": "benchmarks.export_suite",
    "fetch": "benchmarks.fetch_suite",
    "exchange_log": "benchmarks.exchange_suite",
    "landing": "benchmarks.landing_suite",
    "linking": "benchmarks.linking",
    "matching": "benchmarks.matching_suite",
    "worklist": "benchmarks.worklist",
    "national": "benchmarks.national",
    "year": "benchmarks.year",
}


@dataclass(frozen=True)
class Options:
    """What the command line asks for; a suite reads what concerns it."""

    people: int = 20_000  # a side, where a suite has two
    rows: int = 200_000  # that a source lists
    page_size: int = 1000
    rounds: int = 3
    seconds: float = 20.0  # of the fetch at the allowed rate
    changed: tuple[int, ...] = (20_000,)  # people, on each day of changes of the national suite
    days: int | None = None  # that it plays: everything; a day of changes; that day again; further ones. None: all
    peers: bool = True  # what a user would pick instead, each in an environment of its own


@dataclass(frozen=True)
class Bench:
    """A running server, a folder for what is written, what to measure, and where to say how far it is.

    ``keep`` writes what a long suite has so far, so that what fails or is killed later does not lose it.
    """

    server: EmbeddedPostgres
    directory: Path
    options: Options
    progress: Progress
    keep: Callable[[Result], None] = field(default=lambda _: None)


class Suite(Protocol):
    """What the module of a suite holds."""

    def measure(self, bench: Bench) -> Result:
        """Everything measured, ready for JSON; raises RunFailed where something computed what is wrong."""

    def tables(self, result: Result) -> Iterator[Table]:
        """The result as tables for people."""


def label(name: str, options: Options) -> str:
    """What a result is called; the national ones are kept by size, for the curve."""
    return f"{name}-{options.people}" if name == "national" else name


def find(name: str) -> Suite:
    """The suite; its module is imported now and not before."""
    return cast(Suite, importlib.import_module(SUITES[name]))
