"""Duties of the agreement laid out in time: which are owed in the period that a day lies in, and by when.

The text sets numbers (at least twice a year: articles 3 (2) d, 7), no dates. Assumed: the papers of a period are due a
month after it, as they can only be made of a period that is over; a standing duty is to be shown once per semester.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from padan.agreement import Agreement
from padan.agreement.clauses import Cadence, Obligation, PartyCode
from padan.agreement.notices import (
    changes_of_liaison,
    extension_due,
    force_majeure_due,
    liaison_due,
    notices,
)
from padan.errors import ConfigurationError

STANDING_TIMES = 2  # periods a year in which a standing duty is shown


@dataclass(frozen=True, slots=True)
class Span:
    """One of the equal periods of a year."""

    label: str
    start: date
    end: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of one party in one period; ``due_on`` is its last day, None where no event has made it fall due."""

    obligation: str
    party: PartyCode
    cites: tuple[str, ...]
    duty: str
    kind: str
    """continuous, periodic or on_event."""
    evidence: str
    """Kind of evidence that the agreement's file names."""
    period: str
    start: date
    end: date
    due_on: date | None
    given_on: date | None = None
    """For a notice: the day on which it was given."""


def _month_end(year: int, month: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def span_of(day: date, times: int) -> Span:
    """The period that ``day`` lies in, of ``times`` a year; ``2026-S1`` for half-years, as the papers are called.

    Raises:
        ConfigurationError: a year has no such equal periods of whole months.
    """
    if 12 % times:
        raise ConfigurationError(f"a duty {times} times a year has no periods of whole months")
    months = 12 // times
    number = (day.month - 1) // months + 1
    label = f"{day.year}-S{number}" if times == 2 else f"{day.year}-{number}/{times}"
    end = _month_end(day.year, number * months)
    return Span(label, date(day.year, (number - 1) * months + 1, 1), end, _month_end(day.year, number * months + 1))


def _spans(day: date, times: int, first: date) -> Iterator[Span]:
    """The periods from the one of ``first`` to the one of ``day``."""
    at = first
    while at <= day:
        span = span_of(at, times)
        yield span
        at = span.end + timedelta(days=1)


def _suspended_days(agreement: Agreement, party: PartyCode, start: date, end: date) -> timedelta:
    """How long force majeure freed ``party`` of its duties within the days given (article 10)."""
    overlaps = (
        (min(one.end or end, end) - max(one.start, start)).days + 1
        for one in agreement.suspensions
        if one.party == party and one.start <= end and (one.end or end) >= start
    )
    return timedelta(days=sum(overlaps))


def duties(agreement: Agreement, day: date) -> tuple[Duty, ...]:
    """What is owed on ``day`` by the agreement as it stands then, in the order of its file.

    Of a periodic duty, every period since the signing: whoever reads it drops those that were met long ago.
    """
    effective = agreement.on(day)
    return tuple(
        duty
        for obligation in effective.obligations
        for party in obligation.owed_by
        for duty in _of(effective, obligation, party, day)
    )


def _of(agreement: Agreement, obligation: Obligation, party: PartyCode, day: date) -> Iterator[Duty]:
    cadence, validity = obligation.cadence, agreement.validity
    if cadence.kind == "on_event":
        yield from _notices(agreement, obligation, party, day)
        return
    times = cadence.times_per_year or STANDING_TIMES
    last = min(day, validity.end)
    first = validity.start if cadence.kind == "periodic" else last
    for span in _spans(last, times, first):
        due = span.due_on if cadence.kind == "periodic" else span.end
        # After its end the agreement asks for nothing: what is owed of its last period is due on its last day.
        due = min(due + _suspended_days(agreement, party, span.start, due), validity.end)
        yield _duty(obligation, party, span.label, max(span.start, validity.start), span.end, due)


def _duty(
    obligation: Obligation, party: PartyCode, period: str, start: date, end: date, due: date | None,
    given: date | None = None,
) -> Duty:  # fmt: skip
    text, cadence = " ".join(obligation.duty.split()), obligation.cadence
    return Duty(
        obligation.id, party, obligation.cites, text, cadence.kind, obligation.evidence, period, start, end, due, given
    )


def _notices(agreement: Agreement, obligation: Obligation, party: PartyCode, day: date) -> Iterator[Duty]:
    """A duty that an event makes fall due: each event there was, or one line that says that there was none."""
    events = list(_events(agreement, obligation.cadence, party, day))
    for start, due, given in events:
        yield _duty(obligation, party, start.isoformat(), start, due, due, given)
    if not events:
        span = span_of(min(day, agreement.validity.end), STANDING_TIMES)
        yield _duty(obligation, party, span.label, span.start, span.end, None)


def _events(
    agreement: Agreement, cadence: Cadence, party: PartyCode, day: date
) -> Iterator[tuple[date, date, date | None]]:
    """When it happened, by when notice is due, when notice was given."""
    if cadence.months_before_end is not None:
        end = agreement.validity.end
        announced = [
            one.announced or one.signed
            for one in agreement.addenda
            if one.signed <= day and (one.changes.termination == end or one.changes.extension is not None)
        ]
        if any(notice.kind == "extension" for notice in notices(agreement, day)):
            yield extension_due(end), extension_due(end), None
        elif announced:
            yield max(announced), extension_due(end), max(announced)
    elif cadence.day_kind == "working":
        for unit in changes_of_liaison(agreement):
            if unit.party == party and unit.valid_from <= day:
                yield unit.valid_from, liaison_due(unit).day, unit.notified
    else:
        for one in agreement.suspensions:
            if one.party == party and one.start <= day:
                yield one.start, force_majeure_due(one), one.notified
