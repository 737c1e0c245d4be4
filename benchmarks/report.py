"""What every suite's report is made of."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import suites

Spread = dict[str, float]
MEGA = 1e6


def spread(values: Iterable[float]) -> Spread:
    """Median, least and most."""
    found = sorted(values)
    return {"median": median(found), "min": found[0], "max": found[-1]}


def show(taken: dict[str, Any], console: Console) -> None:
    """Print what a suite measured, and on what."""
    machine = taken["machine"]
    console.print(
        f"\n[bold]{taken['suite']}[/]: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB\n"
        f"{machine['system']}, load before the start {taken['load']['before']:.2f}, commit {machine['commit']}\n"
        f"Python {machine['python']}, {', '.join(f'{name} {number}' for name, number in machine['packages'].items())}\n"
        f"PostgreSQL {', '.join(' '.join(pair) for pair in machine['postgres'].items())}\n",
        highlight=False,
    )
    for table in suites.find(taken["suite"]).tables(taken["result"]):
        console.print(table)


def table(title: str, *columns: str) -> Table:
    """A table whose first column is text and whose others are numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        made.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    return made


def cells(found: Spread, form: str) -> tuple[str, str]:
    """Median, and least to most."""
    return f"{found['median']:{form}}", f"{found['min']:{form}} to {found['max']:{form}}"


def against(value: float, target: float | None, *, at_most: bool = False) -> tuple[str, str]:
    """The target, and whether the value reaches it."""
    if target is None:
        return "", ""
    reached = value <= target if at_most else value >= target
    return f"{'at most ' if at_most else ''}{target:g}", "reached" if reached else "missed"
