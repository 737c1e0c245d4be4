"""The compressed archive of projected pages: what was received, as far as the agreement lets us keep it.

One file per batch and dataset. Its first line names the agreed fields; each further line is one page: unit, moment,
sha256 of the original body (as in the exchange log) and the rows as lists in the order of the fields.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import orjson
import zstandard

from padan.agreement import Dataset


def _folder(archive_dir: Path, dataset: Dataset, as_of: date) -> Path:
    return archive_dir / dataset.party / dataset.name / as_of.isoformat()


def page_line(unit: str, fetched_at: datetime, body_sha256: str, rows_json: bytes) -> bytes:
    """One page as a line of JSON; the rows are JSON already."""
    head = orjson.dumps({"unit": unit, "fetched_at": fetched_at, "body_sha256": body_sha256})
    return head[:-1] + b',"rows":' + rows_json + b"}\n"


def write(archive_dir: Path, dataset: Dataset, as_of: date, extract_id: int, sequence: int, pages: list[bytes]) -> Path:
    """Write one file, whole or not at all; the same sequence again replaces it."""
    folder = _folder(archive_dir, dataset, as_of)
    for level in (archive_dir, archive_dir / dataset.party, archive_dir / dataset.party / dataset.name, folder):
        level.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{extract_id}-{sequence:06d}.jsonl.zst"
    partial = path.with_suffix(".partial")
    head = orjson.dumps(
        {
            "party": dataset.party,
            "dataset": dataset.name,
            "as_of": as_of,
            "extract_id": extract_id,
            "fields": [item.field for item in dataset.items],
        }
    )
    content = zstandard.ZstdCompressor(level=1).compress(b"".join((head, b"\n", *pages)))
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path


def discard(archive_dir: Path, dataset: Dataset, as_of: date, extract_id: int) -> None:
    """Delete the files of one dataset of an extract that starts over or is given up."""
    for pattern in (f"{extract_id}-*.jsonl.zst", f"{extract_id}-*.partial"):
        for path in _folder(archive_dir, dataset, as_of).glob(pattern):
            path.unlink(missing_ok=True)


def read(path: Path) -> Iterator[bytes]:
    """The lines of one file, the head first."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        rest = b""
        while chunk := stream.read(1 << 20):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
