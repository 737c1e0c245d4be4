"""Numbers and days in words; terbilang is held against num2words, which the project does not use at run time."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from num2words import num2words

from padan.minutes.period import Period
from padan.minutes.words import (
    count,
    count_in_words,
    day_name,
    decimal,
    month_name,
    percent,
    roman_month,
    terbilang,
    titled,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (19, "sembilan belas"),
        (21, "dua puluh satu"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (200, "dua ratus"),
        (1_000, "seribu"),
        (1_001, "seribu satu"),
        (1_100, "seribu seratus"),
        (2_000, "dua ribu"),
        (2_026, "dua ribu dua puluh enam"),
        (11_000, "sebelas ribu"),
        (100_000, "seratus ribu"),
        (101_000, "seratus satu ribu"),
        (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"),
        (5_588_245, "lima juta lima ratus delapan puluh delapan ribu dua ratus empat puluh lima"),
        (1_000_000_000, "satu miliar"),
        (10**12, "satu triliun"),
        (10**15 + 1, "satu kuadriliun satu"),
        (-3, "minus tiga"),
    ],
)
def test_terbilang(number: int, words: str) -> None:
    assert terbilang(number) == words


@given(st.integers(min_value=0, max_value=10**12))
@example(1_000)
@example(1_000_000)
@example(21_001_011)
@example(10**12)
def test_terbilang_is_what_num2words_says_up_to_a_trillion_but_for_its_one_fault(number: int) -> None:
    theirs = num2words(number, lang="id")
    if number > 10**6 and number // 1000 % 1000 == 1:
        theirs = theirs.replace(" satu ribu", " seribu")  # num2words 0.5.14 writes "satu juta satu ribu"
    assert terbilang(number) == theirs


def test_the_fault_of_num2words_is_still_there() -> None:
    assert num2words(1_001_000, lang="id") == "satu juta satu ribu"
    assert terbilang(1_001_000) == "satu juta seribu"


_UNITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
_VALUES = {word: value for value, word in enumerate(_UNITS)}
_SCALES = {"kuadriliun": 10**15, "triliun": 10**12, "miliar": 10**9, "juta": 10**6, "ribu": 1000}


def read_back(words: str) -> int:
    """The number that the words say: an own reader, so that a fault shared with num2words would show."""
    total = group = 0
    for word in words.replace("seribu", "satu ribu").replace("seratus", "satu ratus").split():
        if word in _SCALES:
            total, group = total + (group or 1) * _SCALES[word], 0
        elif word == "belas":
            group = group - group % 10 + 10 + group % 10
        elif word == "puluh":
            group += (group % 10) * 9
        elif word == "ratus":
            group += (group % 10) * 99
        else:
            group += _VALUES[word]
    return total + group


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_terbilang_reads_back_to_its_number(number: int) -> None:
    assert read_back(terbilang(number)) == number


def test_terbilang_refuses_what_it_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="10"):
        terbilang(10**18)


def test_numbers_as_papers_write_them() -> None:
    assert count(12_345) == "12.345"
    assert count_in_words(1_205) == "1.205 (seribu dua ratus lima)"
    assert decimal(1234.5) == "1.234,50"
    assert decimal(Fraction(1, 8), 2) == "0,13"
    assert decimal(Fraction(-1, 8), 2) == "-0,13"
    assert decimal(97, 0) == "97"
    assert percent(2, 3) == "66,67%"
    assert percent(0, 0) == "–"


def test_days_in_words() -> None:
    signing = date(2023, 12, 4)
    assert (day_name(signing), titled(terbilang(signing.day)), month_name(signing)) == ("Senin", "Empat", "Desember")
    assert titled(terbilang(signing.year)) == "Dua Ribu Dua Puluh Tiga"
    assert roman_month(signing) == "XII"
    week = [day_name(date(2026, 11, 23) + timedelta(days=step)) for step in range(7)]
    assert week == ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]


def test_semesters() -> None:
    first = Period.parse("2026-S1")
    assert (first.start, first.end) == (date(2026, 1, 1), date(2026, 6, 30))
    assert (first.next, first.previous) == (Period(2026, 2), Period(2025, 2))
    assert Period.last_ended(date(2026, 7, 1)) == first
    assert Period.last_ended(date(2026, 6, 30)) == Period(2025, 2)
    assert first.month_ends(date(2026, 3, 15)) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 15)]
    assert Period(2026, 2).month_ends(date(2026, 12, 31))[-1] == date(2026, 12, 31)
    assert len(Period(2024, 1).month_ends(date(2024, 6, 30))) == 6
    assert str(first) == "2026-S1"


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2900, 1, 1)))
def test_a_day_lies_in_its_semester_and_the_newest_over_is_the_one_before(day: date) -> None:
    period = Period.containing(day)
    assert period.start <= day <= period.end
    assert Period.last_ended(day).end < day
    assert Period.parse(str(period)) == period
