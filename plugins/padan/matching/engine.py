"""Splink on DuckDB, made repeatable: training, weighing, and an assignment that gives each record one partner at most.

It knows nothing of people: a :class:`Plan` says what is compared. The same tables make the same model and the same
pairs, whatever the order of their rows: samples are drawn by a hash of the id, training runs on one thread, trained
values are rounded.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from splink import Linker

Settings = dict[str, Any]
_SAMPLE = 1000  # records of each side from which chance agreement (u) is counted: 1 million pairs
_LEARNERS = 3000  # records of the right side whose pairs the training looks at
_CHUNK = 200_000  # records of the left side whose pairs are weighed at once
_DIGITS = 6  # significant digits that trained values keep
_FLOOR = 1e-6  # no evidence is absolute: no probability is held to be nought or one


@dataclass(frozen=True)
class Plan:
    """What is compared, and which pairs are looked at.

    ``comparisons`` are Splink's, as dictionaries, each level with prior ``m_probability`` and ``u_probability``: the
    values that count where there is nothing to train on. ``blocking`` are SQL conditions on ``l`` and ``r``; a pair
    that meets none is never looked at. ``training`` are the columns within whose agreement each session learns.
    ``fewest`` records on each side are needed to train at all.
    """

    comparisons: tuple[Settings, ...]
    blocking: tuple[str, ...]
    training: tuple[tuple[str, ...], ...]
    fewest: int = 1000


def level(label: str, condition: str, m: float, u: float, **more: Any) -> Settings:
    """One level of a comparison: SQL on ``_l`` and ``_r`` columns, with its prior m and u."""
    return {"label_for_charts": label, "sql_condition": condition, "m_probability": m, "u_probability": u, **more}


def comparison(column: str, *levels: Settings) -> Settings:
    """A comparison of ``column``, the best level first; a value missing on either side says nothing."""
    null = {
        "label_for_charts": "missing",
        "sql_condition": f"{column}_l is null or {column}_r is null",
        "is_null_level": True,
    }
    return {"output_column_name": column, "comparison_levels": [null, *levels]}


def same(column: str, m: float, u: float, rare: bool = True) -> Settings:
    """Full agreement; of a rare value it says more than of a common one."""
    more = {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0} if rare else {}
    return level("same", f"{column}_l = {column}_r", m, u, **more)


@dataclass(frozen=True)
class Model:
    """Parameters to weigh pairs with; ``source`` is ``trained`` or ``prior``, and ``why`` says why the latter."""

    settings: Settings
    source: str
    why: str


@dataclass(frozen=True)
class Weighing:
    """A model and Splink's linker that weighed by it, for its charts."""

    model: Model
    linker: Linker

    def waterfall(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """The steps from the prior to the weight of a row of ``weighed``, without the values compared."""
        return list(self._chart(record).chart_data)

    def chart(self, record: dict[str, Any]) -> dict[str, Any]:
        """Splink's waterfall of a row of ``weighed`` as a Vega-Lite specification."""
        spec: dict[str, Any] = self._chart(record).chart_dict
        return spec

    def _chart(self, record: dict[str, Any]) -> Any:
        known = record | {"match_weight": record["weight"], "match_probability": record["score"]}
        return self.linker.visualisations.waterfall_chart([known], remove_sensitive_data=True)


def train(
    bench: duckdb.DuckDBPyConnection,
    plan: Plan,
    left: str,
    right: str,
    everybody: int = 0,
    population: tuple[str, str] | None = None,
) -> Model:
    """Learn the parameters from the tables ``left`` and ``right`` (names in this order of the alphabet).

    ``everybody``: how many records the larger side has, where its table holds but a part. ``population``: tables in
    which chance agreement is counted, if the records of ``left`` and ``right`` were chosen for being alike.

    Where there are too few records, or what was learnt is nonsense (agreement that speaks against a match), the priors
    of the plan stand, and the model says so.
    """
    counts = [_count(bench, table) for table in (left, right)]
    settings = {
        "link_type": "link_only",
        "unique_id_column_name": "unique_id",
        # One partner for each record of the smaller side.
        "probability_two_random_records_match": 1 / max(*counts, everybody, 2),
        "comparisons": [copy.deepcopy(comparison) for comparison in plan.comparisons],
        "blocking_rules_to_generate_predictions": list(plan.blocking),
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }
    if min(counts) < plan.fewest:
        return Model(settings, "prior", f"fewer than {plan.fewest} records on a side")
    from splink.internals.exceptions import EMTrainingException

    try:
        # Counts are the same whatever adds them; sums of fractions are not.
        settings = _chance(bench, settings, *(population or (left, right)))
        with _one_thread(bench):
            learnt = _expectation_maximisation(bench, plan, settings, left, right)
    except (EMTrainingException, ValueError):  # Splink refuses an m of 0: a level that no true pair met
        return Model(settings, "prior", "hardly a true pair to learn from")
    doubts = _nonsense(learnt)
    if doubts:
        return Model(settings, "prior", f"training made no sense of {', '.join(doubts)}")
    return Model(learnt, "trained", "")


def weigh(
    bench: duckdb.DuckDBPyConnection,
    model: Model,
    left: str,
    right: str,
    least: float,
    population: tuple[str, ...] = (),
) -> Weighing:
    """Make the table ``weighed``: pairs that meet a blocking rule and whose score (0 to 1) is at least ``least``.

    Its columns: ``left_id``, ``right_id``, ``weight`` (bits), ``score``, and per comparison ``gamma_<name>``, the level
    met. ``population``: the tables in which terms are counted, if ``left`` and ``right`` are but a part.
    """
    from splink import DuckDBAPI

    linker = _linker(DuckDBAPI(connection=bench), model.settings, left, right)
    _count_terms(bench, linker, model.settings, population or (left, right), (left, right))
    chunks = -(-_count(bench, left) // _CHUNK) or 1
    scored = linker.inference.predict(
        threshold_match_probability=least, num_chunks_left=chunks, num_chunks_right=1, warning_mode="never"
    )
    bench.execute(
        f"""
        create or replace table weighed as
        select
            unique_id_l as left_id, unique_id_r as right_id, round(match_weight, 6) as weight,
            round(match_probability, 6) as score, * exclude (unique_id_l, unique_id_r, match_weight, match_probability)
        from {scored.physical_name}
        order by all
        """
    )
    return Weighing(model, linker)


def assign(bench: duckdb.DuckDBPyConnection, accept: float, margin: float) -> None:
    """Make the table ``assigned`` of ``weighed``: ``left_id`` and ``right_id``, each at most once.

    In rounds, two records are given to each other when each is the other's best, the score is at least ``accept``, and
    no other partner still free comes within ``margin`` bits. A tie assigns nobody: the order of rows never counts.
    """
    bench.execute("create or replace table assigned (left_id text, right_id text)")
    while _assign_round(bench, accept, margin):
        pass


def _assign_round(bench: duckdb.DuckDBPyConnection, accept: float, margin: float) -> int:
    row = bench.execute(
        f"""
        insert into assigned
        with free as (
            select left_id, right_id, weight, score from weighed
            where left_id not in (select left_id from assigned) and right_id not in (select right_id from assigned)
        ),
        ranked as (
            select
                *,
                max(weight) over best_left as left_best, max(weight) over best_right as right_best,
                count(*) over (partition by left_id order by weight desc range between unbounded preceding
                    and {margin} following) as left_near,
                count(*) over (partition by right_id order by weight desc range between unbounded preceding
                    and {margin} following) as right_near
            from free
            window best_left as (partition by left_id), best_right as (partition by right_id)
        )
        select left_id, right_id from ranked
        where weight = left_best and weight = right_best and left_near = 1 and right_near = 1 and score >= $accept
        """,
        {"accept": accept},
    ).fetchone()
    return int(row[0]) if row else 0


def words(settings: Settings) -> str:
    """SQL over ``weighed``: what agreed and how, ``name:same sex:differs``, from the labels of the levels met."""
    parts = []
    for name, labels in _labels(settings).items():
        cases = " ".join(f"when {number} then '{name}:{label}'" for number, label in labels.items())
        parts.append(f"case gamma_{name} {cases} end")
    return f"concat_ws(' ', {', '.join(parts)})"


def levels(settings: Settings, record: dict[str, Any]) -> dict[str, str]:
    """The label of the level met in each comparison by a row of ``weighed``; ``missing`` where a side has no value."""
    return {name: labels.get(record[f"gamma_{name}"], "missing") for name, labels in _labels(settings).items()}


def _labels(settings: Settings) -> dict[str, dict[int, str]]:
    """Of each comparison the labels of its levels, by Splink's number: the best has the highest, the last has 0."""
    named = {}
    for comparison in settings["comparisons"]:
        ranked = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        numbered = enumerate(reversed(ranked))
        named[comparison["output_column_name"]] = {number: level["label_for_charts"] for number, level in numbered}
    return named


def _linker(api: Any, settings: Settings, left: str, right: str) -> Linker:
    from splink import Linker

    tables = [api.register(table, dataset_display_name=table) for table in (left, right)]
    return Linker(tables, copy.deepcopy(settings), log_level=logging.ERROR, validate_settings=False)


def _count(bench: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(bench.execute(f"select count(*) from {table}").fetchall()[0][0])


@contextmanager
def _one_thread(bench: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Sums come out the same to the last bit only when one thread adds in one order."""
    threads = bench.execute("select current_setting('threads')").fetchone()
    bench.execute("set threads = 1")
    try:
        yield
    finally:
        bench.execute(f"set threads = {threads[0] if threads else 1}")


def _chance(bench: duckdb.DuckDBPyConnection, settings: Settings, left: str, right: str) -> Settings:
    """``settings`` with the probabilities of chance agreement (u), counted over all pairs of two samples."""
    from splink import DuckDBAPI

    for table in (left, right):
        bench.execute(
            f"create or replace temp table chance_{table} as select * from ("
            f"select * from {table} order by md5(unique_id), unique_id limit {_SAMPLE}) order by unique_id"
        )
    linker = _linker(DuckDBAPI(connection=bench), settings, f"chance_{left}", f"chance_{right}")
    linker.training.estimate_u_using_random_sampling(
        max_pairs=float(_SAMPLE * _SAMPLE) + 1, min_count_per_level=None, num_chunks=1
    )
    counted = _rounded(linker.misc.save_model_to_json(), settings, "u_probability")
    for table in (left, right):
        bench.execute(f"drop table chance_{table}")
    return counted


def _expectation_maximisation(
    bench: duckdb.DuckDBPyConnection, plan: Plan, settings: Settings, left: str, right: str
) -> Settings:
    """``settings`` with the probabilities that a true pair agrees (m)."""
    from splink import DuckDBAPI, block_on

    ours, theirs = f"learn_{left}", f"learn_{right}"
    bench.execute(
        f"create or replace temp table {theirs} as select * from ("
        f"select * from {right} order by md5(unique_id), unique_id limit {_LEARNERS}) order by unique_id"
    )
    near = " or ".join(
        f"({', '.join(columns)}) in (select ({', '.join(columns)}) from {theirs})"
        if len(columns) > 1
        else f"{columns[0]} in (select {columns[0]} from {theirs})"
        for columns in plan.training
    )
    bench.execute(f"create or replace temp table {ours} as select * from {left} where {near} order by unique_id")
    linker = _linker(DuckDBAPI(connection=bench), settings, ours, theirs)
    for columns in plan.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), estimate_without_term_frequencies=True
        )
    learnt = _rounded(linker.misc.save_model_to_json(), settings, "m_probability")
    for table in (ours, theirs):
        bench.execute(f"drop table {table}")
    return learnt


def _rounded(learnt: Settings, before: Settings, field: str) -> Settings:
    """``before`` with ``field`` of every level as learnt, rounded and never absolute; not learnt stays as it was."""
    after = copy.deepcopy(before)
    for ours, theirs in zip(after["comparisons"], learnt["comparisons"], strict=True):
        for level, found in zip(ours["comparison_levels"], theirs["comparison_levels"], strict=True):
            value = found.get(field)
            if isinstance(value, float | int) and not level.get("is_null_level"):
                level[field] = float(f"{min(max(value, _FLOOR), 1 - _FLOOR):.{_DIGITS}g}")
    return after


def _nonsense(settings: Settings) -> list[str]:
    """Comparisons of which full agreement does not speak for a match, or disagreement not against one."""
    doubts = []
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        full, none = levels[0], levels[-1]
        if full["m_probability"] <= full["u_probability"] or none["m_probability"] >= none["u_probability"]:
            doubts.append(comparison["output_column_name"])
    return doubts


def _count_terms(
    bench: duckdb.DuckDBPyConnection,
    linker: Linker,
    settings: Settings,
    population: tuple[str, ...],
    weighed: tuple[str, ...],
) -> None:
    """Tell the linker how common each value is, so that a rare one agreeing weighs more; what the population lacks is
    as rare as what stands there once.
    """
    columns = {
        level["tf_adjustment_column"]
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if level.get("tf_adjustment_column")
    }
    for column in sorted(columns):
        everyone, here = (
            " union all ".join(f"select {column} from {table} where {column} is not null" for table in tables)
            for tables in (population, weighed)
        )
        bench.execute(
            f"""
            create or replace table terms_of_{column} as
            with counted as (select {column}, count(*) as times from ({everyone}) group by {column}),
            terms as (
                from counted
                union all
                select distinct {column}, 1 as times from ({here}) anti join counted using ({column})
            )
            select {column}, times / (select sum(times) from counted) as tf_{column} from terms
            """
        )
        counted = linker._db_api.register(f"terms_of_{column}")
        linker.table_management.register_term_frequency_lookup(counted, column)
