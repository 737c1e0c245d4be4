"""Which rows alone can break an expectation that held before, so that these are asked first instead of all.

Where the last verdict found no row that breaks it, a row that breaks it now is one of a person in ``landing.affected``:
that is emptied only after a build, its checks included, ended well. Where one of them breaks it, all rows are asked.
An edited expectation is asked of all rows too: the contents of ``expectations/`` are among what makes a build whole.
"""
# ruff: noqa: S608 - names are those of the reviewed files in expectations/

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from padan.quality.suites import Expectation, Suite
from padan.warehouse.connection import Connection

# Types that judge each row by itself.
_BY_ROW = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
    }
)
_UNIQUE = frozenset({"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"})


def _of_changed_people(suite: Suite, columns: str) -> str:
    """Rows of changed people, and those that name nobody, each once."""
    table = f"{suite.schema}.{suite.table}"
    named = " or ".join(
        f"{column} in (select key from landing.affected where side = '{side}')"
        for side, column in suite.changes.items()
    )
    nobody = " and ".join(f"{column} is null" for column in suite.changes.values())
    if len(suite.changes) > 1:
        return f"select {columns} from {table} where {named} or ({nobody})"
    # Apart, since either then goes by an index, and the second costs nothing where the column is not null.
    return f"select {columns} from {table} where {named} union all select {columns} from {table} where {nobody}"


def rows_to_ask(suite: Suite, expectation: Expectation) -> str | None:
    """The query of the rows of which one must break ``expectation`` if any does that did not before; None: any may."""
    if not suite.changes:
        return None
    if expectation.type in _BY_ROW or expectation.by_person:
        return _of_changed_people(suite, "*")
    if expectation.type not in _UNIQUE:
        return None
    columns = expectation.kwargs.get("column_list") or [expectation.kwargs["column"]]
    if set(suite.changes.values()) <= set(columns):
        return _of_changed_people(suite, "*")  # all rows alike are of one person
    alike = ", ".join(columns)
    return f"select * from {suite.schema}.{suite.table} where ({alike}) in ({_of_changed_people(suite, alike)})"


def _held(connection: Connection, suites: Sequence[Suite]) -> Mapping[str, date]:
    """Day of the last verdict of each expectation (``suite.id``) that no row broke when it was last judged."""
    rows = connection.execute(
        """
        select distinct on (suite, expectation_id)
            suite || '.' || expectation_id, as_of, success and unexpected_count = 0 and problem is null
        from quality.verdict where suite = any(%s)
        order by suite, expectation_id, as_of desc
        """,
        ([suite.name for suite in suites],),
    ).fetchall()
    return {name: as_of for name, as_of, held in rows if held}


def questions(connection: Connection, suites: Sequence[Suite], as_of: date) -> dict[str, dict[str, str]]:
    """Per suite, per expectation: the query of the rows to ask first; of what is not named, all rows are asked.

    Only for a build that is not whole.
    """
    held = _held(connection, suites)
    found: dict[str, dict[str, str]] = {}
    for suite in suites:
        for expectation in suite.expectations:
            day = held.get(f"{suite.name}.{expectation.id}")
            if day is None or day > as_of or (expectation.dated and day != as_of):
                continue
            rows = rows_to_ask(suite, expectation)
            if rows:
                found.setdefault(suite.name, {})[expectation.id] = rows
    return found
