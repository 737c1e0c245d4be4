"""Suite ``landing``: paged JSON to raw next to plain COPY and to dlt, and the per-person fetch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from benchmarks.contestant import Figures
from benchmarks.contestants import (
    ALLOWED_RATE,
    BOUNDED,
    DLT,
    DLT_TUNED,
    FLOOR,
    PADAN,
    UNBOUNDED,
    Arena,
    Plan,
    landing_rounds,
    people_rounds,
)
from benchmarks.report import MEGA, against, cells, spread, table
from benchmarks.server import served
from benchmarks.suites import Bench, Result

Rounds = list[dict[str, Figures]]
TARGETS = {"of_plain_copy": 0.2, "times_dlt": 10.0, "share_of_allowed": 0.95}
_RATIOS = {
    "of_plain_copy": (PADAN, FLOOR, "Padan, published / plain COPY"),
    "of_plain_copy_until_staged": ("staged", FLOOR, "Padan, staged / plain COPY"),
    "times_dlt": (PADAN, DLT, "Padan, published / dlt"),
    "times_dlt_tuned": (PADAN, DLT_TUNED, "Padan, published / dlt, tuned"),
}


def measure(bench: Bench) -> Result:
    """Rounds of landing and of fetching, their medians and the ratios pair by pair."""
    options = bench.options
    plan = Plan(options.rows, options.page_size, options.rounds, options.seconds, options.peers)
    with served(plan.rows, plan.page_size) as url:
        arena = Arena(bench.server, bench.directory, url, plan.page_size)
        landing = landing_rounds(arena, plan, bench.progress)
        people = people_rounds(arena, plan, bench.progress)
    return {
        "rows": plan.rows,
        "page_size": plan.page_size,
        **summarise(landing, people),
        "rounds": {"landing": landing, "people": people},
    }


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
        return float(done[name].get("copy_bytes") or done[PADAN]["http_bytes"]) / MEGA

    return {
        "rows_per_second": spread(_rate(done[name]) for done in rounds),
        "megabytes_per_second": spread(megabytes(done) / done[name]["seconds"] for done in rounds),
        "seconds": spread(done[name]["seconds"] for done in rounds),
        "peak_megabytes": max(done[name]["peak_bytes"] for done in rounds) / MEGA,
    }


def tables(result: Result) -> Iterator[Table]:
    """Landing, the per-person fetch, ratios."""
    yield _landing_table(result)
    yield _people_table(result["people"])
    yield _ratio_table(result)


def _landing_table(result: Result) -> Table:
    labels = {FLOOR: "plain COPY", PADAN: "Padan, published", "staged": "Padan, staged", DLT: "dlt, as it comes"}
    title = f"Landing {result['rows']:,} holders from pages of {result['page_size']:,}; medians of {_rounds(result)}"
    made = table(title, "", "rows/s", "least to most", "MB/s", "seconds", "peak MB")
    for name, figures in result["landing"].items():
        made.add_row(
            labels.get(name, name),
            *cells(figures["rows_per_second"], ",.0f"),
            f"{figures['megabytes_per_second']['median']:.1f}",
            f"{figures['seconds']['median']:.2f}",
            f"{figures['peak_megabytes']:.0f}",
        )
    return made


def _rounds(result: Result) -> str:
    return f"{len(result['rounds']['landing'])} rounds"


def _people_table(people: dict[str, Any]) -> Table:
    made = table(
        f"Per-person fetch, {people['concurrency']} at once", "", "requests/s", "least to most", "in one second"
    )
    made.add_row(
        f"allowed {people['allowed_per_second']:g} a second",
        *cells(people["per_second"], ".2f"),
        f"at most {people['busiest_second']}",
    )
    made.add_row("without a bound", *cells(people["per_second_unbounded"], ",.0f"))
    return made


def _ratio_table(result: Result) -> Table:
    made = table("Ratios, pair by pair", "", "ratio", "least to most", "target", "")
    for key, found in result["ratios"].items():
        label = _RATIOS[key][2] if key in _RATIOS else "per-person fetch / allowed rate"
        made.add_row(label, *cells(found, ".3f"), *against(found["median"], result["targets"].get(key)))
    return made
