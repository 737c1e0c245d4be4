"""Working days of Indonesian government offices (PKS article 8(2): *5 (lima) hari kerja*).

A working day is Monday to Friday, no national holiday and no cuti bersama (joint leave). Where it is uncertain: the
holidays that follow the moon (Idul Fitri, Idul Adha, Isra Mikraj, Maulid, Tahun Baru Islam, Imlek, Waisak) and all cuti
bersama are decreed year by year; for a year whose decree the ``holidays`` library does not hold, the former are
estimates and the latter are missing. A single region's holiday (an election, an anniversary) is never in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

_JOINT_LEAVE = "Cuti Bersama"
_ESTIMATED = "(perkiraan)"
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A day counted in working days; ``uncertain`` says why it may turn out otherwise, and is empty if it will not."""

    day: date
    uncertain: str = ""


@cache
def _calendar(year: int) -> dict[date, str]:
    found = holidays.country_holidays("ID", years=year, language="id", categories=("public", "government"))
    return {day: name for day, name in found.items() if day.year == year}


def is_working_day(day: date) -> bool:
    """Whether offices of BPS and BKN work on ``day``."""
    return day.weekday() < _SATURDAY and day not in _calendar(day.year)


def after(day: date, count: int) -> WorkingDay:
    """The ``count``-th working day after ``day``, which itself does not count."""
    current, left = day, count
    while left > 0:
        current += timedelta(days=1)
        left -= is_working_day(current)
    return WorkingDay(current, _uncertainty(day, current))


def _uncertainty(start: date, end: date) -> str:
    for year in range(start.year, end.year + 1):
        if not any(_JOINT_LEAVE in name for name in _calendar(year).values()):
            return f"the joint leave of {year} is not decreed yet, or not known to the calendar"
        # An estimate a day off can enter or leave the span: look a little beyond it.
        near = (start - timedelta(days=3), end + timedelta(days=3))
        if any(_ESTIMATED in name and near[0] <= day <= near[1] for day, name in _calendar(year).items()):
            return f"a holiday of {year} in the span is an estimate"
    return ""
