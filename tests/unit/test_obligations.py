"""Duties laid out in time: periods, due dates, the agreement's end, force majeure, notices."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from padan.agreement import Agreement, load_agreement
from padan.obligations import Duty, Standing, duties
from padan.obligations.duties import span_of
from padan.obligations.evidence import NOTHING, Evidence
from padan.obligations.reminders import letter
from padan.obligations.standing import _state
from tests.agreement_files import EXTENSION, Copy

DAY = date(2026, 8, 10)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path)


def of(agreement: Agreement, day: date, obligation: str, party: str) -> list[Duty]:
    return [one for one in duties(agreement, day) if (one.obligation, one.party) == (obligation, party)]


@pytest.mark.parametrize(
    ("day", "times", "label", "start", "end", "due"),
    [
        (date(2026, 8, 10), 2, "2026-S2", date(2026, 7, 1), date(2026, 12, 31), date(2027, 1, 31)),
        (date(2026, 6, 30), 2, "2026-S1", date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 31)),
        (date(2024, 1, 31), 12, "2024-1/12", date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 29)),
        (date(2026, 8, 10), 1, "2026-1/1", date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_periods_of_a_year(day: date, times: int, label: str, start: date, end: date, due: date) -> None:
    span = span_of(day, times)
    assert (span.label, span.start, span.end, span.due_on) == (label, start, end, due)


def test_papers_are_due_a_month_after_each_semester_and_on_the_last_day_of_the_agreement(copy: Copy) -> None:
    found = of(load_agreement(copy.path), DAY, "minutes", "bps")
    assert [(one.period, one.start, one.due_on) for one in found] == [
        ("2023-S2", date(2023, 12, 4), date(2024, 1, 31)),
        ("2024-S1", date(2024, 1, 1), date(2024, 7, 31)),
        ("2024-S2", date(2024, 7, 1), date(2025, 1, 31)),
        ("2025-S1", date(2025, 1, 1), date(2025, 7, 31)),
        ("2025-S2", date(2025, 7, 1), date(2026, 1, 31)),
        ("2026-S1", date(2026, 1, 1), date(2026, 7, 31)),
        ("2026-S2", date(2026, 7, 1), date(2026, 12, 4)),
    ]
    assert of(load_agreement(copy.path), DAY, "minutes", "bkn") == []


def test_an_extension_gives_the_last_semester_its_own_due_date(copy: Copy) -> None:
    extended = load_agreement(copy.addenda(EXTENSION).path)
    assert of(extended, date(2026, 12, 5), "minutes", "bps")[-1].due_on == date(2027, 1, 31)


def test_force_majeure_pauses_the_due_date_of_the_party_that_met_it(copy: Copy) -> None:
    copy.edit(
        "suspensions: []",
        'suspensions:\n  - {party: bps, start: 2026-07-01, end: 2026-07-10, cause: "Banjir", notified: 2026-07-03, '
        'statement: "x", cites: ["10(2)"]}',
    )
    agreement = load_agreement(copy.path)
    assert of(agreement, DAY, "minutes", "bps")[-2].due_on == date(2026, 8, 10)
    assert of(agreement, DAY, "monitoring", "bps")[-2].due_on == date(2026, 8, 10)
    assert of(agreement, DAY, "monitoring", "bkn")[-2].due_on == date(2026, 7, 31)
    (notice,) = of(agreement, DAY, "force_majeure", "bps")
    assert (notice.due_on, notice.given_on) == (date(2026, 7, 15), date(2026, 7, 3))
    assert _state(notice, NOTHING, False, DAY) == "met"
    assert [one.due_on for one in of(agreement, DAY, "force_majeure", "bkn")] == [None]


def test_the_notice_of_an_extension_falls_due_a_month_before_the_end(copy: Copy) -> None:
    agreement = load_agreement(copy.path)
    (early,) = of(agreement, DAY, "extension_or_end", "bps")
    assert _state(early, NOTHING, False, DAY) == "no_event"
    for day, state in ((date(2026, 10, 1), "open"), (date(2026, 11, 24), "late")):
        (due,) = of(agreement, day, "extension_or_end", "bkn")
        assert due.due_on == date(2026, 11, 4)
        assert _state(due, NOTHING, False, day) == state


@pytest.mark.parametrize(
    ("evidence", "overdue", "day", "state"),
    [
        (Evidence(1, DAY, "x"), False, date(2026, 9, 1), "met"),
        (NOTHING, False, date(2026, 7, 31), "open"),
        (NOTHING, False, date(2026, 8, 1), "late"),
        (Evidence(3, DAY, "x"), True, date(2026, 7, 1), "late"),
    ],
)
def test_states(copy: Copy, evidence: Evidence, overdue: bool, day: date, state: str) -> None:
    duty = of(load_agreement(copy.path), DAY, "minutes", "bps")[-2]
    assert _state(duty, evidence, overdue, day) == state


def test_the_reminder_is_formal_and_says_article_period_and_days(copy: Copy) -> None:
    agreement = load_agreement(copy.path)
    duty = of(agreement, DAY, "minutes", "bps")[-2]
    text = " ".join(letter(agreement, "bps", DAY, [Standing(duty, "late", NOTHING)]).text.split())
    assert text.startswith("Yth. Kepala Biro Sumber Daya Manusia Bersama ini disampaikan kewajiban PIHAK KESATU")
    assert (
        "1. Menyiapkan naskah berita acara hasil pemadanan data paling sedikit 2 (dua) kali dalam 1 (satu) tahun "
        "(Pasal 3 ayat (2) huruf d). Periode 2026-S1, tenggat 31 Juli 2026 (terlewati 10 hari)." in text
    )
