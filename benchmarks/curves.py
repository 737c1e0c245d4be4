"""``python -m benchmarks.curves [RESULT.json ...]`` (``make curves``): keep results of suite ``national``, draw all.

A result is kept as a summary, ``docs/benchmarks/national-PEOPLE.json``: figures, machine and versions, and no text of a
statement. The figures beside it are drawn from all summaries there, by a plotting library in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.contestant import PROJECT, Figures, RunFailed, run
from benchmarks.contestants import PEERS, Progress, peer_environment

KEPT = PROJECT / "docs" / "benchmarks"
FULL_TARGET, CHANGES_TARGET = 300.0, 5.0  # seconds at 5.6 million people a side
_MEASURED = (
    "seconds", "sql_seconds", "peak_bytes", "postgres_peak_bytes", "temporary_bytes", "wal_bytes", "database_bytes",
)  # fmt: skip
# What belongs together in a figure; every step of the suite is in one of them.
PARTS: dict[str, tuple[str, ...]] = {
    "checks, documentation": (
        "check_freshness", "check_raw", "check_staging", "check_comparison", "check_marts", "write_docs",
    ),
    "staging": ("build_staging",),
    "history": ("take_snapshots",),
    "matching": ("link_people",),
    "comparison": ("integrate",),
    "marts": ("build_marts",),
    "ledger": ("update_ledger",),
}  # fmt: skip
TOGETHER, SQL = "together", "of SQL"
_GIGA = 1e9

Summary = dict[str, Any]
Day = dict[str, Any]
Figure = dict[str, Any]
Points = list[tuple[float, float]]


def summary(taken: dict[str, Any]) -> Summary:
    """What is kept of a result.

    Raises:
        RunFailed: it is of another suite, did not come to its end, or a day's outcome was not right.
    """
    result = taken["result"]
    if taken["suite"] != "national":
        raise RunFailed(f"a result of suite {taken['suite']}, not national")
    if "failed" in taken:
        raise RunFailed(f"the run failed: {taken['failed']}")
    kept = {name: taken[name] for name in ("suite", "taken_at", "machine", "load")}
    days = [
        {**day, "steps": [{"step": step["step"], **_picked(step, _MEASURED)} for step in day["steps"]]}
        for day in result["days"]
    ]
    others = {name: _picked(one, ("rows", "stopped", *_MEASURED)) for name, one in result["others"].items()}
    return {**kept, "people": result["people"], "days": days, "others": others, "relations": result["relations"]}


def _picked(figures: Figures, names: tuple[str, ...]) -> Figures:
    found = {name: figures[name] for name in names if name in figures}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}


def keep(path: Path, kept: Path = KEPT) -> Path:
    """Write the summary of a result, and say where."""
    found = summary(json.loads(path.read_text()))
    kept.mkdir(parents=True, exist_ok=True)
    written = kept / f"national-{found['people']}.json"
    written.write_text(json.dumps(found, indent=1) + "\n")
    return written


def kept_summaries(kept: Path = KEPT) -> list[Summary]:
    """All that are kept, by size."""
    found = [json.loads(path.read_text()) for path in kept.glob("national-*.json")]
    return sorted(found, key=lambda one: int(one["people"]))


def by_part(day: Day) -> dict[str, float]:
    """Seconds of a day: of each part, together, and of its statements."""
    steps = {step["step"]: step for step in day["steps"]}
    seconds = {part: sum(steps[name]["seconds"] for name in names) for part, names in PARTS.items()}
    seconds[TOGETHER] = sum(step["seconds"] for step in steps.values())
    seconds[SQL] = sum(step["sql_seconds"] or 0 for step in steps.values())
    return seconds


def days_of(one: Summary, kind: str) -> list[Day]:
    """The days of a kind, in the order played."""
    return [day for day in one["days"] if day["kind"] == kind]


def figures(summaries: list[Summary]) -> list[Figure]:
    """What to draw, for ``peers/matplotlib_figures.py``: figures of panels of lines and levels, or of bars."""
    drawn = [_days(summaries), _changes(summaries), _sizes(summaries), _others(summaries)]
    return [one for one in drawn if one["panels"]]


def _days(summaries: list[Summary]) -> Figure:
    """The first day, and the first day of changes, against people."""
    panels = []
    for kind, title, target in (
        ("full", f"Everything, first day (target {FULL_TARGET:g} s)", FULL_TARGET),
        ("changes", f"A day of changes (target {CHANGES_TARGET:g} s of SQL)", CHANGES_TARGET),
    ):
        points = [(one["people"], by_part(days_of(one, kind)[0])) for one in summaries if days_of(one, kind)]
        if points:
            lines = [_line(name, [(people, found[name]) for people, found in points]) for name in points[0][1]]
            panels.append(_panel(title, "people a side", "seconds", lines, [("target", target)]))
    return {"file": "days.svg", "title": "Seconds of a day, by people a side", "panels": panels}


def _changes(summaries: list[Summary]) -> Figure:
    """Days with unlike numbers of changed people, where a size has several; a day without changes as a level."""
    panels = []
    for one in summaries:
        days = sorted(days_of(one, "changes"), key=lambda day: int(day["changed"]))
        if len(days) < 2:
            continue
        lines = [_line(name, [(day["changed"], by_part(day)[name]) for day in days]) for name in by_part(days[0])]
        levels = [("nothing changed, together", by_part(day)[TOGETHER]) for day in days_of(one, "repeated")]
        panels.append(_panel(f"{one['people']:,} people a side", "changed people", "seconds", lines, levels))
    return {"file": "changes.svg", "title": "Seconds of a day, by changed people", "panels": panels}


def _sizes(summaries: list[Summary]) -> Figure:
    """Peak memory, and what is on disk or went through it, against people."""

    def over(kind: str, name: str) -> Points:
        days = [(one["people"], days_of(one, kind)[0]) for one in summaries if days_of(one, kind)]
        return [(people, max(step[name] for step in day["steps"]) / _GIGA) for people, day in days]

    def summed(name: str) -> Points:
        days = [(one["people"], days_of(one, "full")[0]) for one in summaries]
        return [(people, sum(step[name] for step in day["steps"]) / _GIGA) for people, day in days]

    memory = [
        _line(f"{whose}, {day}", over(kind, name))
        for whose, name in (("Python", "peak_bytes"), ("PostgreSQL", "postgres_peak_bytes"))
        for day, kind in (("everything", "full"), ("changes", "changes"))
    ]
    disk = [
        _line("database", over("full", "database_bytes")),
        _line("temporary files", summed("temporary_bytes")),
        _line("write-ahead log", summed("wal_bytes")),
    ]
    panels = [
        _panel("Peak memory of a day's largest step", "people a side", "GB", memory, []),
        _panel("Disk, first day", "people a side", "GB", disk, []),
    ]
    return {"file": "sizes.svg", "title": "Memory and disk, by people a side", "panels": panels if summaries else []}


def _others(summaries: list[Summary]) -> Figure:
    """Padan's comparison beside the floors and the peers, a panel for each size that has them."""
    panels = []
    for one in [one for one in summaries if one["others"]]:
        full = {step["step"]: step["seconds"] for step in days_of(one, "full")[0]["steps"]}
        ours = {
            "Padan, integrate": full["integrate"],
            "Padan, staging to ledger": full["build_staging"] + full["integrate"] + full["update_ledger"],
        }
        bars = [{"label": name, "value": seconds, "ours": True} for name, seconds in ours.items()]
        for name, found in one["others"].items():
            seconds = None if "stopped" in found else found["seconds"]
            bars.append({"label": name, "value": seconds, "ours": False})
        panels.append({"title": f"{one['people']:,} people a side", "xlabel": "seconds", "bars": bars})
    return {"file": "others.svg", "title": "Beside one hand-written statement, and other tools", "panels": panels}


