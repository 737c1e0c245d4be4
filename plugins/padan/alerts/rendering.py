"""From counts to the words of a mail: formal Bahasa Indonesia, plain text and HTML from the same content."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.agreement.wording import indonesian
from padan.alerts.content import Cause, Content, Delay, Finding, Line
from padan.alerts.indonesian import format_number

_TEMPLATES = Path(__file__).parent / "templates"
_WIDTH = 72
_NUMBER_WIDTH = 9
# The duty to settle the differences that one receives.
_DUTY = {"bps": "Pasal 3 ayat (2) huruf e", "bkn": "Pasal 4 ayat (2) huruf d"}
COLUMNS = (("Baru", "new"), ("Kembali", "reopened"), ("Selesai", "mended"), ("Terbuka", "open"), ("Lewat", "overdue"))
_CAUSES = {
    "modified": "nilai berbeda",
    "only_in_bkn": "hanya ada pada BKN",
    "only_in_bps": "hanya ada pada BPS",
    "not_comparable": "nilai tidak dapat diperbandingkan",
}


def subject(content: Content) -> str:
    """The counts and the day: ``[Padan] 12 perbedaan data baru, 3 selesai - 24 November 2026``; others unless 0."""
    total = content.total
    parts = [f"{format_number(total.new)} perbedaan data baru", f"{format_number(total.mended)} selesai"]
    if total.reopened:
        parts.append(f"{format_number(total.reopened)} muncul kembali")
    late = content.newly_overdue + content.codes_overdue_since
    if late:
        parts.append(f"{format_number(late)} melewati batas waktu")
    return f"[Padan] {', '.join(parts)} - {indonesian(content.as_of)}"


def delay_subject(delay: Delay) -> str:
    """``[Padan] Eskalasi: 12 perbedaan data melewati batas waktu - 24 November 2026``."""
    count = format_number(delay.cases.total)
    return f"[Padan] Eskalasi: {count} perbedaan data melewati batas waktu - {indonesian(delay.as_of)}"


def finding_counts(finding: Finding) -> str:
    """``12 dari 2.000 baris``, or what of it is known."""
    if finding.unexpected is None:
        return ""
    unexpected = format_number(finding.unexpected)
    if finding.evaluated is None:
        return f"{unexpected} {finding.counted}"
    return f"{unexpected} dari {format_number(finding.evaluated)} {finding.counted}"


def cause_label(cause: Cause) -> str:
    """``Golongan ruang: nilai berbeda``."""
    return f"{cause.label}: {_CAUSES[cause.verdict]}"


def share(part: int, whole: int) -> str:
    """``12,5%``."""
    return f"{format_number(100 * part / whole, 1)}%" if whole else ""


def spans(found: Sequence[tuple[date, date]]) -> str:
    """``2 Maret 2026 sampai dengan 6 Maret 2026``, and so on."""
    return "; ".join(f"{indonesian(first)} sampai dengan {indonesian(last)}" for first, last in found)


def signed(value: int) -> str:
    """``+12``, ``-3`` with a true minus sign, or ``0``."""
    sign = "+" if value > 0 else "\u2212" if value < 0 else ""
    return sign + format_number(abs(value))


def text_rows(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int = _NUMBER_WIDTH) -> str:
    """A table of one label and right-aligned columns, no wider than a plain-text mail."""
    label_width = _WIDTH - (len(headers) - 1) * width
    lines = [f"{headers[0]:<{label_width}}" + "".join(f"{title:>{width}}" for title in headers[1:]), "-" * _WIDTH]
    for label, *values in rows:
        *full, last = textwrap.wrap(label, label_width - 1) or [""]
        lines += [*full, f"{last:<{label_width}}" + "".join(f"{value:>{width}}" for value in values)]
    return "\n".join(lines)


def text_table(header: str, lines: Sequence[Line]) -> str:
    """Lines of one label and their counts."""
    headers = (header, *(title.lower() for title, _ in COLUMNS))
    rows = [(line.label, *(format_number(getattr(line, name)) for _, name in COLUMNS)) for line in lines]
    return text_rows(headers, rows, width=8)


def text_columns(case_ids: Sequence[str]) -> str:
    """Case ids, as many on a line as fit."""
    return textwrap.fill("  ".join(case_ids), _WIDTH, break_on_hyphens=False)


def text_paragraph(text: str, indent: str = "") -> str:
    """``text`` in lines of a plain-text mail, all but the first indented."""
    return textwrap.fill(" ".join(text.split()), _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


@cache
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
        "cause": cause_label,
        "signed": signed,
        "spans": spans,
        "columns": text_columns,
        "wrap": text_paragraph,
    }
    environment.globals |= {"table": text_table, "rows": text_rows, "share": share, "COLUMNS": COLUMNS}
    return environment


def _render(name: str, agreement: Agreement, party: PartyCode, values: dict[str, Any]) -> tuple[str, str]:
    environment = _environment()
    values |= {"party": agreement.parties[party], "duty": _DUTY[party], "agreement": agreement}
    text = environment.get_template(f"{name}.txt.j2").render(values)
    html = environment.get_template(f"{name}.html.j2").render(values)
    return text, html


def render(content: Content, agreement: Agreement) -> tuple[str, str]:
    """The digest as plain text and as HTML."""
    unit = agreement.liaison(content.party, content.as_of)
    agencies = content.quality.agencies if content.quality else ()
    values = {
        "digest": content,
        "subject": subject(content),
        "liaison": unit,
        "quality_rows": [
            (agency.label, format_number(agency.people), format_number(agency.findings),
             format_number(float(agency.quality_index), 2))
            for agency in agencies
        ],
    }  # fmt: skip
    return _render("digest", agreement, content.party, values)


def render_delay(delay: Delay, agreement: Agreement) -> tuple[str, str]:
    """The escalation to the superior of a liaison unit, as plain text and as HTML."""
    unit = agreement.liaison(delay.party, delay.as_of)
    values = {
        "delay": delay,
        "subject": delay_subject(delay),
        "liaison": unit,
        "superior": unit.superior,
        "attribute_rows": [(line.label, format_number(line.overdue)) for line in delay.attributes],
        "agency_rows": [(line.label, format_number(line.overdue)) for line in delay.agencies],
    }
    return _render("escalation", agreement, delay.party, values)
