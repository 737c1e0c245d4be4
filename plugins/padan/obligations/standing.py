"""How each duty stands on a day, and its table, which the mart rpt_obligations is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from padan.agreement import Agreement
from padan.obligations.duties import STANDING_TIMES, Duty, duties, span_of
from padan.obligations.evidence import Evidence, find
from padan.warehouse.connection import Connection

YEAR = timedelta(days=366)
State = Literal["met", "open", "late", "no_event"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One duty of one party in one period, and how it stands."""

    duty: Duty
    state: State
    evidence: Evidence


def standing(connection: Connection, agreement: Agreement, register: Path, day: date) -> tuple[Standing, ...]:
    """Every duty of the current period, and of earlier ones what came due since the period began or is late for a year.

    What is older than that is history: the evaluation of its semester says that it lacked.
    """
    found = []
    since = span_of(day, STANDING_TIMES).start
    for duty in duties(agreement, day):
        past = duty.kind == "periodic" and duty.end < day
        if past and duty.due_on is not None and day - duty.due_on > YEAR:
            continue
        evidence, overdue = find(connection, register, duty, day)
        one = Standing(duty, _state(duty, evidence, overdue, day), evidence)
        if not past or one.state == "late" or (duty.due_on is not None and duty.due_on >= since):
            found.append(one)
    return tuple(found)


def _state(duty: Duty, evidence: Evidence, overdue: bool, day: date) -> State:
    if duty.kind == "on_event":
        if duty.due_on is None:
            return "no_event"
        if duty.given_on is not None and duty.given_on <= day:
            return "met"
        return "late" if day > duty.due_on else "open"
    if overdue:
        return "late"
    if evidence.count:
        return "met"
    return "late" if duty.due_on is not None and day > duty.due_on else "open"


def store(connection: Connection, day: date, found: tuple[Standing, ...]) -> None:
    """Put the standing of ``day`` in the place of the one before, in one transaction."""
    rows = [
        (
            day, one.duty.obligation, one.duty.party, one.duty.period, list(one.duty.cites), one.duty.duty,
            one.duty.kind, one.duty.start, one.duty.due_on, one.state, one.evidence.count, one.evidence.latest,
            one.evidence.text,
        )
        for one in found
    ]  # fmt: skip
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from obligations.standing")
        with cursor.copy(
            "copy obligations.standing (as_of, obligation, party, period, cites, duty, kind, since, due_on, state, "
            "evidence_count, evidence_on, evidence) from stdin"
        ) as copy:
            for row in rows:
                copy.write_row(row)
