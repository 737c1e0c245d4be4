"""Great Expectations: runs suites on the warehouse and reduces every result to a verdict and counts.

Its results, exceptions and log messages quote values of the data. None leaves this module: a result keeps the counts
named here, an exception its class, and its loggers are silent while it runs (PKS article 9).
Importing it takes seconds, so it is imported when a stage runs.
"""

from __future__ import annotations

import logging
import re
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import sqlalchemy

from padan.errors import ConfigurationError, StepFailed
from padan.quality.suites import Expectation, Suite
from padan.quality.verdicts import Verdict

APPLICATION = "padan-quality"
SITE = "padan"
KEPT_DATES = 14  # the index is written anew each time; older verdicts stay in the database
ASKED_ALL = "all"
ASKED_CHANGED = "the changed ones ({rows}); the others held before"
_DATA_SOURCE = "warehouse"
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
_KEPT_COUNTS = ("element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent")
# Types whose observed value is a number of rows.
_OBSERVED_COUNT = ("expect_table_row_count_to_be_between", "unexpected_rows_expectation")
_DRIVER_ERROR = re.compile(r"\bpsycopg2\.errors\.([A-Z][A-Za-z]+)\b")


@contextmanager
def _silence() -> Iterator[None]:
    """Let nothing that the library logs or warns of out: its messages quote values."""
    logger = logging.getLogger("great_expectations")
    propagated, handler = logger.propagate, logging.NullHandler()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)


def _folder_store(class_name: str, folder: Path) -> dict[str, Any]:
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    return {"class_name": class_name, "store_backend": backend}


def _memory_store(class_name: str) -> dict[str, Any]:
    return {"class_name": class_name, "store_backend": {"class_name": "InMemoryStoreBackend"}}


def _own(class_name: str) -> dict[str, Any]:
    return {"module_name": "padan.quality.pages", "class_name": class_name}


def _section(source: str, renderer: dict[str, Any]) -> dict[str, Any]:
    return {
        "class_name": "DefaultSiteSectionBuilder",
        "source_store_name": source,
        "renderer": renderer,
        "view": _own("PageView"),
    }


_RESULTS_RENDERER = {
    "class_name": "ValidationResultsPageRenderer",
    "column_section_renderer": {
        "class_name": "ValidationResultsColumnSectionRenderer",
        "table_renderer": _own("ResultTable"),
    },
}


def _new_context(store_dir: Path, docs_dir: Path) -> Any:
    """A context that lives as long as the run, with reduced results and pages in folders; nothing is sent anywhere."""
    import great_expectations
    from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

    configuration = DataContextConfig(
        config_version=4.0,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        stores={
            "expectations": _folder_store("ExpectationsStore", store_dir / "expectations"),
            "results": _folder_store("ValidationResultsStore", store_dir / "results"),
            "checkpoint_store": _memory_store("CheckpointStore"),
            "validation_definition_store": _memory_store("ValidationDefinitionStore"),
        },
        expectations_store_name="expectations",
        validation_results_store_name="results",
        checkpoint_store_name="checkpoint_store",
        data_docs_sites={
            SITE: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs_dir)},
                "site_section_builders": {
                    "expectations": _section("expectations", {"class_name": "ExpectationSuitePageRenderer"}),
                    "validations": _section("results", _RESULTS_RENDERER),
                    "profiling": "None",
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": _own("IndexView")},
            }
        },
    )
    return great_expectations.get_context(mode="ephemeral", project_config=configuration)


def _class_name(type_name: str) -> str:
    return "".join(word.capitalize() for word in type_name.split("_"))


def build_expectation(suite: Suite, expectation: Expectation) -> Any:
    """The Great Expectations object of ``expectation``.

    Raises:
        ConfigurationError: its arguments are not those of its type.
    """
    from great_expectations import expectations as library

    arguments = dict(expectation.kwargs)
    if expectation.where:
        conditions = [
            library.row_conditions.Column(column) == value for column, value in sorted(expectation.where.items())
        ]
        arguments["row_condition"] = reduce(and_, conditions)
    try:
        return getattr(library, _class_name(expectation.type))(
            **arguments,
            severity=expectation.severity,
            notes=f"**{expectation.id}** ({expectation.severity}, {expectation.owner}): {expectation.reason}",
            meta={
                "id": expectation.id,
                "severity": expectation.severity,
                "why": f"{expectation.reason} ({expectation.id}; {expectation.owner})",
                "cases": expectation.cases_query,
                "asked": ASKED_ALL,
            },
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"suite {suite.name}: {expectation.id} is not a usable {expectation.type} ({type(error).__name__})"
        ) from None


def _library_suite(suite: Suite, names: Collection[str]) -> Any:
    """The Great Expectations object of the expectations ``names`` of ``suite``."""
    from great_expectations import ExpectationSuite

    return ExpectationSuite(
        name=suite.name,
        expectations=[build_expectation(suite, item) for item in suite.expectations if item.id in names],
        notes=suite.description,
    )


