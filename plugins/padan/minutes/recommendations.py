"""Rules from which the evaluation's recommendations are drawn; each paragraph of the prose names its rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

from padan.agreement.notices import extension_due
from padan.agreement.wording import indonesian
from padan.minutes.common import ROLES
from padan.minutes.inputs import Inputs, Service
from padan.minutes.period import Period
from padan.minutes.words import count, percent

MATCH_RATE = Fraction(99, 100)
ATTRIBUTE_SHARE = Fraction(1, 100)
AVAILABILITY = Fraction(995, 1000)
GAP_DAYS = 7
YEAR = timedelta(days=365)
Fields = dict[str, str] | None


def _match_rate(inputs: Inputs) -> Fields:
    people = inputs.people
    if not people.everyone or Fraction(people.pairs, people.everyone) >= MATCH_RATE:
        return None
    return {"only": count(people.only_bkn + people.only_bps), "match_rate": percent(people.pairs, people.everyone)}


def _attributes(inputs: Inputs) -> Fields:
    found = [
        f"{row.label} ({percent(row.cases, row.compared)})"
        for row in inputs.attributes
        if row.compared and row.attribute != "presence" and Fraction(row.cases, row.compared) > ATTRIBUTE_SHARE
    ]
    return {"attributes": ", ".join(found)} if found else None


def _overdue(inputs: Inputs) -> Fields:
    overdue = sum(row.overdue_open for row in inputs.durations)
    return {"overdue": count(overdue)} if overdue else None


def _codes(inputs: Inputs) -> Fields:
    codes = sum(row.codes for row in inputs.unmapped)
    return {"codes": count(codes)} if codes else None


def _roles(inputs: Inputs, concerns: Callable[[Service], bool]) -> Fields:
    found = [ROLES[one.party] for one in inputs.services if concerns(one)]
    return {"roles": " dan ".join(found)} if found else None


def _availability(inputs: Inputs) -> Fields:
    return _roles(inputs, lambda one: one.requests > 0 and Fraction(one.answered, one.requests) < AVAILABILITY)


def _gaps(inputs: Inputs) -> Fields:
    return _roles(inputs, lambda one: one.longest_gap_days > GAP_DAYS)


def _activities(inputs: Inputs) -> Fields:
    return None if inputs.activities else {}


def _end(inputs: Inputs) -> Fields:
    end, period = inputs.agreement.end, Period.parse(inputs.period)
    if end - period.end >= YEAR:
        return None
    return {"notice_due": indonesian(extension_due(end))}


def _quarantine(inputs: Inputs) -> Fields:
    quarantined = sum(row.quarantined for row in inputs.volumes)
    return {"quarantined": count(quarantined)} if quarantined else None


RULES: tuple[tuple[str, Callable[[Inputs], Fields]], ...] = (
    ("R1", _match_rate),
    ("R2", _attributes),
    ("R3", _overdue),
    ("R4", _codes),
    ("R5", _availability),
    ("R6", _gaps),
    ("R7", _activities),
    ("R8", _end),
    ("R10", _quarantine),
)
