"""The day that a command is about: the one place where what a person types takes its day from the clock."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo


def command_day(given: datetime | None) -> date:
    """``given``'s date, or today in Jakarta where the person named no day."""
    return (given or datetime.now(ZoneInfo("Asia/Jakarta"))).date()
