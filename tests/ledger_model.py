"""The ledger in plain Python, written apart from the SQL: what a run adds, and what events make of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from padan.agreement.clauses import Suspension
from padan.agreement.working_days import is_working_day


@dataclass(frozen=True)
class Seen:
    """A difference as a run sees it."""

    fingerprint: str
    severity: str
    owner: str


@dataclass(frozen=True)
class Event:
    as_of: date
    kind: str
    seen: Seen | None = None
    due_on: date | None = None
    until: date | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Case:
    """The state of one case."""

    seen: Seen
    state: str
    opened_on: date
    last_opened_on: date
    due_on: date
    resolution: str | None = None
    escalated_on: date | None = None
    resolved_on: date | None = None
    waived_until: date | None = None
    times_reopened: int = 0
    events: int = 0
    calendar_due_on: date = date.min
    term_set_on: date = date.min
    paused_on: date | None = None


ALLOWED = {
    "acknowledged": {"open", "reopened", "disputed", "waived"},
    "disputed": {"open", "reopened", "acknowledged"},
    "waived": {"open", "reopened", "acknowledged", "disputed"},
}


def observe(case: Case | None, seen: Seen | None, compared: bool, as_of: date, due: dict[str, date]) -> Event | None:
    """What a run adds to a case when the data are as ``seen`` says (None: no difference)."""
    if seen is None:
        if case is None or case.state == "resolved":
            return None
        return Event(as_of, "resolved", reason="agreed" if compared else "no_longer_compared")
    if case is None:
        return Event(as_of, "opened", seen, due[seen.severity])
    reason = reopening(case, seen, as_of)
    if reason:
        return Event(as_of, "reopened", seen, due[seen.severity], reason=reason)
    if seen.fingerprint != case.seen.fingerprint:
        return Event(as_of, "changed", seen)
    return Event(as_of, "reassigned", seen) if seen != case.seen else None


def reopening(case: Case, seen: Seen, as_of: date) -> str | None:
    if case.state == "resolved":
        return "differs_again"
    if case.state in ("disputed", "waived") and seen.fingerprint != case.seen.fingerprint:
        return "values_changed"
    if case.state == "waived" and case.waived_until is not None and case.waived_until < as_of:
        return "waiver_ended"
    return None


def due_with(opened: date, calendar_due: date, suspensions: Sequence[Suspension]) -> date:
    """The same number of working days from ``opened``, of those alone that no ended suspension holds."""

    def days(last: date, resting: bool) -> int:
        span = (opened + timedelta(days=number) for number in range(1, (last - opened).days + 1))
        return sum(
            is_working_day(day)
            and not (resting and any(one.end and one.start <= day <= one.end for one in suspensions))
            for day in span
        )

    term, last = days(calendar_due, False), calendar_due
    while days(last, True) < term:
        last += timedelta(days=1)
    return last


def suspend(case: Case, as_of: date, due: date, suspensions: Sequence[Suspension]) -> Event | None:
    """What a run adds because the agreement is or was suspended; ``due``: see :func:`due_with`."""
    if case.state == "resolved":
        return None
    if any(one.end is None and one.start <= due for one in suspensions):
        return None if case.paused_on else Event(as_of, "paused", reason="suspension")
    if case.paused_on or case.due_on != due:
        return Event(as_of, "rescheduled", due_on=due, reason="suspension")
    return None


def escalate(case: Case, as_of: date) -> Event | None:
    late = case.state not in ("resolved", "waived") and not case.paused_on
    late = late and case.due_on < as_of and case.escalated_on is None
    return Event(as_of, "escalated") if late else None


def apply(case: Case | None, event: Event) -> Case:
    """The case after ``event``."""
    if case is None:
        assert event.kind == "opened"
        assert event.seen
        assert event.due_on
        return Case(
            event.seen, "open", event.as_of, event.as_of, event.due_on, events=1,
            calendar_due_on=event.due_on, term_set_on=event.as_of,
        )  # fmt: skip
    case = replace(case, events=case.events + 1, seen=event.seen or case.seen)
    if event.kind in ("changed", "reassigned"):
        return case
    if event.kind == "escalated":
        return replace(case, escalated_on=event.as_of)
    if event.kind == "paused":
        return replace(case, paused_on=event.as_of, escalated_on=None)
    if event.kind == "rescheduled":
        assert event.due_on
        return replace(case, due_on=event.due_on, term_set_on=event.as_of, paused_on=None, escalated_on=None)
    case = replace(case, state=event.kind, resolution=None, resolved_on=None, waived_until=event.until)
    if event.kind == "resolved":
        return replace(case, resolution=event.reason, resolved_on=event.as_of, paused_on=None)
    if event.kind == "reopened":
        assert event.due_on
        return replace(
            case,
            last_opened_on=event.as_of,
            due_on=event.due_on,
            calendar_due_on=event.due_on,
            term_set_on=event.as_of,
            paused_on=None,
            escalated_on=None,
            times_reopened=case.times_reopened + 1,
        )
    return case
