"""A part of a CSV file from its bytes: its rows projected."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO

from padan.projection.pages import PageReading
from padan.projection.projector import Projector

LONGEST_FIELD = 1 << 20  # characters
_BLOCK_BYTES = 1 << 18
_MOST_BYTES = 1 << 24  # of a part
_MARK = b"\xef\xbb\xbf"


class CannotBeCut(Exception):  # noqa: N818 - the file may be sound; it has to be read in one go
    """Quotes inside of fields hide where rows end."""


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """A CSV file in parts of whole rows, the header by itself first.

    A row ends at a line feed before which there is an even number of quotes. Where a quote stands inside of a field
    that is not quoted, that may be wrong; then a part ends within a quoted field, which :func:`read_part` refuses.

    Raises:
        CannotBeCut
    """
    held, first = b"", True
    while block := file.read(_BLOCK_BYTES):
        held += block.removeprefix(_MARK) if first and not held else block
        if first and (end := _first_end(held)):
            yield held[:end]
            held, first = held[end:], False
        end = 0 if first else _last_end(held)
        if end:
            yield held[:end]
            held = held[end:]
        elif len(held) > _MOST_BYTES:
            raise CannotBeCut
    if held:
        yield held


def _first_end(held: bytes) -> int:
    end = held.find(b"\n") + 1
    while end and held.count(b'"', 0, end) % 2:
        end = held.find(b"\n", end) + 1
    return end


def _last_end(held: bytes) -> int:
    quotes = held.count(b'"')
    end = held.rfind(b"\n") + 1
    before = quotes - held.count(b'"', end)
    while end and before % 2:
        earlier = held.rfind(b"\n", 0, end - 1) + 1
        before -= held.count(b'"', earlier, end)
        end = earlier
    return end


def rows_of(part: bytes) -> list[list[str]] | None:
    """The rows of a part, or None where it is not whole rows of CSV in UTF-8."""
    csv.field_size_limit(LONGEST_FIELD)
    try:
        return list(csv.reader(io.StringIO(part.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None


def read_part(part: bytes, header: tuple[str, ...], projector: Projector, tail: str) -> PageReading | None:
    """The rows of a part projected, or None as :func:`rows_of`."""
    rows = rows_of(part)
    if rows is None:
        return None
    return PageReading({}, len(rows), len(rows), b"", projector.project_table(header, rows, tail))
