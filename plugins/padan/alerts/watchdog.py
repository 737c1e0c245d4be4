"""The watch: what should have happened and did not, told to the operators once when it begins and once when it is over.

It looks at what runs leave behind and not at Airflow, so it also sees a DAG that no longer parses or was paused: its
logical date is missing. It must run apart from what it watches, on a timetable of its own (DAG ``watch``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from padan.agreement import Agreement, guard
from padan.alerts import outbox
from padan.alerts.dag_files import broken
from padan.alerts.delivery import may_deliver
from padan.alerts.outbox import Draft
from padan.settings import AlertSettings, Settings, SmtpSettings
from padan.warehouse.connection import Connection, connect, exclusive

logger = logging.getLogger(__name__)
# What shows that a DAG's run of a day came to its end; {} is the last day that is looked at.
_RUNS = {
    "build_warehouse": "select max(as_of) from quality.verdict where stage = 'staging' and as_of <= %s",
    "reconcile": "select max(as_of) from ledger.run where as_of <= %s",
    "notify_liaison": "select max(as_of) from alerts.run where as_of <= %s",
}
_EXTRACTS = """
    select distinct on (party)
        party, state, as_of, reason,
        (select max(p.as_of) from landing.extract as p
            where p.party = extract.party and p.state = 'published' and p.as_of <= %(day)s) as published
    from landing.extract as extract
    where as_of <= %(day)s
    order by party, extract_id desc
"""
_JUMPED = """
    select today.side, today.dataset, today.rule, today.findings, coalesce(before.findings, 0) as earlier
    from alerts.watch_count as today
    left join alerts.watch_count as before
        on today.side = before.side and today.dataset = before.dataset and today.rule = before.rule
        and before.as_of = (select max(as_of) from alerts.watch_count where as_of < %(day)s)
    where
        today.as_of = %(day)s
        and exists (select from alerts.watch_count where as_of < %(day)s)
        and today.findings - coalesce(before.findings, 0)
            >= greatest(%(minimum)s, %(share)s * coalesce(before.findings, 0))
    order by today.side, today.dataset, today.rule
"""
_COUNT_FINDINGS = """
    with found as (
        select side, dataset, rule, count(*) as findings
        from marts_reconciliation.fct_findings group by side, dataset, rule
        union all
        select extract.party, quarantine.dataset, 'quarantined', count(*)
        from landing.quarantine as quarantine
        inner join landing.extract as extract using (extract_id)
        where extract_id in (select max(extract_id) from landing.extract where as_of <= %(day)s group by party)
        group by extract.party, quarantine.dataset
    ),
    removed as (
        delete from alerts.watch_count as kept
        where as_of = %(day)s and not exists (
            select from found
            where (found.side, found.dataset, found.rule) = (kept.side, kept.dataset, kept.rule)
        )
    )
    insert into alerts.watch_count (as_of, side, dataset, rule, findings)
    select %(day)s, side, dataset, rule, findings from found
    on conflict (as_of, side, dataset, rule) do update set findings = excluded.findings
    where watch_count.findings is distinct from excluded.findings
"""
_JUMPED_SHARES = """
    select suite || '.' || expectation_id, unexpected_count
    from quality.verdict
    where suite = 'comparison_jumps' and not success and as_of = (
        select max(as_of) from quality.verdict where stage = 'comparison' and as_of <= %s
    )
    order by 1
"""
_STOPPED = """
    select suite || '.' || expectation_id, stage, as_of, unexpected_count, problem, query
    from quality.verdict as verdict
    where
        not success and (severity = 'critical' or problem is not null)
        and as_of = (
            select max(newest.as_of) from quality.verdict as newest
            where newest.stage = verdict.stage and newest.as_of <= %s
        )
    order by 1
