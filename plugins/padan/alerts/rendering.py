"""From counts to the words of a digest: formal Bahasa Indonesia, plain text and HTML from the same content."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from padan.agreement import Agreement
from padan.agreement.wording import indonesian
from padan.alerts.content import Content, Finding, Line
from padan.alerts.indonesian import format_number

_TEMPLATES = Path(__file__).parent / "templates"
_WIDTH = 72
_NUMBER_WIDTH = 9
# The duty to settle the differences that one receives.
_DUTY = {"bps": "Pasal 3 ayat (2) huruf e", "bkn": "Pasal 4 ayat (2) huruf d"}


def subject(content: Content) -> str:
    """Both counts and the day: ``[Padan] 12 perbedaan data baru, 3 selesai - 24 November 2026``."""
    new, mended = format_number(content.new), format_number(content.mended)
    return f"[Padan] {new} perbedaan data baru, {mended} selesai - {indonesian(content.as_of)}"


def finding_counts(finding: Finding) -> str:
    """``12 dari 2.000 baris``, or what of it is known."""
    if finding.unexpected is None:
        return ""
    unexpected = format_number(finding.unexpected)
    if finding.evaluated is None:
        return f"{unexpected} {finding.counted}"
    return f"{unexpected} dari {format_number(finding.evaluated)} {finding.counted}"


def text_table(header: str, lines: Sequence[Line]) -> str:
    """Lines of one label and three right-aligned numbers, no wider than a plain-text mail."""
    width = _WIDTH - 3 * _NUMBER_WIDTH
    numbers = "".join(f"{title:>{_NUMBER_WIDTH}}" for title in ("baru", "selesai", "terbuka"))
    rows = [f"{header:<{width}}{numbers}", "-" * _WIDTH]
    for line in lines:
        *full, last = textwrap.wrap(line.label, width - 1) or [""]
        numbers = "".join(f"{format_number(count):>{_NUMBER_WIDTH}}" for count in (line.new, line.mended, line.open))
        rows += [*full, f"{last:<{width}}{numbers}"]
    return "\n".join(rows)


def text_columns(case_ids: Sequence[str]) -> str:
    """Case ids, as many on a line as fit."""
    return textwrap.fill("  ".join(case_ids), _WIDTH, break_on_hyphens=False)


def text_paragraph(text: str, indent: str = "") -> str:
    """``text`` in lines of a plain-text mail, all but the first indented."""
    return textwrap.fill(" ".join(text.split()), _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "date": indonesian,
        "number": format_number,
        "counts": finding_counts,
        "columns": text_columns,
        "wrap": text_paragraph,
    }
    environment.globals["table"] = text_table
    return environment


def render(content: Content, agreement: Agreement) -> tuple[str, str]:
    """The digest as plain text and as HTML."""
    environment = _environment()
    values = {
        "digest": content,
        "subject": subject(content),
        "liaison": agreement.liaison(content.party, content.as_of),
        "party": agreement.parties[content.party],
        "duty": _DUTY[content.party],
        "agreement": agreement,
    }
    text = environment.get_template("digest.txt.j2").render(values)
    html = environment.get_template("digest.html.j2").render(values)
    return text, html
