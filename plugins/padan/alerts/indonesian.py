"""Numbers as formal Bahasa Indonesia writes them, whatever the machine's locale."""

from __future__ import annotations


def format_number(value: float, decimals: int = 0) -> str:
    """``12.345`` or, with two decimals, ``12.345,67``."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))
