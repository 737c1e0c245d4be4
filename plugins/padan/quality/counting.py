"""Cheaper ways to the counts that Great Expectations comes to, registered in the place of its own.

Its own count of repeated values sorts the whole table in one process, with all columns where a key has several; its own
run of a query of unexpected rows asks it twice, first for rows that no result of ours keeps; and PostgreSQL takes ten
times as long for a pattern of a fixed length (^[0-9a-f]{64}$) as for a length and a character that may not be there.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy
from great_expectations.core.metric_function_types import MetricFunctionTypes, MetricPartialFunctionTypes
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.registry import get_sqlalchemy_metric_provider, register_metric
from great_expectations.util import get_sqlalchemy_selectable

_ROWS_OF_A_QUERY = "unexpected_rows_query.table"
_MATCHES = "column_values.match_regex.condition"
_OF_ONE_LENGTH = re.compile(r"\^\[(?P<characters>[0-9A-Za-z-]+)\]\{(?P<length>\d+)\}\$")
REPEATED = ("column_values.unique.unexpected_count", "compound_columns.unique.unexpected_count")


def _no_rows(**_: Any) -> list[Any]:
    """In the place of the rows that a query finds: their number is asked by another metric."""
    return []


def _repeated(execution_engine: Any, metric_domain_kwargs: dict[str, Any], **_: Any) -> int:
    """Rows whose value, or values of several columns, another row has too; a null is like no other."""
    names = metric_domain_kwargs.get("column_list") or [metric_domain_kwargs["column"]]
    columns: list[Any] = [sqlalchemy.column(name) for name in names]
    rows = execution_engine.get_domain_records(domain_kwargs=metric_domain_kwargs)
    alike = sqlalchemy.select(sqlalchemy.func.count().label("rows")).select_from(get_sqlalchemy_selectable(rows))
    alike = alike.where(*(column.is_not(None) for column in columns))
    groups = alike.group_by(*columns).having(sqlalchemy.func.count() > 1).subquery()
    count = sqlalchemy.select(sqlalchemy.func.coalesce(sqlalchemy.func.sum(groups.c.rows), 0))
    return int(execution_engine.execute_query(count).scalar())


def matches(column: Any, regex: str) -> Any:
    """The condition that a value matches ``regex``, as PostgreSQL judges it soonest."""
    simple = _OF_ONE_LENGTH.fullmatch(regex)
    if simple is None:
        return column.op("~")(regex)
    foreign = column.op("~")(f"[^{simple['characters']}]")
    return sqlalchemy.and_(sqlalchemy.func.length(column) == int(simple["length"]), sqlalchemy.not_(foreign))


@column_condition_partial(engine=SqlAlchemyExecutionEngine)
def _matches(_: Any, column: Any, regex: str, **__: Any) -> Any:
    return matches(column, regex)


def _replace(metric_name: str, function: Any, kind: Any = MetricFunctionTypes.VALUE) -> None:
    metric_class, _ = get_sqlalchemy_metric_provider(metric_name)
    register_metric(
        metric_name=metric_name,
        metric_domain_keys=(),  # those there are stay
        metric_value_keys=(),
        execution_engine=SqlAlchemyExecutionEngine,
        metric_class=metric_class,  # type: ignore[arg-type]  # a class, whatever the library's annotation says
        metric_provider=function,
        metric_fn_type=kind,
    )


def replace_metrics() -> None:
    """Count in our ways in this process from now on."""
    _replace(_ROWS_OF_A_QUERY, _no_rows)
    _replace(_MATCHES, _matches, MetricPartialFunctionTypes.MAP_CONDITION_FN)
    for name in REPEATED:
        _replace(name, _repeated)
