"""Dates and party names as the liaison units read them."""

from __future__ import annotations

from datetime import date

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


def indonesian(day: date) -> str:
    """``4 Desember 2023``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
