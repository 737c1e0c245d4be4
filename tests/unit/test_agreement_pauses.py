"""Terms and suspensions, worked by hand on the calendar of March 2026 (18 to 24 March are off: Nyepi, Idul Fitri)."""

from __future__ import annotations

from datetime import date

import pytest

from padan.agreement.clauses import Suspension
from padan.agreement.pauses import Pauses
from padan.agreement.working_days import after


def march(day: int) -> date:
    return date(2026, 3, day)


def suspended(first: date, last: date | None) -> Suspension:
    return Suspension(party="bps", start=first, end=last, cause="banjir", cites=("10(3)",))


@pytest.mark.parametrize(
    ("opened", "term", "by_the_calendar", "suspensions", "due"),
    [
        # Six working days before the term's end rest (9-13 and 16), 17 rests too, 18-24 are off: 25-27, 30-1.
        (march(2), 10, march(16), [(march(9), march(20))], date(2026, 4, 1)),
        # None of its days is a working day.
        (march(10), 10, march(31), [(march(18), march(24))], march(31)),
        # Opened within it: only the days after the opening are owed again.
        (march(5), 10, march(26), [(march(2), march(6))], march(27)),
        # The second falls into what the first has added: 25 and 26.
        (march(2), 10, march(16), [(march(5), march(6)), (march(17), march(17))], march(26)),
        # Overlapping ones count once.
        (march(2), 10, march(16), [(march(5), march(6)), (march(6), march(6))], march(25)),
        # Over before it opened, or begun when the term was over.
        (march(9), 5, march(16), [(march(2), march(9))], march(16)),
        (march(2), 10, march(16), [(march(17), date(2026, 4, 30))], march(16)),
        (march(2), 10, march(16), [], march(16)),
    ],
)
def test_days_of_a_suspension_do_not_count(
    opened: date, term: int, by_the_calendar: date, suspensions: list[tuple[date, date]], due: date
) -> None:
    assert after(opened, term).day == by_the_calendar
    assert Pauses(tuple(suspended(*span) for span in suspensions)).moved(opened, by_the_calendar) == due


def test_a_suspension_without_an_end_lets_terms_stand_still_that_were_not_over() -> None:
    pauses = Pauses((suspended(march(9), None),))
    assert pauses.moved(march(2), march(16)) == march(16)
    assert [pauses.standing_still(day) for day in (march(6), march(9), march(16))] == [False, True, True]
    assert pauses.since() == march(9)


def test_only_what_has_begun_is_known() -> None:
    spans = [suspended(march(9), march(10)), suspended(march(11), None)]
    assert Pauses.known_on(spans, march(10)) == Pauses((spans[0],))
    assert Pauses.known_on(spans, march(11)) == Pauses(tuple(spans))


@pytest.mark.parametrize(
    ("suspensions", "expected"),
    [
        ([], march(16)),  # 26, 25, 17, 16 count, and 18 to 24 are off
        ([(march(9), march(17))], march(5)),  # 26, 25, 6, 5
        ([(march(25), None)], march(12)),  # 17, 16, 13, 12
    ],
)
def test_waiting_days_do_not_count_either(suspensions: list[tuple[date, date | None]], expected: date) -> None:
    assert Pauses(tuple(suspended(*span) for span in suspensions)).before(march(27), 4) == expected
