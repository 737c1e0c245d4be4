"""One stage's expectations: read, expand, evaluate, record, decide."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import psycopg

from padan.agreement import Agreement
from padan.errors import ConfigurationError, PublicationStopped
from padan.quality import changed
from padan.quality.engine import Engine, existing_columns
from padan.quality.suites import STAGES, Attribute, Suite, SuiteFile, expand, read_suites
from padan.quality.verdicts import Verdict, store
from padan.settings import Settings
from padan.warehouse import changes
from padan.warehouse.connection import Connection, connect

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QualitySummary:
    """What one stage's expectations came to."""

    stage: str
    as_of: date
    evaluated: int
    """Number of expectations."""
    passed: int
    warnings: int
    """Number of failed expectations of severity warning; publication goes on."""
    verdicts: tuple[Verdict, ...]
    docs_index: Path
    seconds: float


def docs_index(settings: Settings) -> Path:
    """The first page of the data docs."""
    return settings.state_dir / "data_docs" / "index.html"


def _attributes(connection: Connection) -> list[Attribute]:
    """The compared attributes; none before dbt has loaded its seeds."""
    try:
        rows = connection.execute(
            "select attribute, authority, label_id from reference.attribute_registry order by attribute"
        ).fetchall()
    except psycopg.errors.UndefinedTable:
        return []
    return [Attribute(*row) for row in rows]


def _expand_all(connection: Connection, files: Sequence[SuiteFile], as_of: date) -> list[Suite]:
    templated = any(item.for_each or "{attributes}" in str(item.kwargs) for file in files for item in file.expectations)
    attributes = _attributes(connection) if templated else []
    return [expand(file, attributes, as_of) for file in files]


def _missing(suite: Suite, columns: dict[tuple[str, str], frozenset[str]]) -> dict[str, str]:
    """For each expectation that cannot run, why; the table or a column of it is not there."""
    table = f"{suite.schema}.{suite.table}"
    there = columns.get((suite.schema, suite.table))
    if there is None:
        return {expectation.id: f"there is no table {table}" for expectation in suite.expectations}
    found: dict[str, str] = {}
    for expectation in suite.expectations:
        absent = [column for column in expectation.columns if column not in there]
        if absent:
            found[expectation.id] = f"table {table} has no column {', '.join(absent)}"
    return found


def _with_absentees(suite: Suite, ran: Sequence[Verdict], missing: dict[str, str]) -> list[Verdict]:
    """One verdict per expectation of ``suite`` in its order: what did not run has failed."""
    by_id = {verdict.expectation.id: verdict for verdict in ran}
    verdicts = []
    for expectation in suite.expectations:
        verdict = by_id.get(expectation.id) or Verdict(suite, expectation, False, problem="did not run")
        if expectation.id in missing:
            verdict = replace(verdict, success=False, problem=missing[expectation.id])
        verdicts.append(verdict)
    return verdicts


def _evaluate(settings: Settings, suites: Sequence[Suite], connection: Connection, as_of: date) -> list[Verdict]:
    """Run ``suites``, store their verdicts, then write the pages."""
    columns = existing_columns(connection, suites)
    asked_first = {} if changes.is_whole(connection) else changed.questions(connection, suites, as_of)
    index = docs_index(settings)
    verdicts: list[Verdict] = []
    with Engine(
        settings.database_url.get_secret_value(), settings.state_dir / "great_expectations", index.parent
    ) as engine:
        for suite in suites:
            present = (suite.schema, suite.table) in columns
            ran = engine.run_suite(suite, as_of, asked_first.get(suite.name, {})) if present else []
            verdicts += _with_absentees(suite, ran, _missing(suite, columns))
        store(connection, as_of, suites, verdicts)
        engine.build_docs()
    return verdicts


def _report(stopping: Sequence[Verdict]) -> str:
    return "; ".join(f"{_told(verdict)}, cases: {verdict.expectation.cases_query}" for verdict in stopping)


def _told(verdict: Verdict) -> str:
    return verdict.name + (f" ({verdict.problem})" if verdict.problem else "")


def run(settings: Settings, agreement: Agreement, stage: str, as_of: date) -> QualitySummary:
    """Evaluate all suites of ``stage`` (raw, staging, comparison or marts), store the verdicts, write the data docs.

    A second run of the same ``as_of`` on the same data changes no stored verdict.

    Raises:
        PublicationStopped: a critical expectation failed, or one could not be evaluated; named by suite and id,
            with the query that lists its cases.
        ConfigurationError: the stage is unknown or ``expectations/`` is malformed.
        AgreementNotInForce: the agreement does not permit the exchange on that day.
        SourceUnavailable: the warehouse does not answer.
    """
    started = time.monotonic()
    agreement.require_in_force(as_of)
    if stage not in STAGES:
        raise ConfigurationError(f"no stage {stage!r}; there are {', '.join(STAGES)}")
    files = [file for file in read_suites(settings.project_dir / "expectations") if file.stage == stage]
    with connect(settings.database_url.get_secret_value(), application="padan-quality", role="quality") as connection:
        suites = _expand_all(connection, files, as_of)
        verdicts = _evaluate(settings, suites, connection, as_of)
    failed = [verdict for verdict in verdicts if not verdict.success]
    stopping = [verdict for verdict in failed if verdict.stops]
    for verdict in failed:
        level = logging.ERROR if verdict.stops else logging.WARNING
        logger.log(level, "expectation failed: %s; cases: %s", _told(verdict), verdict.expectation.cases_query)
    if stopping:
        raise PublicationStopped(f"stage {stage}: critical expectations failed ({len(stopping)}): {_report(stopping)}")
    return QualitySummary(
        stage=stage,
        as_of=as_of,
        evaluated=len(verdicts),
        passed=len(verdicts) - len(failed),
        warnings=len(failed),
        verdicts=tuple(verdicts),
        docs_index=docs_index(settings),
        seconds=time.monotonic() - started,
    )
