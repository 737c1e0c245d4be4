"""The query that lists the cases of an expectation whose file names none: the rows that break it, by the suite's key.

An expectation that stops publication stops it before the marts could list anything. Its cases are therefore rows of the
table that it looks at, or, where rows are missing there, of the quarantine or the findings that kept them. The query
holds what the file says, and no value of the data.
"""
# ruff: noqa: S608 - names and values are those of the reviewed files in expectations/

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from padan.errors import ConfigurationError

_OUTERMOST = re.compile(r"select 1 as found\s+from\s+(?P<table>\{batch\}(?:\s+as\s+(?P<alias>\w+))?)?", re.IGNORECASE)
_GROUPED = re.compile(r"\bgroup\s+by\s+([\w., ]+?)\s+having\b", re.IGNORECASE)
_UNNAMED = re.compile(r"\{batch\}(?!\s+as\s)")


@dataclass(frozen=True, slots=True)
class Looked:
    """What an expectation looks at."""

    stage: str
    table: str
    """schema.table"""
    key: Sequence[str]
    """Columns that name a row; empty: all of its columns."""
    kwargs: dict[str, Any]
    where: dict[str, str]

    @property
    def columns(self) -> str:
        """What names a row; of a raw row, whose key may be what it lacks, also its hash."""
        return ", ".join((*self.key, "_row_hash") if self.stage == "raw" else self.key) or "*"

    def rows(self, condition: str, source: str = "") -> str:
        conditions = [condition, *(f"{column} = {_literal(value)}" for column, value in sorted(self.where.items()))]
        return f"select {self.columns} from {source or self.table} where {' and '.join(conditions)}"


def _literal(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _list(values: Sequence[Any]) -> str:
    return ", ".join(map(_literal, values))


def _absent(looked: Looked) -> str:
    """Rows that are not there: why they were kept back, or, where nothing keeps any, how many there are."""
    schema, table = looked.table.split(".")
    party = schema.rpartition("_")[2]
    if looked.stage == "raw":
        return (
            "select as_of, field, rule, count(*) as rows from landing.quarantine "
            f"where party = {_literal(party)} and dataset = {_literal(table)} "
            "group by as_of, field, rule order by as_of desc, rows desc"
        )
    if looked.stage == "staging":
        return (
            f"select dataset, field, rule, count(*) as rows from {schema}.stg_{party}__findings "
            "group by dataset, field, rule order by rows desc"
        )
    return f"select count(*) as rows from {looked.table}"


def _repeated(looked: Looked, columns: Sequence[str]) -> str:
    counted = f"(select *, count(*) over (partition by {', '.join(columns)}) as alike from {looked.table}) as counted"
    return looked.rows("alike > 1", counted)


def _outside(looked: Looked) -> str:
    column, lowest, highest = (looked.kwargs.get(name) for name in ("column", "min_value", "max_value"))
    parts = [f"{column} < {_literal(lowest)}"] if lowest is not None else []
    parts += [f"{column} > {_literal(highest)}"] if highest is not None else []
    return looked.rows(f"({' or '.join(parts)})")


def _unordered(looked: Looked) -> str:
    sign = ">=" if looked.kwargs.get("or_equal") else ">"
    return looked.rows(f"not {looked.kwargs['column_A']} {sign} {looked.kwargs['column_B']}")


def _lacking(looked: Looked) -> str:
    column, wanted = looked.kwargs["column"], _list(looked.kwargs["value_set"])
    return (
        f"select wanted from unnest(array[{wanted}]) as wanted "
        f"where not exists (select from {looked.table} where {column}::text = wanted)"
    )


def _found(looked: Looked) -> str:
    """The expectation's own query, with the key of each row in the place of its ``1 as found``."""
    query = str(looked.kwargs["unexpected_rows_query"])

    def outermost(match: re.Match[str]) -> str:
        alias = match["alias"] or "subselect"
        grouped = _GROUPED.search(query)
        named = [f"{alias}.{column}" for column in looked.key] if match["table"] else []
        named = [grouped[1]] if grouped and match["table"] else named
        return f"select {', '.join(named) or '*'} from {match['table'] or ''}"

    query = _OUTERMOST.sub(outermost, query, count=1)
    query = _UNNAMED.sub(f"{looked.table} as subselect", query).replace("{batch}", looked.table)
    return " ".join(query.replace("{{", "{").replace("}}", "}").split())


_QUERIES: dict[str, Callable[[Looked], str]] = {
    "expect_column_distinct_values_to_contain_set": _lacking,
    "expect_column_pair_values_a_to_be_greater_than_b": _unordered,
    "expect_column_to_exist": lambda looked: (
        "select column_name from information_schema.columns "
        f"where table_schema || '.' || table_name = {_literal(looked.table)}"
    ),
    "expect_column_values_to_be_between": _outside,
    "expect_column_values_to_be_in_set": lambda looked: looked.rows(
        f"{looked.kwargs['column']}::text not in ({_list(looked.kwargs['value_set'])})"
    ),
    "expect_column_values_to_be_unique": lambda looked: _repeated(looked, [looked.kwargs["column"]]),
    "expect_column_values_to_match_regex": lambda looked: looked.rows(
        f"{looked.kwargs['column']} !~ {_literal(looked.kwargs['regex'])}"
    ),
    "expect_column_values_to_not_be_null": lambda looked: looked.rows(f"{looked.kwargs['column']} is null"),
    "expect_column_values_to_not_match_regex": lambda looked: looked.rows(
        f"{looked.kwargs['column']} ~ {_literal(looked.kwargs['regex'])}"
    ),
    "expect_compound_columns_to_be_unique": lambda looked: _repeated(looked, looked.kwargs["column_list"]),
    "expect_table_row_count_to_be_between": _absent,
    "unexpected_rows_expectation": _found,
}


def query_of(kind: str, looked: Looked) -> str:
    """The query that lists the cases of an expectation of type ``kind``.

    Raises:
        ConfigurationError: its arguments are not those of its type.
    """
    try:
        return _QUERIES[kind](looked)
    except KeyError as error:
        raise ConfigurationError(f"{kind} on {looked.table} has no query of its cases: it lacks {error}") from None
