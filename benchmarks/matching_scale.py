"""One measured process: the tiers behind the exact ones, over everybody whom these leave.

The job names a migrated database that :mod:`benchmarks.matching_world` filled and whose exact pairs dbt has built.
``plain``: Splink alone over all records instead, with the same model and blocking, and ``memory`` bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.contestant import Figures, Job, clocked, serve
from padan import matching
from padan.matching import corrected, engine, people, probabilistic, registry, rough, run
from padan.warehouse.connection import Connection, connect

# The holder of person P17 is H17.
_JUDGED = "select count(*) filter (where substr({0}, 2) = substr({1}, 2)), count(*) from {2}"


def measure(job: Job) -> Figures:
    """Link; pairs found and right, seconds, and (by :mod:`.contestant`) the peak of memory."""
    figures: Figures = {}
    with connect(job["database_url"], role="transformer") as connection:
        if job.get("plain"):
            return _plain(connection, job["memory"])
        with clocked(figures), _phases(figures):
            done = matching.link(connection)
        judged = _JUDGED.format("person_id_bkn", "holder_id", "matching.person_pair")
        right, found = connection.execute(judged.encode()).fetchall()[0]
    return figures | {
        "left_bkn": done.left_bkn, "left_bps": done.left_bps, "right": right, "found": found,
        "tiers": done.tiers, "review": done.review,
    }  # fmt: skip


_PHASES = (
    (people, "load"), (people, "_load_part"), (people, "_load_typical"), (rough, "refresh"), (rough, "find_near"),
    (rough, "find_rivals"),
    (corrected, "find"), (engine, "train"), (engine, "_chance"), (engine, "weigh"), (engine, "_count_terms"),
    (engine, "assign"), (run, "_record"),
)  # fmt: skip


@contextmanager
def _phases(figures: Figures) -> Iterator[None]:
    """Put into ``figures`` the seconds within each function that is worth telling apart; some hold others."""
    seconds: dict[str, float] = {}
    kept = [(module, name, getattr(module, name)) for module, name in _PHASES]

    def timed(label: str, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[label] = seconds.get(label, 0.0) + time.perf_counter() - began

        return call

    for module, name, function in kept:
        setattr(module, name, timed(f"{module.__name__.rpartition('.')[2]}.{name}", function))
    try:
        yield
    finally:
        for module, name, function in kept:
            setattr(module, name, function)
        figures["phases"] = seconds


def _plain(connection: Connection, memory: int) -> Figures:
    figures: Figures = {}
    with people.workbench(memory_limit=f"{memory}B") as bench, clocked(figures):
        tier = registry.read(connection)["probabilistic"]
        _load_everybody(connection, bench)
        probabilistic.prepare(bench)
        began = time.perf_counter()
        model = engine.train(bench, probabilistic.PLAN, "all_bkn", "all_bps")
        engine.weigh(bench, model, "all_bkn", "all_bps", float(tier.review_score))
        engine.assign(bench, float(tier.accept_score), probabilistic.MARGIN)
        figures["splink_seconds"] = time.perf_counter() - began
        right, found = bench.execute(_JUDGED.format("left_id", "right_id", "assigned")).fetchall()[0]
    return figures | {"right": right, "found": found}


def _load_everybody(connection: Connection, bench: Any) -> None:
    limit, people.EVERYBODY = people.EVERYBODY, 10**12
    try:
        people.load(connection, bench)
    finally:
        people.EVERYBODY = limit


if __name__ == "__main__":
    serve(measure)
