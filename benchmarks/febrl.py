"""One measured process: FEBRL 4 through the engine of Padan's probabilistic tier, next to a peer's weighed pairs.

What is Padan's own: training, weighing and assignment (:mod:`padan.matching.engine`), the kinds of levels, the margin
of the tier ``probabilistic``. What is FEBRL's: Australian names and addresses instead of NIP, agency and position.
"""

from __future__ import annotations

import time
from pathlib import Path

from duckdb import DuckDBPyConnection

from benchmarks.contestant import Figures, Job, clocked, serve
from padan.matching import engine, people
from padan.matching.engine import Plan, comparison, level, same
from padan.matching.probabilistic import MARGIN

THRESHOLD = 0.2  # of Splink's documentation, for all pairs
LEAST = 0.001  # for one-to-one pairs, where rivals are what keeps a weak pair honest
_LIKE = "jaro_winkler_similarity({0}_l, {0}_r) >= {1}"
_SLIP = "damerau_levenshtein({0}_l, {0}_r) <= {1}"


def _text(column: str, m: float, u: float) -> engine.Settings:
    return comparison(
        column,
        same(column, m, u),
        level("similar", _LIKE.format(column, 0.92), 0.1, u),
        level("alike", _LIKE.format(column, 0.8), 0.1, 0.02),
        level("differs", "else", 0.1, 0.95),
    )


def _digits(column: str, m: float, u: float, *, rare: bool = True) -> engine.Settings:
    return comparison(
        column,
        same(column, m, u, rare=rare),
        level("close", _SLIP.format(column, 1), 0.1, u * 5),
        level("near", _SLIP.format(column, 2), 0.05, u * 20),
        level("differs", "else", 0.1, 0.9),
    )


PLAN = Plan(
    comparisons=(
        _text("given_name", 0.75, 0.008),
        _text("surname", 0.75, 0.005),
        _digits("date_of_birth", 0.9, 0.0001, rare=False),
        _digits("soc_sec_id", 0.8, 0.00001, rare=False),
        comparison("street_number", same("street_number", 0.8, 0.01), level("differs", "else", 0.2, 0.99)),
        _digits("postcode", 0.8, 0.001),
        _text("suburb", 0.75, 0.001),
        _text("address_1", 0.7, 0.001),
    ),
    blocking=tuple(
        " and ".join(f"l.{column} = r.{column}" for column in columns)
        for columns in (
            ("given_name", "surname"),
            ("date_of_birth",),
            ("soc_sec_id",),
            ("state", "address_1"),
            ("street_number", "address_1"),
            ("postcode",),
            ("suburb",),
        )
    )
    + ("l.given_name = r.surname and l.surname = r.given_name",),
    training=(("date_of_birth",), ("postcode",)),
)
# A pair is true where both ids begin alike: rec-1070-org and rec-1070-dup-0.
_JUDGED = """
    select
        count(*) filter (where split_part(left_id, '-', 2) = split_part(right_id, '-', 2)),
        count(*)
    from {pairs}
"""


def measure(job: Job) -> Figures:
    """Link both sides in the folder, and judge the peer's pairs by the same rule and at the same thresholds."""
    directory = Path(job["directory"])
    with people.workbench() as bench:
        for table, name in (("a_original", "original"), ("b_duplicate", "duplicate")):
            bench.execute(
                f"create table {table} as select rec_id as unique_id, * exclude (rec_id) "
                f"from read_parquet('{directory / name}.parquet')"
            )
        true = bench.execute("select count(*) from a_original").fetchall()[0][0]
        figures: Figures = {}
        with clocked(figures):
            model = engine.train(bench, PLAN, "a_original", "b_duplicate")
            engine.weigh(bench, model, "a_original", "b_duplicate", LEAST)
        padan = _judge(bench, true) | {"seconds": figures["seconds"], "parameters": model.source}
        bench.execute(
            f"create or replace table weighed as select * from read_parquet('{directory / 'splink'}.parquet')"
        )
        return {"true_pairs": true, "padan": padan, "splink": _judge(bench, true)}


def _judge(bench: DuckDBPyConnection, true: int) -> Figures:
    """Of the table ``weighed``: all pairs from the threshold on, and the one-to-one assignment."""
    bench.execute(f"create or replace temp view accepted as select * from weighed where score >= {THRESHOLD}")
    began = time.perf_counter()
    engine.assign(bench, LEAST, MARGIN)
    return {
        "all": _shares(bench, "accepted", true),
        "one_to_one": _shares(bench, "assigned", true),
        "assigning_seconds": time.perf_counter() - began,
    }


def _shares(bench: DuckDBPyConnection, pairs: str, true: int) -> Figures:
    right, found = bench.execute(_JUDGED.format(pairs=pairs)).fetchall()[0]
    precision, recall = right / found, right / true
    return {
        "found": found, "wrong": found - right, "missed": true - right,
        "precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall),
    }  # fmt: skip


if __name__ == "__main__":
    serve(measure)
