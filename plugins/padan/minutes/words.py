"""Numbers and days in words, as Indonesian official papers write them.

Own and small instead of ``num2words``, which writes "satu juta satu ribu" for 1,001,000 where it must read "satu juta
seribu"; ``tests/unit/test_minutes_words.py`` holds the two together up to 10^12.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from padan.agreement.wording import indonesian

_ONES = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
_SCALES = ((10**15, "kuadriliun"), (10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"))
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
LIMIT = 10**18


def terbilang(number: int) -> str:
    """A whole number in words: ``seribu dua ratus lima``; negative numbers begin with ``minus``.

    Raises:
        ValueError: beyond 10^18, for which these papers have no word.
    """
    if abs(number) >= LIMIT:
        raise ValueError("terbilang knows numbers below 10^18")
    return f"minus {_spell(-number)}" if number < 0 else _spell(number)


def _spell(number: int) -> str:
    for size, name in _SCALES:
        if number >= size:
            return _join(f"{_spell(number // size)} {name}", number % size)
    return _below_million(number)


def _below_million(number: int) -> str:
    if number < 12:
        return _ONES[number]
    if number < 20:
        return f"{_ONES[number - 10]} belas"
    if number < 100:
        return _join(f"{_ONES[number // 10]} puluh", number % 10)
    if number < 1000:
        hundreds = "seratus" if number < 200 else f"{_ONES[number // 100]} ratus"
        return _join(hundreds, number % 100)
    thousands = "seribu" if number < 2000 else f"{_below_million(number // 1000)} ribu"
    return _join(thousands, number % 1000)


def _join(head: str, rest: int) -> str:
    return f"{head} {_spell(rest)}" if rest else head


def titled(words: str) -> str:
    """Each word with a capital: how dates are written out in the opening of a berita acara."""
    return " ".join(word.capitalize() for word in words.split())


def day_name(day: date) -> str:
    """``Senin``."""
    return _DAYS[day.weekday()]


def month_name(day: date) -> str:
    """``Desember``."""
    return indonesian(day).split()[1]


def roman_month(day: date) -> str:
    """``XII``, as document numbers have it."""
    return _ROMAN[day.month - 1]


def numeric_date(day: date) -> str:
    """``04-12-2023``."""
    return f"{day.day:02d}-{day.month:02d}-{day.year}"


def count(number: int) -> str:
    """``12.345``."""
    return f"{number:,}".replace(",", ".")


def count_in_words(number: int) -> str:
    """``1.205 (seribu dua ratus lima)``."""
    return f"{count(number)} ({terbilang(number)})"


def decimal(value: float | Fraction, places: int = 2) -> str:
    """``1.234,50``; halves go up, whatever the machine's floating point makes of them."""
    scaled = Fraction(value).limit_denominator(10**12) * 10**places
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(int(abs(scaled) + Fraction(1, 2)), 10**places)
    return f"{sign}{count(whole)},{rest:0{places}d}" if places else f"{sign}{count(whole)}"


def percent(part: int, whole: int, places: int = 2) -> str:
    """``97,41%``, or a dash of nothing."""
    return f"{decimal(Fraction(part * 100, whole), places)}%" if whole else "–"
