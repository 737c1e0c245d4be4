"""Dates and numbers as formal Bahasa Indonesia writes them, whatever the machine's locale."""

from __future__ import annotations

from datetime import date

_MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)


def format_date(day: date) -> str:
    """``4 Desember 2023``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_number(value: float, decimals: int = 0) -> str:
    """``12.345`` or, with two decimals, ``12.345,67``."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))
