"""Semesters: what the minutes and the evaluation are about (PKS article 3(2)d: at least twice a year)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from padan.errors import ConfigurationError

_NAME = re.compile(r"([0-9]{4})-S([12])")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One semester, January to June (1) or July to December (2)."""

    year: int
    half: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """``2026-S1``.

        Raises:
            ConfigurationError: if the text names no semester.
        """
        found = _NAME.fullmatch(text.strip())
        if not found or not 2000 <= int(found[1]) <= 2999:
            raise ConfigurationError("a period is written YYYY-S1 or YYYY-S2")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def containing(cls, day: date) -> Period:
        """The semester that ``day`` lies in."""
        return cls(day.year, 1 if day.month <= 6 else 2)

    @classmethod
    def last_ended(cls, day: date) -> Period:
        """The newest semester that is over on ``day``."""
        return cls.containing(day).previous

    @property
    def previous(self) -> Period:
        """The semester before."""
        return Period(self.year, 1) if self.half == 2 else Period(self.year - 1, 2)

    @property
    def next(self) -> Period:
        """The semester after."""
        return Period(self.year, 2) if self.half == 1 else Period(self.year + 1, 1)

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    def month_ends(self, until: date) -> list[date]:
        """The last day of each of its six months, none after ``until``, which may cut the last one short."""
        firsts = [date(self.year, self.start.month + step, 1) for step in range(6)]
        ends = [following - timedelta(days=1) for following in (*firsts[1:], self.next.start)]
        found = [min(end, until) for first, end in zip(firsts, ends, strict=True) if first <= until]
        return found

    @property
    def label_id(self) -> str:
        """``Semester I Tahun 2026``."""
        return f"Semester {'I' * self.half} Tahun {self.year}"

    def __str__(self) -> str:
        return f"{self.year}-S{self.half}"