def _exception_class(information: Mapping[str, Any]) -> str:
    """The class of the driver's exception, found in the message that quotes it; never the message."""
    found = _DRIVER_ERROR.search(str(information))
    return found[1] if found else "internal error"


def _raised(result: Any) -> bool:
    information = result.exception_info or {}
    details = [information, *(value for value in information.values() if isinstance(value, dict))]
    return any(item.get("raised_exception") for item in details)


def _reduce_result(result: Any, expectation: Expectation) -> str:
    """Cut ``result`` down to counts, in place; return why it could not be evaluated, or nothing."""
    problem = f"could not be evaluated ({_exception_class(result.exception_info)})" if _raised(result) else ""
    kept = {name: result.result[name] for name in _KEPT_COUNTS if isinstance(result.result.get(name), int | float)}
    if expectation.type in _OBSERVED_COUNT and isinstance(result.result.get("observed_value"), int):
        kept["observed_value"] = result.result["observed_value"]
    result.result = kept
    result.exception_info = {
        "raised_exception": bool(problem),
        "exception_message": problem,
        "exception_traceback": "",
    }
    result.success = bool(result.success) and not problem
    return problem


def _verdict(suite: Suite, expectation: Expectation, result: Any) -> Verdict:
    problem = _reduce_result(result, expectation)
    counts = result.result
    if expectation.type == "unexpected_rows_expectation":
        unexpected, evaluated = counts.get("observed_value"), None
    else:
        unexpected = counts.get("unexpected_count")
        evaluated = counts.get("element_count", counts.get("observed_value"))
    return Verdict(suite, expectation, result.success, unexpected, evaluated, problem)


def _drop_older(folder: Path) -> None:
    """Of ``<suite>/<logical date>`` below ``folder`` keep the newest dates."""
    runs = [run for run in folder.glob("*/*") if run.is_dir()]
    kept = sorted({run.name for run in runs})[-KEPT_DATES:]
    for run in runs:
        if run.name not in kept:
            shutil.rmtree(run)