"""
_STUCK = """
    select 'digest', digest_id, kind || coalesce(' to ' || party, ''), as_of, state, attempts, last_error, created_at
    from alerts.digest where state <> 'sent'
    union all
    select 'letter', key || '/' || party, 'letter to ' || party, as_of, state, 0, null, created_at
    from alerts.letter where state <> 'sent'
    order by 8, 2
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; the key stays the same for as long as it is."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What one watch found."""

    as_of: date
    problems: tuple[Problem, ...]
    """All that is wrong now."""
    opened: tuple[str, ...]
    """Keys told of for the first time."""
    cleared: tuple[str, ...]
    """Keys that are over since the last watch."""
    mailed: int


def _unparsed(dags_dir: Path) -> Iterator[Problem]:
    for one in broken(dags_dir):
        yield Problem(f"parse:{one.file}", f"dags/{one.file} cannot be imported: {one.why}; its DAG cannot run")


def _missed(connection: Connection, day: date, expected: date) -> Iterator[Problem]:
    seen = {row[0]: row[1:] for row in connection.execute(_EXTRACTS, {"day": day}).fetchall()}
    for party in ("bkn", "bps"):
        state, as_of, reason, published = seen.get(party, (None, None, None, None))
        if published is not None and published >= expected:
            continue
        told = f"extract_{party}: no data of {party.upper()} for {expected}"
        told += f"; the newest published are of {published}" if published else "; none was ever published"
        if state in ("open", "failed", "stopped", "abandoned"):
            told += f"; the extract of {as_of} is {state}{f' ({reason})' if reason else ''}"
        elif as_of is None or as_of < expected:
            told += "; no run began"
        yield Problem(f"missed:extract_{party}", told)
    for name, query in _RUNS.items():
        row = connection.execute(query.encode(), (day,)).fetchone()
        newest = row[0] if row else None
        if newest is None or newest < expected:
            yield Problem(
                f"missed:{name}",
                f"{name}: no run for {expected} came to its end"
                + (f"; the last one was for {newest}" if newest else ""),
            )


def _stopped(connection: Connection, day: date) -> Iterator[Problem]:
    """What stopped publication at the newest run of each stage, with the query that lists its cases."""
    for name, stage, as_of, count, problem, query in connection.execute(_STOPPED, (day,)).fetchall():
        told = problem or ("failed" if count is None else f"failed ({count})")
        cases = f"; its cases: {query}" if query else ""
        yield Problem(f"stopped:{name}", f"{stage} of {as_of} stopped publication: {name} {told}{cases}")


def _jumps(connection: Connection, alerts: AlertSettings, day: date) -> Iterator[Problem]:
    connection.execute(_COUNT_FINDINGS, {"day": day})
    words = {"day": day, "minimum": alerts.finding_jump_minimum, "share": alerts.finding_jump_share}
    for side, dataset, rule, findings, earlier in connection.execute(_JUMPED, words).fetchall():
        yield Problem(
            f"jump:{side}.{dataset}.{rule}:{day}",
            f"{side.upper()} {dataset}: {findings} rows with the finding {rule}, {earlier} at the watch before",
        )
    for name, count in connection.execute(_JUMPED_SHARES, (day,)).fetchall():
        yield Problem(f"jump:{name}", f"{name} failed: the share of differences moved more than is tolerated ({count})")


def _stuck(connection: Connection, alerts: AlertSettings, moment: datetime) -> Iterator[Problem]:
    for kind, identity, name, as_of, state, attempts, last_error, created_at in connection.execute(_STUCK).fetchall():
        if state == "handing_over":
            yield Problem(
                f"doubt:{kind}:{identity}",
                f"{name} of {as_of} ({identity}): the connection or the process ended while the mail server took it; "
                "look into its log, then `padan alerts settle`",
            )
        elif may_deliver(alerts, moment) and moment - created_at >= timedelta(hours=alerts.stuck_after):
            why = f", last error {last_error}" if last_error else ""
            yield Problem(f"stuck:{kind}:{identity}", f"{name} of {as_of} is not sent yet ({attempts} attempts{why})")