def _line(name: str, points: Points) -> dict[str, Any]:
    """Points on logarithmic axes, where zero has no place."""
    shown = [(x, y) for x, y in points if x > 0 and y > 0]
    return {"label": name, "x": [x for x, _ in shown], "y": [y for _, y in shown]}


def _panel(title: str, xlabel: str, ylabel: str, lines: list[Any], levels: list[tuple[str, float]]) -> Figure:
    named = [{"label": label, "y": y} for label, y in levels]
    drawn = [line for line in lines if line["x"]]
    return {"title": title, "xlabel": xlabel, "ylabel": ylabel, "lines": drawn, "levels": named}


def draw(kept: Path = KEPT, progress: Progress = print) -> list[Path]:
    """Draw the figures of all summaries into ``kept``; their paths."""
    python = peer_environment(PROJECT / "var" / "bench", progress, "matplotlib")
    wanted = figures(kept_summaries(kept))
    run([python, PEERS / "matplotlib_figures.py"], {"directory": str(kept), "figures": wanted})
    return [kept / one["file"] for one in wanted]


def main() -> None:
    """Keep what is named, and draw."""
    parser = argparse.ArgumentParser(prog="benchmarks.curves", description=__doc__)
    parser.add_argument("results", nargs="*", type=Path, metavar="RESULT.json", help="of benchmarks/results")
    for path in parser.parse_args().results:
        print(f"kept as {keep(path).relative_to(PROJECT)}")
    for path in draw():
        print(f"drawn: {path.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