class Engine:
    """One context and one database connection for all suites of a run. A context manager; leaves no connection open."""

    def __init__(self, database_url: str, store_dir: Path, docs_dir: Path) -> None:
        self._url = sqlalchemy.make_url(database_url).set(drivername="postgresql+psycopg2")
        self._store_dir = store_dir
        self._docs_dir = docs_dir
        self._context: Any = None
        self._source: Any = None
        self._written: list[Any] = []
        self._pages: list[Path] = []

    def __enter__(self) -> Engine:
        with _silence():
            from padan.quality.counting import replace_metrics

            replace_metrics()
            self._context = _new_context(self._store_dir, self._docs_dir)
            self._source = self._context.data_sources.add_postgres(
                _DATA_SOURCE,
                connection_string=self._url.render_as_string(hide_password=False),
                create_temp_table=False,
                kwargs={
                    "connect_args": {"application_name": APPLICATION, "options": "-c role=quality"},
                    "hide_parameters": True,
                },
            )
        return self

    def __exit__(self, *exception: object) -> None:
        with _silence():
            self._source.get_execution_engine().close()
            self._source.get_engine().dispose()

    def run_suite(self, suite: Suite, as_of: date, questions: Mapping[str, str]) -> list[Verdict]:
        """Evaluate ``suite``; one verdict per result that Great Expectations returned.

        ``questions``: of an expectation the rows to ask first (:mod:`padan.quality.changed`). Where none of them breaks
        it, its verdict is what all rows would give; else all are asked.

        Raises:
            ConfigurationError: an expectation's arguments are unusable.
        """
        by_id = {expectation.id: expectation for expectation in suite.expectations}
        with _silence():
            held = self._ask_first(suite, questions)
            rest = _library_suite(suite, [name for name in by_id if name not in held])
            asset = self._source.add_table_asset(
                f"{suite.schema}.{suite.table}", table_name=suite.table, schema_name=suite.schema
            )
            validator = self._validator(asset)
            outcome: Any = validator.validate_expectation_suite(rest)
            for name, result in held.items():
                self._tell_of_all(suite, by_id[name], result, outcome.results)
            outcome.results += held.values()
            verdicts = [
                _verdict(suite, by_id[result.expectation_config.meta["id"]], result) for result in outcome.results
            ]
            self._keep(_library_suite(suite, list(by_id)), outcome, validator.active_batch_id, as_of)
        return verdicts

    def _validator(self, asset: Any) -> Any:
        from great_expectations.validator.v1_validator import Validator

        batch = asset.add_batch_definition_whole_table("all")
        return Validator(batch, result_format=_RESULT_FORMAT)

    def _ask_first(self, suite: Suite, questions: Mapping[str, str]) -> dict[str, Any]:
        """Results of the expectations that none of their ``questions``' rows breaks, by id."""
        by_rows: dict[str, list[str]] = {}
        for name, rows in questions.items():
            by_rows.setdefault(rows, []).append(name)
        held: dict[str, Any] = {}
        for number, (rows, names) in enumerate(by_rows.items()):
            asset = self._source.add_query_asset(f"{suite.schema}.{suite.table} changed {number}", query=rows)
            outcome = self._validator(asset).validate_expectation_suite(_library_suite(suite, names))
            for result in outcome.results:
                broken = result.result.get("unexpected_count", result.result.get("observed_value"))
                if result.success and broken == 0 and not _raised(result):
                    held[result.expectation_config.meta["id"]] = result
        return held

    def _tell_of_all(self, suite: Suite, expectation: Expectation, result: Any, asked_of_all: Sequence[Any]) -> None:
        """Let ``result``, which no changed row broke, count what it would if all rows had been asked."""
        counts, meta = result.result, result.expectation_config.meta
        if expectation.type == "unexpected_rows_expectation":
            meta["asked"] = ASKED_CHANGED.format(rows="by person")
            return
        meta["asked"] = ASKED_CHANGED.format(rows=counts["element_count"])
        result.result = {
            "element_count": self._row_count(suite, expectation, asked_of_all),
            "unexpected_count": 0,
            "unexpected_percent": 0.0,
        }

    def _row_count(self, suite: Suite, expectation: Expectation, asked_of_all: Sequence[Any]) -> int:
        """Rows that ``expectation`` looks at: a count that is there already, or asked for."""
        for result in asked_of_all if not expectation.where else ():
            configuration, counts = result.expectation_config, result.result
            observes = configuration.type == "expect_table_row_count_to_be_between"
            count = counts.get("observed_value" if observes else "element_count")
            if count is not None and not configuration.kwargs.get("row_condition"):
                return int(count)
        rows = sqlalchemy.table(suite.table, schema=suite.schema)
        counted = sqlalchemy.select(sqlalchemy.func.count()).select_from(rows)
        for column, value in expectation.where.items():
            counted = counted.where(sqlalchemy.column(column) == value)
        return int(self._source.get_execution_engine().execute_query(counted).scalar())

    def _keep(self, library_suite: Any, outcome: Any, batch_id: str | None, as_of: date) -> None:
        """Store the suite and its reduced outcome; the place depends on suite and logical date only."""
        from great_expectations.core.run_identifier import RunIdentifier
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        moment = datetime.combine(as_of, time(), UTC)
        run = RunIdentifier(run_name=as_of.isoformat(), run_time=moment)
        outcome.success = all(result.success for result in outcome.results)
        successful = sum(result.success for result in outcome.results)
        outcome.statistics |= {
            "evaluated_expectations": len(outcome.results),
            "successful_expectations": successful,
            "unsuccessful_expectations": len(outcome.results) - successful,
            "success_percent": 100 * successful / len(outcome.results),
        }
        outcome.meta |= {"run_id": run, "validation_time": moment, "batch_markers": {}, "batch_parameters": None}
        outcome.results.sort(key=lambda result: str(result.expectation_config.meta["id"]))
        suite_key = ExpectationSuiteIdentifier(name=library_suite.name)
        result_key: Any = ValidationResultIdentifier(
            batch_identifier=batch_id, expectation_suite_identifier=suite_key, run_id=run
        )
        self._context.suites.add_or_update(library_suite)
        self._context.validation_results_store.set(key=result_key, value=outcome)
        self._written += [suite_key, result_key]
        self._pages.append(self._docs_dir / "expectations" / f"{library_suite.name}.html")
        *folders, name = result_key.to_tuple()
        self._pages.append(self._docs_dir.joinpath("validations", *folders, f"{name}.html"))

    def build_docs(self) -> None:
        """Write the pages of what ran, and the index of all that ran on the newest dates.

        Raises:
            StepFailed: a page was not written; the library only logs it.
        """
        for page in self._pages:
            page.unlink(missing_ok=True)
        _drop_older(self._store_dir / "results")
        _drop_older(self._docs_dir / "validations")
        with _silence():
            self._context.build_data_docs(site_names=[SITE], resource_identifiers=self._written)
        missing = [page.stem for page in self._pages if not page.exists()]
        if missing:
            raise StepFailed(f"pages of the data docs were not written: {', '.join(missing)}")
        shutil.rmtree(self._docs_dir / "static", ignore_errors=True)  # fonts and pictures of the library's own pages


def existing_columns(connection: Any, suites: Sequence[Suite]) -> dict[tuple[str, str], frozenset[str]]:
    """Columns of each table or view that ``suites`` look at; a missing table has no entry."""
    rows = connection.execute(
        """
        select table_schema, table_name, array_agg(column_name::text)
        from information_schema.columns
        where (table_schema || '.' || table_name) = any(%s)
        group by table_schema, table_name
        """,
        ([f"{suite.schema}.{suite.table}" for suite in suites],),
    ).fetchall()
    return {(schema, table): frozenset(columns) for schema, table, columns in rows}
