"""Reads a published list row by row: JSON or CSV, gzipped or not, in whatever encoding. Never holds a whole file."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

SUFFIXES = (".json", ".json.gz", ".csv", ".csv.gz")
CHUNK = 1 << 16  # bytes or characters read at once
LONGEST_ROW = 1 << 20  # characters
LARGEST_FILE = 1 << 30  # bytes, unpacked
_DELIMITERS = ",;\t|"
# Not text for PostgreSQL: NUL, and halves of a character.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
# Fields by meaning, the first that a row has; case does not count (ID, NAMA).
_CODE = ("id", "kode", "code")
_NAME = ("nama", "name", "jenis", "detaillayanannama", "jabatan")
_BELONGS_TO = (
    "kelompokjabatanid", "tingkatpendidikanid", "jenisinstansiid", "instansiid", "rumpunjabatanid", "lokasiid",
    "jenistingkathukumanid", "jenisjabatanid", "ktuaid", "induk", "belongs_to",
)  # fmt: skip
_STATUS = ("status",)
Fields = dict[str, Any]


class Unreadable(Exception):
    """The file cannot be read as a list; ``rule`` says why, ``row`` how many rows were read before."""

    def __init__(self, rule: str, row: int = 0) -> None:
        super().__init__(rule)
        self.rule, self.row = rule, row


@dataclass(frozen=True, slots=True)
class Content:
    """What a first reading of a file tells: the SHA-256 of its unpacked bytes, and the encoding to read them with."""

    sha256: str
    encoding: str

    @property
    def is_guessed(self) -> bool:
        """Whether the file is not in UTF, so that its other letters are a guess."""
        return self.encoding == "cp1252"


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row of a list as it is written, ready for COPY."""

    number: int
    rule: str | None  # rule of shape that it breaks, so that the rest of it is not there
    is_ragged: bool  # it has not the fields of the first row
    code: str | None = None
    name: str | None = None
    belongs_to: str | None = None
    status: str | None = None

    def columns(self) -> tuple[object, ...]:
        """In the order of the staging table."""
        return (self.number, self.rule, self.is_ragged, self.code, self.name, self.belongs_to, self.status)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.name.endswith(".gz"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


def content_of(path: Path) -> Content:
    """Read the file once: its hash, and whether it is UTF-8, UTF-16 by its mark, or, failing these, Windows-1252.

    Raises:
        Unreadable: not_gzip, too_large.
    """
    digest, decoder, size, start, is_utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 0, b"", True
    try:
        with _opened(path) as file:
            while chunk := file.read(CHUNK):
                start = start or chunk[:4]
                digest.update(chunk)
                size += len(chunk)
                if size > LARGEST_FILE:
                    raise Unreadable("too_large")
                is_utf8 = is_utf8 and _decodes(decoder, chunk)
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    except (OSError, EOFError, zlib.error):
        raise Unreadable("not_gzip") from None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Content(digest.hexdigest(), "utf-16")
    return Content(digest.hexdigest(), "utf-8-sig" if is_utf8 else "cp1252")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def rows_of(path: Path, content: Content) -> Iterator[ListedRow]:
    """The rows of the file, numbered from 1 (of a CSV file, without its heading).

    Raises:
        Unreadable: not_json, not_csv, no_list, no_column_of_codes.
    """
    with _opened(path) as file:
        # What Windows-1252 has not becomes the mark of a lost character, which a rule finds.
        text = io.TextIOWrapper(file, encoding=content.encoding, errors="replace", newline="")
        is_csv = path.name.removesuffix(".gz").endswith(".csv")
        yield from _csv_rows(text) if is_csv else _json_rows(text)


def _json_rows(text: TextIO) -> Iterator[ListedRow]:
    usual: frozenset[str] | None = None
    for number, element in enumerate(_elements(text), start=1):
        if not isinstance(element, dict):
            yield ListedRow(number, "not_an_object", False)
            continue
        fields = {str(key).strip().lower(): value for key, value in element.items()}
        usual = frozenset(fields) if usual is None else usual
        yield _row(number, fields, is_ragged=fields.keys() != usual)


def _elements(text: TextIO) -> Iterator[Any]:
    """The elements of the document's list: itself, or the first that its object holds."""
    decoder, buffer, at, number = json.JSONDecoder(strict=False), "", 0, 0
    while "[" not in buffer:
        chunk = text.read(CHUNK)
        buffer = (buffer + chunk).lstrip()
        if not chunk or buffer[:1] not in ("[", "{") or len(buffer) > LONGEST_ROW:
            raise Unreadable("no_list" if buffer[:1] in ("[", "{") else "not_json")
    at = buffer.index("[") + 1
    is_over = False
    while True:
        at = _after_blanks(buffer, at)
        if buffer[at : at + 1] == "]":
            return
        try:
            element, end = decoder.raw_decode(buffer, at)
        except json.JSONDecodeError:
            end = 0
        # A number at the end of what was read may go on.
        if end and (end < len(buffer) or is_over):
            number += 1
            yield element
            at = end
            continue
        chunk = text.read(CHUNK)
        is_over = not chunk
        buffer, at = buffer[at:] + chunk, 0
        if (is_over and not end) or len(buffer) > LONGEST_ROW + CHUNK:
            raise Unreadable("not_json", number)


def _after_blanks(buffer: str, at: int) -> int:
    while buffer[at : at + 1] in (" ", "\t", "\r", "\n", ","):
        at += 1
    return at


def _csv_rows(text: TextIO) -> Iterator[ListedRow]:
    heading = text.readline(LONGEST_ROW)
    delimiter = max(_DELIMITERS, key=heading.count)
    names = [name.strip().lower() for name in next(csv.reader([heading], delimiter=delimiter), [])]
    if not set(names) & set(_CODE):
        raise Unreadable("no_column_of_codes")
    number = 0
    try:
        for number, values in enumerate(csv.reader(text, delimiter=delimiter), start=1):
            if len(values) == len(names):
                yield _row(number, dict(zip(names, values, strict=True)), is_ragged=False)
            elif values:
                yield ListedRow(number, "ragged_row", True)
    except csv.Error:
        raise Unreadable("not_csv", number) from None


def _row(number: int, fields: Fields, *, is_ragged: bool) -> ListedRow:
    code, name, belongs_to, status = (_first(fields, names) for names in (_CODE, _NAME, _BELONGS_TO, _STATUS))
    return ListedRow(number, None, is_ragged, code, name, belongs_to, status)


def _first(fields: Fields, names: tuple[str, ...]) -> str | None:
    """The first of these fields that the row has, as text; nothing where it holds no single value."""
    value = next((fields[name] for name in names if name in fields), None)
    return None if value is None or isinstance(value, dict | list) else _NO_TEXT.sub("\ufffd", str(value))
