"""Formal Bahasa Indonesia: dates, numbers, subjects, tables of a plain-text mail."""

from __future__ import annotations

import locale
from datetime import date

import pytest

from padan.agreement.wording import indonesian
from padan.alerts.content import Cause, Content, Finding, Line
from padan.alerts.indonesian import format_number
from padan.alerts.rendering import cause_label, finding_counts, share, signed, subject, text_columns, text_table


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 12, 4), "4 Desember 2023"),
        (date(2026, 1, 31), "31 Januari 2026"),
        (date(2026, 5, 2), "2 Mei 2026"),
        (date(2026, 8, 17), "17 Agustus 2026"),
    ],
)
def test_dates(day: date, expected: str) -> None:
    assert indonesian(day) == expected


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0, 0, "0"), (999, 0, "999"), (12345, 0, "12.345"), (12345.67, 2, "12.345,67"), (-1234567.5, 1, "-1.234.567,5")],
)
def test_numbers(value: float, decimals: int, expected: str) -> None:
    assert format_number(value, decimals) == expected


def test_the_machines_locale_does_not_matter() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C")
        assert format_number(12345.67, 2) == "12.345,67"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def content(new: int = 0, mended: int = 0, reopened: int = 0, newly_overdue: int = 0) -> Content:
    return Content("bps", date(2026, 11, 24), Line("", new, reopened, mended, 5, 9), newly_overdue=newly_overdue)


def test_the_subject_names_the_counts_and_the_day() -> None:
    assert subject(content(12, 3)) == "[Padan] 12 perbedaan data baru, 3 selesai - 24 November 2026"
    assert subject(content(1200)) == "[Padan] 1.200 perbedaan data baru, 0 selesai - 24 November 2026"
    assert subject(content(0, 0, 2, 4)) == (
        "[Padan] 0 perbedaan data baru, 0 selesai, 2 muncul kembali, 4 melewati batas waktu - 24 November 2026"
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, False), ({"new": 1}, True), ({"mended": 1}, True), ({"reopened": 1}, True), ({"newly_overdue": 1}, True)],
)
def test_only_a_change_is_worth_a_mail(changed: dict[str, int], expected: bool) -> None:
    assert content(**changed).worth_sending is expected


def test_changes_and_shares() -> None:
    assert [signed(value) for value in (12345, 0, -3)] == ["+12.345", "0", "\u22123"]
    assert [share(1, 3), share(3, 3), share(0, 0)] == ["33,3%", "100,0%", ""]
    assert cause_label(Cause("Golongan ruang", "only_in_bps", 2)) == "Golongan ruang: hanya ada pada BPS"


def test_a_long_name_is_wrapped_and_numbers_stay_aligned() -> None:
    long_name = "Pemerintah Kabupaten Kepulauan Siau Tagulandang Biaro di Provinsi Sulawesi Utara"
    table = text_table("Instansi", [Line(long_name, 1, 0, 0, 12345, 6), Line("BPS", 10, 2, 3)]).splitlines()
    assert all(len(line) <= 72 for line in table)
    assert {len(line) for line in table if line[-1].isdigit()} == {72}
    assert " ".join(" ".join(table[2:-1]).split()) == f"{long_name} 1 0 0 12.345 6"


def test_case_ids_are_never_broken() -> None:
    ids = [f"K-{number:012X}" for number in range(9)]
    lines = text_columns(ids).splitlines()
    assert " ".join(lines).split() == ids
    assert all(len(line) <= 72 for line in lines)


@pytest.mark.parametrize(
    ("unexpected", "evaluated", "expected"),
    [(12, 2000, "12 dari 2.000 baris"), (12, None, "12 baris"), (None, None, ""), (0, 5, "0 dari 5 baris")],
)
def test_counts_of_a_finding(unexpected: int | None, evaluated: int | None, expected: str) -> None:
    assert finding_counts(Finding("x", unexpected, evaluated, "baris", "select 1")) == expected
