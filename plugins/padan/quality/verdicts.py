"""Verdicts: what an expectation came to, kept in ``quality.verdict``. Counts only, never a value from the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from padan.quality.suites import Expectation, Suite
from padan.warehouse.connection import Connection

_COLUMNS = (
    "stage",
    "expectation_type",
    "schema_name",
    "table_name",
    "column_name",
    "severity",
    "owner",
    "reason",
    "success",
    "unexpected_count",
    "element_count",
    "unexpected_share",
    "query",
    "label_id",
    "counted",
    "problem",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation's verdict in one run."""

    suite: Suite
    expectation: Expectation
    success: bool
    unexpected: int | None = None
    evaluated: int | None = None
    problem: str = ""
    """Why it could not be evaluated; such a verdict never passes and always stops publication."""

    @property
    def name(self) -> str:
        """``suite.expectation``, as in messages."""
        return f"{self.suite.name}.{self.expectation.id}"

    @property
    def stops(self) -> bool:
        """Whether it forbids publishing."""
        return not self.success and (self.expectation.severity == "critical" or bool(self.problem))

    def _row(self) -> tuple[object, ...]:
        share = self.unexpected / self.evaluated if self.evaluated and self.unexpected is not None else None
        expectation = self.expectation
        return (
            self.suite.stage,
            expectation.type,
            self.suite.schema,
            self.suite.table,
            ", ".join(expectation.columns) or None,
            expectation.severity,
            expectation.owner,
            expectation.reason,
            self.success,
            self.unexpected,
            self.evaluated,
            share,
            expectation.cases_query or None,
            expectation.label_id or None,
            expectation.counted,
            self.problem or None,
        )


def store(connection: Connection, as_of: date, suites: Sequence[Suite], verdicts: Sequence[Verdict]) -> None:
    """Make ``quality.verdict`` of ``as_of`` hold exactly ``verdicts`` for ``suites``; equal rows stay untouched."""
    columns = ", ".join(_COLUMNS)
    stored = ", ".join(f"verdict.{column}" for column in _COLUMNS)
    excluded = ", ".join(f"excluded.{column}" for column in _COLUMNS)
    assignments = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)
    upsert = f"""
        insert into quality.verdict (as_of, suite, expectation_id, {columns})
        values (%s, %s, %s, {", ".join(["%s"] * len(_COLUMNS))})
        on conflict (as_of, suite, expectation_id) do update set {assignments}, recorded_at = now()
        where ({stored}) is distinct from ({excluded})
    """  # noqa: S608 - the names are the constants above
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            """
            delete from quality.verdict
            where as_of = %s and suite = any(%s) and suite || '.' || expectation_id <> all(%s)
            """,
            (as_of, [suite.name for suite in suites], [verdict.name for verdict in verdicts]),
        )
        cursor.executemany(upsert, [(as_of, item.suite.name, item.expectation.id, *item._row()) for item in verdicts])
