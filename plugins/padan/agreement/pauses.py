"""Terms during a suspension: its days do not count, whoever must mend (PKS article 10 (3)).

While the exchange rests neither party is asked for its data nor told of differences, so every term stands still.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from padan.agreement.clauses import Suspension
from padan.agreement.working_days import is_working_day

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pauses:
    """The suspensions that had begun on a day, by which terms are counted."""

    suspensions: tuple[Suspension, ...] = ()

    @classmethod
    def known_on(cls, suspensions: Iterable[Suspension], day: date) -> Pauses:
        """Those that had begun on ``day``."""
        return cls(tuple(one for one in suspensions if one.start <= day))

    def since(self) -> date | None:
        """First day of a suspension whose end is not recorded; None if each has one."""
        return min((one.start for one in self.suspensions if one.end is None), default=None)

    def counts(self, day: date) -> bool:
        """Whether ``day`` is a working day outside every suspension."""
        return is_working_day(day) and not any(
            one.start <= day and (one.end is None or day <= one.end) for one in self.suspensions
        )

    def moved(self, begun_on: date, due_on: date) -> date:
        """The last day of a term from ``begun_on`` that would end on ``due_on``: later by the days that do not count.

        Suspensions without an end move nothing yet; see :meth:`standing_still`.
        """
        ended = Pauses(tuple(one for one in self.suspensions if one.end is not None))
        span = (begun_on + _DAY * number for number in range(1, (due_on - begun_on).days + 1))
        left = sum(is_working_day(day) and not ended.counts(day) for day in span)
        while left > 0:
            due_on += _DAY
            left -= ended.counts(due_on)
        return due_on

    def standing_still(self, due_on: date) -> bool:
        """Whether the term that ends on ``due_on`` waits for the end of a suspension to be recorded."""
        since = self.since()
        return since is not None and since <= due_on

    def before(self, day: date, count: int) -> date:
        """The day with ``count`` counting days from it on, and before ``day``."""
        while count > 0:
            day -= _DAY
            if any(one.end is None and one.start <= day for one in self.suspensions):
                day = min(one.start for one in self.suspensions if one.end is None)
                continue
            count -= self.counts(day)
        return day
