"""Each agency's codes for the other, as files: the same codes on the same day make the same bytes.

BPS owes BKN its codes by article 3 (2) b, BKN owes BPS its own by article 4 (2) b.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import xlsxwriter

from padan.errors import StepFailed
from padan.reference.changes import between
from padan.warehouse import exchange_log
from padan.warehouse.connection import Connection

Party = Literal["bkn", "bps"]
# Recipient -> (who owes, obligation of the agreement file, article).
_OWED: dict[Party, tuple[Party, str, str]] = {
    "bps": ("bkn", "asn_reference_codes", "4 ayat (2) huruf b"),
    "bkn": ("bps", "jf_reference_codes", "3 ayat (2) huruf b"),
}
CODES = ("daftar", "kode", "nama", "induk", "kode_bkn", "status", "berlaku_sejak")
CHANGES = ("sumber", "daftar", "kode", "perubahan", "nama_sebelumnya", "nama_sekarang", "tanggal")
_KINDS = {
    "added": "baru", "renamed": "ganti nama", "retired": "tidak berlaku lagi", "id_reused": "kode dipakai ulang",
    "remapped": "pemetaan berubah", "returned": "berlaku kembali", "changed": "keterangan berubah",
}  # fmt: skip
_SOURCES = {"service": "layanan web", "published": "daftar terbitan"}
# The service's lists; as published, those that it does not have.
_CODES = """
    with served as (
        select list_name, code, code_name, belongs_to, mapped_code, status, valid_from
        from marts_reference.dim_reference_code
        where agency = %(owed_by)s and valid_from <= %(as_of)s and (valid_to is null or valid_to > %(as_of)s)
    ),
    published as (
        select list_name, code, code_name, belongs_to, null as mapped_code, status, valid_from
        from code_lists.published_code
        where agency = %(owed_by)s and valid_from <= %(as_of)s and (valid_to is null or valid_to > %(as_of)s)
            and list_name not in (select list_name from served)
    )
    select list_name, code, code_name, coalesce(belongs_to, ''), coalesce(mapped_code, ''), coalesce(status, ''),
        valid_from::text
    from (select * from served union all select * from published) as known
    order by list_name collate "C", code collate "C"
"""
_RECORD = """
    insert into code_lists.delivery
        (delivery_id, as_of, since, obligation, owed_by, recipient_party, lists, codes, changes, manifest_sha256)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (delivery_id) do nothing
    returning delivery_id
"""
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery: its number, what is in it, its files, the manifest last."""

    delivery_id: str
    owed_by: Party
    recipient: Party
    since: date | None  # day of the delivery before
    lists: int
    codes: int
    changes: int
    files: tuple[Path, ...]
    is_new: bool  # False: the same was delivered that day already, and only the files were written again


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    rows: int

    def entry(self) -> dict[str, Any]:
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"file": self.path.name, "rows": self.rows, "bytes": self.path.stat().st_size, "sha256": digest}


