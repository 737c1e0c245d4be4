"""Suite ``export``: the portal export from the file drop to raw, next to plain COPY of the file."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from benchmarks import export
from benchmarks.contestant import Figures, RunFailed, run_module
from benchmarks.contestants import Arena
from benchmarks.report import MEGA, against, cells, spread, table
from benchmarks.suites import Bench, Result

TARGETS = {"staged": 0.7, "published": None}


def measure(bench: Bench) -> Result:
    """Rounds in which the file is copied as it is and landed."""
    people = bench.options.rows
    folder = bench.directory / "export"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / export.NAME
    export.write(path, people)
    arena = Arena(bench.server, bench.directory, "", 0)
    rounds: list[dict[str, Figures]] = []
    try:
        for number in range(1, bench.options.rounds + 1):
            done = {
                name: run_module("benchmarks.export", arena.job(arena.fresh_database(), file=str(path), plain=plain))
                for name, plain in (("plain", True), ("landed", False))
            }
            if any(figures["rows"] != people for figures in done.values()):
                raise RunFailed(f"not all of {people} rows were stored")
            bench.progress(f"round {number}: plain {done['plain']['seconds']:.2f} s, {done['landed']['seconds']:.2f} s")
            rounds.append(done)
    finally:
        path.unlink()
    return {
        "rows": people,
        "file_bytes": rounds[0]["plain"]["file_bytes"],
        "seconds": {
            "plain COPY": spread(done["plain"]["seconds"] for done in rounds),
            "staged": spread(done["landed"]["landing_seconds"] for done in rounds),
            "published": spread(done["landed"]["seconds"] for done in rounds),
        },
        "ratios": {
            "staged": spread(done["plain"]["seconds"] / done["landed"]["landing_seconds"] for done in rounds),
            "published": spread(done["plain"]["seconds"] / done["landed"]["seconds"] for done in rounds),
        },
        "peak_megabytes": max(done["landed"]["peak_bytes"] for done in rounds) / MEGA,
        "targets": TARGETS,
        "rounds": rounds,
    }


def tables(result: Result) -> Iterator[Table]:
    """Seconds, and ratios to plain COPY."""
    title = f"Portal export of {result['rows']:,} people, {result['file_bytes'] / MEGA:,.0f} MB"
    made = table(title, "", "seconds", "least to most", "of plain COPY", "least to most", "target", "")
    for name, seconds in result["seconds"].items():
        ratio = result["ratios"].get(name)
        verdict = against(ratio["median"], result["targets"].get(name)) if ratio else ("", "")
        made.add_row(name, *cells(seconds, ".2f"), *(cells(ratio, ".3f") if ratio else ("", "")), *verdict)
    made.caption = f"peak memory of the largest process {result['peak_megabytes']:.0f} MB"
    yield made
