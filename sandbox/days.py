"""The calendar of the synthetic world."""

from __future__ import annotations

from datetime import date, timedelta

# In the past of any run, so that no row claims to have changed in the future.
FIRST_DAY = date(2026, 1, 5)


def day_of(day: int) -> date:
    """The calendar date of the world's ``day`` (1 is the first)."""
    return FIRST_DAY + timedelta(days=day - 1)


def add_months(day: date, months: int) -> date:
    """The first day of the month ``months`` after that of ``day``."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def months_between(start: date, end: date) -> int:
    """Whole calendar months from ``start`` to ``end``."""
    return (end.year - start.year) * 12 + end.month - start.month
