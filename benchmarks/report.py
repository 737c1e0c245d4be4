"""From rounds to medians, ratios pair by pair, a table and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.contestant import Figures
from benchmarks.contestants import ALLOWED_RATE, BOUNDED, DLT, DLT_TUNED, FLOOR, PADAN, UNBOUNDED

Rounds = list[dict[str, Figures]]
Spread = dict[str, float]
TARGETS = {"of_plain_copy": 0.2, "times_dlt": 10.0, "share_of_allowed": 0.95}
_RATIOS = {
    "of_plain_copy": (PADAN, FLOOR, "Padan, published / plain COPY"),
    "of_plain_copy_until_staged": ("staged", FLOOR, "Padan, staged / plain COPY"),
    "times_dlt": (PADAN, DLT, "Padan, published / dlt"),
    "times_dlt_tuned": (PADAN, DLT_TUNED, "Padan, published / dlt, tuned"),
}
_MEGA = 1e6


def spread(values: Iterable[float]) -> Spread:
    """Median, least and most."""
    found = sorted(values)
    return {"median": median(found), "min": found[0], "max": found[-1]}


def summarise(landing: Rounds, people: Rounds) -> dict[str, Any]:
    """Everything that the tables show."""
    rounds = [{**done, "staged": _until_staged(done[PADAN])} for done in landing]
    return {
        "landing": {name: _contestant(rounds, name) for name in rounds[0]},
        "ratios": {
            key: spread(_rate(done[one]) / _rate(done[other]) for done in rounds)
            for key, (one, other, _) in _RATIOS.items()
            if other in rounds[0]
        }
        | {"share_of_allowed": spread(done[BOUNDED]["per_second"] / ALLOWED_RATE for done in people)},
        "people": {
            "allowed_per_second": ALLOWED_RATE,
            "concurrency": people[0][BOUNDED]["concurrency"],
            "seconds": spread(done[BOUNDED]["seconds"] for done in people),
            "per_second": spread(done[BOUNDED]["per_second"] for done in people),
            "busiest_second": max(done[BOUNDED]["busiest_second"] for done in people),
            "per_second_unbounded": spread(done[UNBOUNDED]["per_second"] for done in people),
        },
        "targets": TARGETS,
    }


def _until_staged(figures: Figures) -> Figures:
    return {**figures, "seconds": figures["landing_seconds"]}


def _rate(figures: Figures) -> float:
    return float(figures["rows"] / figures["seconds"])


def _contestant(rounds: Rounds, name: str) -> dict[str, Any]:
    def megabytes(done: dict[str, Figures]) -> float:
        """What went in: COPY text at the floor, JSON bodies for all others."""
        return float(done[name].get("copy_bytes") or done[PADAN]["http_bytes"]) / _MEGA

    return {
        "rows_per_second": spread(_rate(done[name]) for done in rounds),
        "megabytes_per_second": spread(megabytes(done) / done[name]["seconds"] for done in rounds),
        "seconds": spread(done[name]["seconds"] for done in rounds),
        "peak_megabytes": max(done[name]["peak_bytes"] for done in rounds) / _MEGA,
    }


def show(result: dict[str, Any], console: Console) -> None:
    """Print the result of a whole run."""
    machine, plan = result["machine"], result["plan"]
    console.print(
        f"\n{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB\n"
        f"{machine['system']}, load before the start {result['load']['before']:.2f}, commit {machine['commit']}\n"
        f"Python {machine['python']}, {', '.join(f'{name} {number}' for name, number in machine['packages'].items())}\n"
        f"PostgreSQL {', '.join(' '.join(pair) for pair in machine['postgres'].items())}\n"
        f"medians of {plan['rounds']} rounds\n",
        highlight=False,
    )
    console.print(_landing_table(result))
    console.print(_people_table(result["people"]))
    console.print(_ratio_table(result))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    return table


def _cells(found: Spread, form: str) -> tuple[str, str]:
    return f"{found['median']:{form}}", f"{found['min']:{form}} to {found['max']:{form}}"


def _landing_table(result: dict[str, Any]) -> Table:
    rows, size = result["plan"]["rows"], result["plan"]["page_size"]
    labels = {FLOOR: "plain COPY", PADAN: "Padan, published", "staged": "Padan, staged", DLT: "dlt, as it comes"}
    title = f"Landing {rows:,} holders from pages of {size:,}"
    table = _table(title, "", "rows/s", "least to most", "MB/s", "seconds", "peak MB")
    for name, figures in result["landing"].items():
        table.add_row(
            labels.get(name, name),
            *_cells(figures["rows_per_second"], ",.0f"),
            f"{figures['megabytes_per_second']['median']:.1f}",
            f"{figures['seconds']['median']:.2f}",
            f"{figures['peak_megabytes']:.0f}",
        )
    return table


def _people_table(people: dict[str, Any]) -> Table:
    table = _table(
        f"Per-person fetch, {people['concurrency']} at once", "", "requests/s", "least to most", "in one second"
    )
    table.add_row(
        f"allowed {people['allowed_per_second']:g} a second",
        *_cells(people["per_second"], ".2f"),
        f"at most {people['busiest_second']}",
    )
    table.add_row("without a bound", *_cells(people["per_second_unbounded"], ",.0f"))
    return table


def _ratio_table(result: dict[str, Any]) -> Table:
    table = _table("Ratios, pair by pair", "", "ratio", "least to most", "target", "")
    for key, found in result["ratios"].items():
        target = result["targets"].get(key)
        label = _RATIOS[key][2] if key in _RATIOS else "per-person fetch / allowed rate"
        verdict = "" if target is None else "reached" if found["median"] >= target else "missed"
        table.add_row(label, *_cells(found, ".3f"), "" if target is None else f"{target:g}", verdict)
    return table