def deliver(connection: Connection, recipient: Party, as_of: date, folder: Path) -> Delivery:
    """Write the other agency's codes as they stood on ``as_of``, and what changed since the last time.

    It is recorded as evidence of the duty and in the exchange log, once.

    Raises:
        StepFailed: if no code of that agency is known on that day.
    """
    owed_by, obligation, article = _OWED[recipient]
    started, clock = datetime.now(UTC), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{owed_by}-untuk-{recipient}-{as_of}"
    since = _before(connection, recipient, as_of)
    with connection.transaction():
        # Both files tell of one moment.
        connection.execute("set transaction isolation level repeatable read, read only")
        codes, per_list = _write_codes(connection, folder, stem, owed_by, as_of)
        changes = _write_changes(connection, folder, stem, owed_by, since, as_of)
    if not codes.rows:
        for one in (codes, changes):
            one.path.unlink()
        raise StepFailed(f"no code of {owed_by} is known on {as_of}: nothing to deliver")
    about = {
        "Judul": f"Kode referensi {owed_by.upper()} untuk {recipient.upper()}",
        "Dasar": f"Pasal {article} Perjanjian Kerja Sama",
        "Posisi data": as_of.isoformat(),
        "Perubahan sejak": since.isoformat() if since else "penyerahan pertama",
        "Jumlah daftar": str(len(per_list)),
        "Jumlah kode": str(codes.rows),
        "Jumlah perubahan": str(changes.rows),
    }
    book = _File(folder / f"kode-referensi-{stem}.xlsx", codes.rows)
    _written(book.path, lambda path: _xlsx(path, about, as_of, codes.path, changes.path))
    files = (codes, changes, book)
    entries = [one.entry() for one in files]
    number = f"KR-{recipient.upper()}-{as_of:%Y%m%d}-{_digest(entries[:2])[:8].upper()}"
    manifest = folder / f"manifest-{stem}.json"
    content = {"nomor": number, **about, "daftar": per_list, "berkas": entries}
    _written(manifest, lambda path: path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n"))
    sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
    with connection.transaction():
        values = (number, as_of, since, obligation, owed_by, recipient, len(per_list), codes.rows, changes.rows, sha256)
        is_new = connection.execute(_RECORD, values).fetchone() is not None
        if is_new:
            size = sum(entry["bytes"] for entry in entries)
            purpose = f"penyerahan kode referensi (pasal {article}), {number}"
            logged = (
                None, recipient, "berkas kode referensi", "reference_codes", purpose, 1, None, None, codes.rows, size,
                sha256, started, round(time.monotonic() - clock, 3),
            )  # fmt: skip
            exchange_log.append(connection, [logged])
    paths = (*(one.path for one in files), manifest)
    return Delivery(number, owed_by, recipient, since, len(per_list), codes.rows, changes.rows, paths, is_new)


def _digest(entries: list[dict[str, Any]]) -> str:
    return hashlib.sha256("".join(entry["sha256"] for entry in entries).encode()).hexdigest()


def _before(connection: Connection, recipient: Party, as_of: date) -> date | None:
    found = connection.execute(
        "select max(as_of) from code_lists.delivery where recipient_party = %s and as_of < %s", (recipient, as_of)
    ).fetchone()
    return found[0] if found else None


def _written(path: Path, write: Callable[[Path], object]) -> None:
    """Whole or not at all: written beside it and renamed."""
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    partial.replace(path)


def _write_codes(
    connection: Connection, folder: Path, stem: str, owed_by: Party, as_of: date
) -> tuple[_File, dict[str, int]]:
    path, per_list = folder / f"kode-referensi-{stem}.csv", dict[str, int]()

    def rows() -> Iterator[Row]:
        with connection.cursor("codes") as cursor:
            cursor.itersize = 5_000
            for row in cursor.execute(_CODES, {"owed_by": owed_by, "as_of": as_of}):
                per_list[row[0]] = per_list.get(row[0], 0) + 1
                yield row

    _written(path, lambda partial: _csv(partial, CODES, rows()))
    return _File(path, sum(per_list.values())), per_list


def _write_changes(
    connection: Connection, folder: Path, stem: str, owed_by: Party, since: date | None, as_of: date
) -> _File:
    path, count = folder / f"perubahan-kode-{stem}.csv", 0

    def rows() -> Iterator[Row]:
        nonlocal count
        for one in between(connection, since, as_of, owed_by):
            count += 1
            names = (one.name_before or "", one.name_after or "")
            yield (_SOURCES[one.source], one.list_name, one.code, _KINDS[one.change], *names, str(one.changed_on))

    _written(path, lambda partial: _csv(partial, CHANGES, rows()))
    return _File(path, count)


def _csv(path: Path, heading: Row, rows: Iterable[Row]) -> None:
    # With the mark by which Excel knows UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)


def _read(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _xlsx(path: Path, about: dict[str, str], as_of: date, codes: Path, changes: Path) -> None:
    # Every value as text: a code keeps its zeros, and no name becomes a formula or a link. Row by row to the disk.
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(str(path), options)
    made = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).replace(tzinfo=None)
    book.set_properties({"title": about["Judul"], "author": "Padan", "created": made})
    bold = book.add_format({"bold": True, "bg_color": "#E6E6E6"})
    sheet = book.add_worksheet("Keterangan")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 60)
    for place, (label, value) in enumerate(about.items()):
        sheet.write_string(place, 0, label, bold)
        sheet.write_string(place, 1, value)
    _sheet(book, bold, "Perubahan", CHANGES, _read(changes))
    for list_name, rows in groupby(_read(codes), key=lambda row: row[0]):
        _sheet(book, bold, _title(book, list_name), CODES[1:], (row[1:] for row in rows))
    book.close()


def _title(book: Any, list_name: str) -> str:
    """A name of a sheet is no longer than 31 letters, and no two are alike."""
    taken = {sheet.get_name().lower() for sheet in book.worksheets()}
    names = (list_name[:31], *(f"{list_name[:28]}_{number}" for number in range(2, 100)))
    return next(name for name in names if name.lower() not in taken)


def _sheet(book: Any, bold: Any, title: str, heading: Row, rows: Iterable[list[str]]) -> None:
    sheet = book.add_worksheet(title)
    for column, label in enumerate(heading):
        sheet.set_column(column, column, 60 if label.startswith("nama") else 36 if "kode" in label else 18)
        sheet.write_string(0, column, label, bold)
    for place, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            sheet.write_string(place, column, value)
