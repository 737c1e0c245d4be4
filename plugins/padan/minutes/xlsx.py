"""The annex of one party: its cases with what it needs to mend them; the other party's cases as numbers alone.

Cells are locked. Every value is written as text: nothing from the data can become a formula or a link, also not when
the sheet is saved as CSV and opened again, since a leading sign gets Excel's text prefix.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from padan.agreement.wording import indonesian
from padan.minutes.archive import normalised
from padan.minutes.common import ROLES, VERDICTS
from padan.minutes.inputs import Case, Inputs, PartyCode, PersonalCase
from padan.minutes.manifest import Issue
from padan.minutes.period import Period

_RISKY = ("=", "+", "-", "@", "|", "%")
_OWN = (
    ("No.", 6), ("Nomor kasus", 17), ("NIP", 21), ("NIP pada data BPS", 21), ("Nama", 30), ("Instansi", 38),
    ("Elemen data", 30), ("Jenis perbedaan", 24), ("Sifat", 10), ("Diselesaikan oleh", 16), ("Nilai pada BKN", 34),
    ("Nilai pada BPS", 34), ("Sejak", 12),
)  # fmt: skip
_OTHER = (
    ("No.", 6), ("Nomor kasus", 17), ("Instansi", 44), ("Elemen data", 34), ("Jenis perbedaan", 24), ("Sifat", 10),
    ("Sejak", 12),
)  # fmt: skip
_TERM = (("Tenggat", 12), ("Status", 13), ("Dieskalasi", 12))  # not in format 1
_STATES = {
    "open": "terbuka", "acknowledged": "diakui", "disputed": "disanggah", "reopened": "dibuka kembali",
    "waived": "dikecualikan",
}  # fmt: skip
_SEVERITIES = {"critical": "kritis", "warning": "lainnya"}
_OWNERS = {"bps": "PIHAK KESATU", "bkn": "PIHAK KEDUA", "both": "PARA PIHAK"}


def neutral(text: str) -> str:
    """The text without control characters, at most as long as a cell can be."""
    return "".join(letter if letter >= " " else " " for letter in text)[:32_000]


def render(inputs: Inputs, personal: Sequence[PersonalCase], party: PartyCode, issue: Issue) -> bytes:
    """The workbook's bytes; equal inputs make equal bytes. Personal columns hold the cases that ``party`` must mend."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, options)
    book.set_properties(
        {
            "title": f"Lampiran {ROLES[party]} {Period.parse(inputs.period).label_id}",
            "author": "Padan",
            "created": datetime(*issue.signed_on.timetuple()[:3], tzinfo=UTC).replace(tzinfo=None),
        }
    )
    formats = _formats(book)
    terms = () if inputs.terms else _TERM
    own, theirs = inputs.of_party(party), inputs.owned("bkn" if party == "bps" else "bps")
    _about(book, formats, inputs, party, issue, len(own), len(theirs))
    details = {case.case_id: case for case in personal}
    _sheet(
        book,
        formats,
        f"Kasus {ROLES[party].title()}",
        _OWN + terms,
        [_own_row(case, details.get(case.case_id)) for case in own],
    )
    other = ROLES["bkn" if party == "bps" else "bps"]
    _sheet(book, formats, f"Kasus {other.title()}", _OTHER + terms, [_other_row(case) for case in theirs])
    book.close()
    return normalised(target.getvalue())


def _formats(book: Any) -> dict[str, Any]:
    plain = {
        "font_name": "Calibri",
        "font_size": 10,
        "valign": "top",
        "text_wrap": True,
        "num_format": "@",
        "border": 1,
    }
    return {
        "head": book.add_format({**plain, "bold": True, "bg_color": "#E6E6E6"}),
        "text": book.add_format(plain),
        "risky": book.add_format({**plain, "quote_prefix": True}),
        "title": book.add_format({"font_name": "Calibri", "font_size": 14, "bold": True}),
        "note": book.add_format({"font_name": "Calibri", "font_size": 10, "text_wrap": True, "valign": "top"}),
    }


def _about(
    book: Any, formats: dict[str, Any], inputs: Inputs, party: PartyCode, issue: Issue, own: int, theirs: int
) -> None:
    sheet = book.add_worksheet("Keterangan")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 80)
    sheet.write_string(0, 0, f"Lampiran {ROLES[party]}: rincian perbedaan data", formats["title"])
    rows = (
        ("Status", "FINAL" if issue.final else "DRAF"),
        ("Berita acara", issue.number),
        ("Periode", Period.parse(inputs.period).label_id),
        ("Edisi", str(inputs.edition)),
        ("Posisi data", indonesian(inputs.cut)),
        ("Kasus yang diselesaikan", str(own)),
        ("Kasus pihak lain", str(theirs)),
        (
            "Kerahasiaan",
            "RAHASIA. Memuat data pribadi; hanya untuk penyelesaian perbedaan data (Pasal 9 Perjanjian Kerja Sama).",
        ),
        ("Data contoh", "Seluruh data fiktif." if inputs.agreement.fictional else "–"),
    )
    for position, (label, value) in enumerate(rows, 2):
        sheet.write_string(position, 0, label, formats["note"])
        sheet.write_string(position, 1, neutral(value), formats["note"])
    sheet.protect("", {"select_locked_cells": True})


def _sheet(
    book: Any, formats: dict[str, Any], name: str, columns: Sequence[tuple[str, int]], rows: list[tuple[str, ...]]
) -> None:
    sheet = book.add_worksheet(name)
    for at, (title, width) in enumerate(columns):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, formats["head"])
    for position, row in enumerate(rows, 1):
        for at, value in enumerate((str(position), *row)):
            text = neutral(value)
            sheet.write_string(position, at, text, formats["risky" if text.lstrip().startswith(_RISKY) else "text"])
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&LRAHASIA&RHalaman &P dari &N")
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "select_locked_cells": True})


def _own_row(case: Case, detail: PersonalCase | None) -> tuple[str, ...]:
    nip, nip_bps, name, bkn_value, bps_value = (
        (detail.nip, detail.nip_bps, detail.name, detail.bkn_value, detail.bps_value) if detail else ("",) * 5
    )
    return (
        case.case_id, nip, nip_bps, name, case.agency, case.label, VERDICTS[case.verdict], _SEVERITIES[case.severity],
        _OWNERS[case.owner], bkn_value, bps_value, f"{case.first_seen:%d-%m-%Y}",
        *_term(case),
    )  # fmt: skip


def _other_row(case: Case) -> tuple[str, ...]:
    return (
        case.case_id, case.agency, case.label, VERDICTS[case.verdict], _SEVERITIES[case.severity],
        f"{case.first_seen:%d-%m-%Y}", *_term(case),
    )  # fmt: skip


def _term(case: Case) -> tuple[str, ...]:
    """Until when, how far and since when told to a superior, as the ledger held it at the cut."""
    if case.due_on is None:
        return ()
    due = f"{case.due_on:%d-%m-%Y}" + (" (ditangguhkan)" if case.paused else "")
    return due, _STATES.get(case.state, case.state), f"{case.escalated_on:%d-%m-%Y}" if case.escalated_on else ""
