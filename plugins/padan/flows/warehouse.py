"""Steps that build and check the warehouse: dbt stages, and Great Expectations between them."""

from __future__ import annotations

import logging
import shutil
from contextlib import nullcontext
from datetime import date
from typing import Any

from psycopg import sql

from padan.errors import StepFailed
from padan.flows.context import Context
from padan.settings import Settings
from padan.warehouse import changes
from padan.warehouse.connection import Connection, connect
from padan.warehouse.dbt import DbtOutcome, run_dbt, target_dir
from padan.warehouse.migrations import migrate

logger = logging.getLogger(__name__)
# Unit tests prove the code, before it is released; a test that looks at several stages waits for the last of them.
DATA_ONLY = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable")
WORKLIST = "rpt_difference_worklist+"  # and its totals: made after the ledger, of which they tell
EXACT_PAIRS = "int_matching__exact_pairs"  # made before the further tiers, which go on from there


def _counts(outcome: DbtOutcome) -> dict[str, Any]:
    return {"nodes": outcome.nodes, "warnings": list(outcome.warnings), "seconds": round(outcome.seconds, 2)}


def _check(as_of: date, stage: str) -> dict[str, Any]:
    from padan import quality

    context = Context.load()
    with _of_changes(context.settings) as connection:
        passing = nullcontext() if stage == "marts" else changes.passing(connection, f"{stage}_checked")
        with passing:
            summary = quality.run(context.settings, context.agreement, stage, as_of)
    return {"stage": stage, "passed": summary.passed, "warnings": summary.warnings}


def prepare(as_of: date) -> changes.Build:
    """Take in what changed in raw; again adds what came since."""
    context = Context.load()
    url = context.settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application="padan-changes", role="owner") as connection:
        watched = changes.watch(connection, context.agreement)
    with _of_changes(context.settings) as connection:
        return changes.gather(connection, as_of, changes.fingerprint(context.settings), watched=watched)


def _build(as_of: date, stage: str, *words: str) -> DbtOutcome:
    """Run dbt for a stage of :data:`padan.warehouse.changes.STAGES`; a late day is refused."""
    settings = Context.load().settings
    refuse_late(settings, as_of)
    with _of_changes(settings) as connection, changes.passing(connection, stage):
        changes.note_code(connection, changes.fingerprint(settings))
        return run_dbt(settings, as_of, *words)


def _of_changes(settings: Settings) -> Connection:
    return connect(settings.database_url.get_secret_value(), application="padan-changes", role="transformer")


def rebuild() -> None:
    """Have the next build make everything anew, not only whom a change reaches; nothing is built now."""
    with _of_changes(Context.load().settings) as connection:
        changes.forget(connection)


def refuse_late(settings: Settings, as_of: date) -> None:
    """Refuse a day before one that history already holds, before anything is built anew and views over it are dropped.

    Raises:
        StepFailed: naming the later day.
    """
    with connect(
        settings.database_url.get_secret_value(), application="padan-history", role="transformer"
    ) as connection:
        tables = connection.execute(
            "select relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace "
            "inner join pg_attribute on attrelid = pg_class.oid and attname = 'dbt_valid_from' "
            "where nspname = 'snapshots' and relkind = 'r' order by relname"
        ).fetchall()
        newest = sql.SQL("select greatest(max(dbt_valid_from), max(dbt_valid_to))::date from {}")  # each by its index
        for (table,) in tables:
            row = connection.execute(newest.format(sql.Identifier("snapshots", table))).fetchone()
            if row and row[0] and row[0] > as_of:
                raise StepFailed(
                    f"history holds the day {row[0]} already ({table}): {as_of} is late, and nothing was changed"
                )


def check_freshness(as_of: date) -> dict[str, Any]:
    """Say how old each agency's data is; a stale source is reported, it stops nothing."""
    outcome = run_dbt(Context.load().settings, as_of, "source", "freshness")
    for source in outcome.warnings:
        logger.warning("stale source: %s", source)
    return _counts(outcome)


def check_raw(as_of: date) -> dict[str, Any]:
    """Expectations on raw; raises PublicationStopped when a critical one fails."""
    build = prepare(as_of)
    return {**_check(as_of, "raw"), "whole": build.whole, "affected": build.affected}


def build_staging(as_of: date) -> dict[str, Any]:
    """Seeds, then staging: typed and cleaned, what does not parse becomes a finding; a late day is refused."""
    with _of_changes(Context.load().settings) as connection:
        begun = changes.is_under_way(connection, as_of)
    if not begun:  # by a person, without check_raw; else only whom that has seen
        prepare(as_of)
    return _counts(_build(as_of, "staged", "build", *DATA_ONLY, "--select", "resource_type:seed", "tag:staging"))


def check_staging(as_of: date) -> dict[str, Any]:
    """Expectations on staging; raises PublicationStopped when a critical one fails."""
    return _check(as_of, "staging")


def take_snapshots(as_of: date) -> dict[str, Any]:
    """SCD2 history of both sides."""
    return _counts(_build(as_of, "kept", "snapshot", "--select", "tag:people_history"))


def match_exactly(as_of: date) -> dict[str, Any]:
    """Pair by decisions and exact keys; no step of its own, since the further tiers go on from there."""
    return _counts(_build(as_of, "linked", "build", *DATA_ONLY, "--select", EXACT_PAIRS))


def integrate(as_of: date) -> dict[str, Any]:
    """Take in all pairs, compare attributes, keep the history of differences; a late day is refused."""
    words = ("--select", "tag:integration", "--exclude", EXACT_PAIRS)
    return _counts(_build(as_of, "integrated", "build", *DATA_ONLY, *words))


def check_comparison(as_of: date) -> dict[str, Any]:
    """Expectations that flag differences beyond tolerance; raises PublicationStopped when a critical one fails."""
    return _check(as_of, "comparison")


def build_marts(as_of: date) -> dict[str, Any]:
    """Build and test the public marts; a late day is refused."""
    words = ("--select", "tag:marts", "--exclude", WORKLIST)
    return _counts(_build(as_of, "published", "build", *DATA_ONLY, *words))


def check_marts(as_of: date) -> dict[str, Any]:
    """Expectations on the marts, with which a build has ended; raises PublicationStopped when a critical one fails."""
    counts = _check(as_of, "marts")
    with _of_changes(Context.load().settings) as connection:
        counts["finished"] = changes.finish(connection)
    return counts


def write_docs(as_of: date) -> dict[str, Any]:
    """Write dbt's documentation as one page beside the data docs, unless it tells of these very models already."""
    settings = Context.load().settings
    page = settings.state_dir / "dbt_docs" / "index.html"
    made_of = page.with_name("made_of")
    told = changes.fingerprint(settings)
    if page.exists() and made_of.exists() and made_of.read_text() == told:
        return {"nodes": {}, "warnings": [], "seconds": 0.0}
    outcome = run_dbt(settings, as_of, "docs", "generate", "--static")
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(target_dir(settings) / "static_index.html", page)
    made_of.write_text(told)
    return _counts(outcome)