def _find(
    connection: Connection, settings: Settings, alerts: AlertSettings, agreement: Agreement, day: date, moment: datetime
) -> list[Problem]:
    found = [*_unparsed(settings.project_dir / "dags"), *_stuck(connection, alerts, moment)]
    if guard(agreement, day, "extract").refusal is None:
        found += _missed(connection, day, day - timedelta(days=alerts.grace_days))
        found += _stopped(connection, day)
        try:
            with connection.transaction():
                found += _jumps(connection, alerts, day)
        except psycopg.errors.UndefinedTable:
            logger.info("the marts are not built yet: no findings to compare")
    return found


def _text(day: date, problems: list[Problem], opened: list[str], cleared: list[tuple[str, str]]) -> str:
    new = [problem.text for problem in problems if problem.key in opened]
    still = [problem.text for problem in problems if problem.key not in opened]
    parts = [f"Padan's watch of {day}."]
    for title, lines in (("NEW", new), ("OVER", [text for _, text in cleared]), ("STILL WRONG", still)):
        if lines:
            parts.append("\n".join([title, *(f"- {line}" for line in lines)]))
    parts.append("What to do: docs/operations.md. Each is told once when it begins and once when it is over.")
    return "\n\n".join(parts) + "\n"


def _record(
    connection: Connection, alerts: AlertSettings, problems: list[Problem], day: date, domain: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Write down what began and what is over, and the mail that says so; one transaction."""
    with connection.transaction():
        known: dict[str, str] = dict(
            connection.execute("select problem_key, text from alerts.watch_problem where cleared_on is null").fetchall()
        )
        keys = {problem.key for problem in problems}
        opened = [problem.key for problem in problems if problem.key not in known]
        cleared = [(key, text) for key, text in sorted(known.items()) if key not in keys]
        digest_id = None
        if (opened or cleared) and alerts.operators:
            subject = f"[Padan] watch: {len(opened)} new, {len(cleared)} over, {len(problems)} wrong - {day}"
            text = _text(day, problems, opened, cleared)
            digest_id = outbox.write(connection, Draft("watch", None, day, subject, text), domain)
        for problem in problems:
            connection.execute(
                """
                insert into alerts.watch_problem as kept (problem_key, text, opened_on, digest_id)
                values (%(key)s, %(text)s, %(day)s, %(digest_id)s)
                on conflict (problem_key) do update set
                    text = excluded.text,
                    opened_on = case when kept.cleared_on is null then kept.opened_on else excluded.opened_on end,
                    digest_id = case when kept.cleared_on is null then kept.digest_id else excluded.digest_id end,
                    cleared_on = null
                """,
                {"key": problem.key, "text": problem.text, "day": day, "digest_id": digest_id},
            )
        connection.execute(
            "update alerts.watch_problem set cleared_on = %s where problem_key = any(%s)",
            (day, [key for key, _ in cleared]),
        )
    return opened, cleared


def watch(
    settings: Settings,
    smtp_settings: SmtpSettings,
    alert_settings: AlertSettings,
    agreement: Agreement,
    as_of: date,
    *,
    moment: datetime | None = None,
) -> Watch:
    """Look for what is missing or stuck on the logical date ``as_of`` and mail the operators what is new; once.

    The mail waits for no delivery window. While the agreement permits no extraction no run is missed.

    Raises:
        SourceUnavailable: the warehouse or the mail server does not answer.
        AuthenticationError: the mail server refuses the login.
    """
    when = moment or datetime.now(UTC)
    with (
        connect(settings.database_url.get_secret_value(), application="padan-watch", role="alerts") as connection,
        exclusive(connection, "alerts"),
    ):
        problems = _find(connection, settings, alert_settings, agreement, as_of, when)
        opened, cleared = _record(connection, alert_settings, problems, as_of, smtp_settings.domain)
        for problem in problems:
            logger.warning("%s", problem.text)
        mailed = outbox.deliver_watch(connection, smtp_settings, alert_settings)
    return Watch(as_of, tuple(problems), tuple(opened), tuple(key for key, _ in cleared), mailed)
