"""The notices that the agreement asks for in writing: when they are due, and whether they were given.

An extension or an end: a month before the end (article 6(2)); another liaison unit: within 5 working days (8(2));
force majeure: within 14 calendar days (10(2)).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from padan.agreement import working_days
from padan.agreement.clauses import LiaisonUnit, Suspension
from padan.agreement.wording import indonesian

if TYPE_CHECKING:
    from padan.agreement.model import Agreement

WARNING_DAYS = 90
NOTICE_MONTHS = 1
LIAISON_WORKING_DAYS = 5
FORCE_MAJEURE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that is owed on a day; ``text`` for logs, ``text_id`` for the liaison units."""

    kind: Literal["extension", "liaison_change", "force_majeure"]
    owed_by: str
    due: date
    late: bool
    text: str
    text_id: str
    uncertain: str = ""


def months_before(day: date, months: int) -> date:
    """The same day of the month ``months`` earlier, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def extension_due(end: date) -> date:
    """The last day on which an extension can be announced (article 6(2))."""
    return months_before(end, NOTICE_MONTHS)


def liaison_due(unit: LiaisonUnit) -> working_days.WorkingDay:
    """The last day on which the change to ``unit`` can be announced (article 8(2))."""
    return working_days.after(unit.valid_from, LIAISON_WORKING_DAYS)


def force_majeure_due(suspension: Suspension) -> date:
    """The last day on which the force majeure can be announced (article 10(2))."""
    return suspension.start + timedelta(days=FORCE_MAJEURE_DAYS)


def notices(agreement: Agreement, day: date) -> tuple[Notice, ...]:
    """What is owed on ``day`` and not given by then."""
    return (*_extension(agreement, day), *_liaison_changes(agreement, day), *_force_majeure(agreement, day))


def _extension(agreement: Agreement, day: date) -> Iterator[Notice]:
    end = agreement.validity.end
    left = (end - day).days
    if not 0 <= left <= WARNING_DAYS or _settled(agreement, end, day):
        return
    due = extension_due(end)
    late = day > due
    yield Notice(
        "extension",
        "both",
        due,
        late,
        f"the agreement ends on {end.isoformat()}, in {left} days; an extension "
        f"{'had to' if late else 'must'} be announced in writing by {due.isoformat()} (article 6(2))",
        f"Perjanjian Kerja Sama berakhir pada {indonesian(end)} ({left} hari lagi). Maksud memperpanjang "
        f"{'seharusnya telah' if late else 'harus'} diberitahukan secara tertulis paling lambat {indonesian(due)} "
        "(Pasal 6 ayat (2)).",
    )


def _settled(agreement: Agreement, end: date, day: date) -> bool:
    """Whether an addendum signed by ``day`` ended the agreement then, or extends it from the day after."""
    signed = [addendum.changes for addendum in agreement.addenda if addendum.signed <= day]
    return any(
        changes.termination == end
        or (changes.extension is not None and changes.extension.start == end + timedelta(days=1))
        for changes in signed
    )


def changes_of_liaison(agreement: Agreement) -> Iterator[LiaisonUnit]:
    """The units that took another's place; a party's first unit is named in the agreement itself."""
    for party in agreement.parties:
        units = sorted(
            (unit for unit in agreement.liaison_units if unit.party == party), key=lambda unit: unit.valid_from
        )
        yield from units[1:]


def _liaison_changes(agreement: Agreement, day: date) -> Iterator[Notice]:
    for unit in changes_of_liaison(agreement):
        if day < unit.valid_from or (unit.notified is not None and unit.notified <= day):
            continue
        due = liaison_due(unit)
        yield Notice(
            "liaison_change",
            unit.party,
            due.day,
            day > due.day,
            f"{unit.party.upper()} changed its liaison unit on {unit.valid_from.isoformat()} and owes written notice "
            f"by {due.day.isoformat()} (5 working days, article 8(2))",
            f"{agreement.parties[unit.party].role} mengganti penghubung pada {indonesian(unit.valid_from)}; "
            f"pemberitahuan tertulis disampaikan paling lambat {indonesian(due.day)} (5 hari kerja, Pasal 8 ayat (2)).",
            due.uncertain,
        )


def _force_majeure(agreement: Agreement, day: date) -> Iterator[Notice]:
    for suspension in agreement.suspensions:
        if day < suspension.start or (suspension.notified is not None and suspension.notified <= day):
            continue
        due = force_majeure_due(suspension)
        yield Notice(
            "force_majeure",
            suspension.party,
            due,
            day > due,
            f"{suspension.party.upper()} met force majeure on {suspension.start.isoformat()} and owes written notice "
            f"by {due.isoformat()} (14 calendar days, article 10(2))",
            f"{agreement.parties[suspension.party].role} mengalami keadaan kahar sejak {indonesian(suspension.start)}; "
            f"pemberitahuan tertulis disampaikan paling lambat {indonesian(due)} (14 hari kalender, "
            "Pasal 10 ayat (2)).",
        )
