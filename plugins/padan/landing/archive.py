"""The compressed, encrypted archive of projected pages: what was received, as far as the agreement lets us keep it.

One file per batch and dataset, in a folder or an object store (:mod:`padan.places`). Its first line names the agreed
fields; each further line is one page: unit, moment, sha256 of the original body (as in the exchange log) and the rows
as lists in the order of the fields.

At rest a file is a mark, a nonce, and Zstandard under AES-256-GCM. What it is a file of (party, dataset, day, name) is
authenticated along: neither a changed nor a misplaced file opens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import orjson
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from padan.agreement import Dataset
from padan.errors import ArchiveUnreadable
from padan.places import Place, delete_tree, files, folder_of, make_folders, write_whole
from padan.settings import require_private

KEY = "archive"  # the purpose of its key: padan.settings.Settings.key
SUFFIX = ".jsonl.zst.aes"
_MARK = b"PADAN-ARCHIVE-1\n"
_NONCE_BYTES = 12


def _folder(archive_dir: Place, dataset: Dataset, as_of: date) -> Place:
    return archive_dir / dataset.party / dataset.name / as_of.isoformat()


def page_line(unit: str, fetched_at: datetime, body_sha256: str, rows_json: bytes) -> bytes:
    """One page as a line of JSON; the rows are JSON already."""
    head = orjson.dumps({"unit": unit, "fetched_at": fetched_at, "body_sha256": body_sha256})
    return head[:-1] + b',"rows":' + rows_json + b"}\n"


def write(
    archive_dir: Place, key: bytes, dataset: Dataset, as_of: date, extract_id: int, sequence: int, pages: list[bytes]
) -> Place:
    """Write one file, whole or not at all; the same sequence again replaces it.

    Raises:
        ConfigurationError: the archive's folder is open to others than its owner and group.
    """
    folder = _folder(archive_dir, dataset, as_of)
    make_folders(archive_dir, archive_dir / dataset.party, archive_dir / dataset.party / dataset.name, folder)
    if local := folder_of(archive_dir):
        require_private(local, 0o007)
    path = folder / f"{extract_id}-{sequence:06d}{SUFFIX}"
    head = orjson.dumps(
        {
            "party": dataset.party,
            "dataset": dataset.name,
            "as_of": as_of,
            "extract_id": extract_id,
            "fields": [item.field for item in dataset.items],
        }
    )
    _write_whole(path, key, zstandard.ZstdCompressor(level=1).compress(b"".join((head, b"\n", *pages))))
    return path


def discard(archive_dir: Place, dataset: Dataset, as_of: date, extract_id: int) -> None:
    """Delete the files of one dataset of an extract that starts over or is given up."""
    for pattern in (f"{extract_id}-*{SUFFIX}", f"{extract_id}-*.partial"):
        for path in _folder(archive_dir, dataset, as_of).glob(pattern):
            path.unlink(missing_ok=True)


def days(archive_dir: Place, dataset: Dataset) -> list[date]:
    """The days of which files of a dataset are there, the oldest first."""
    folder = archive_dir / dataset.party / dataset.name
    return sorted(date.fromisoformat(path.name) for path in folder.iterdir()) if folder.is_dir() else []


def count(archive_dir: Place, dataset: Dataset, of: list[date]) -> int:
    """How many files of a dataset are there, of some days."""
    return sum(1 for day in of for path in _folder(archive_dir, dataset, day).iterdir() if path.is_file())


def erase_days(archive_dir: Place, dataset: Dataset, of: list[date]) -> None:
    """Delete all files of a dataset, of some days."""
    for day in of:
        delete_tree(_folder(archive_dir, dataset, day))


def erase_items(archive_dir: Place, keys: Sequence[bytes], party: str, dataset: str, kept: frozenset[str]) -> int:
    """Write the files of a dataset anew without the fields that are not ``kept``; how many held another.

    Each file is replaced whole, so a run that is killed leaves it as it was or as it shall be.

    Raises:
        ArchiveUnreadable
    """
    rewritten = 0
    for path in files(archive_dir / party / dataset, SUFFIX):
        head, *pages = (orjson.loads(line) for line in read(path, *keys))
        places = [place for place, field in enumerate(head["fields"]) if field in kept]
        if len(places) == len(head["fields"]):
            continue
        head["fields"] = [head["fields"][place] for place in places]
        for page in pages:
            page["rows"] = [[row[place] for place in places] for row in page["rows"]]
        plain = b"".join(orjson.dumps(line) + b"\n" for line in (head, *pages))
        _write_whole(path, keys[0], zstandard.ZstdCompressor(level=1).compress(plain))
        rewritten += 1
    return rewritten


def read(path: Place, *keys: bytes) -> Iterator[bytes]:
    """The lines of one file, the head first; the first of ``keys`` that fits opens it.

    Raises:
        ArchiveUnreadable: it was encrypted with another key, changed, or put where it does not belong.
    """
    yield from zstandard.ZstdDecompressor().decompress(_opened(path, keys)[0]).splitlines()


def rotate(archive_dir: Place, keys: Sequence[bytes]) -> tuple[int, int]:
    """Encrypt anew, under the first of ``keys``, every file that another of them opens; (encrypted anew, all files).

    A file is replaced whole or not at all, so that a rotation that breaks off is simply done again.

    Raises:
        ArchiveUnreadable: naming a file that none of the keys opens.
    """
    changed = total = 0
    for path in files(archive_dir, SUFFIX):
        total += 1
        plain, used = _opened(path, keys)
        if used:
            _write_whole(path, keys[0], plain)
            changed += 1
    return changed, total


def _opened(path: Place, keys: Sequence[bytes]) -> tuple[bytes, int]:
    """The compressed content, and which of the keys opened it."""
    content = path.read_bytes()
    start = len(_MARK) + _NONCE_BYTES
    for position, key in enumerate(keys if content.startswith(_MARK) else ()):
        try:
            return AESGCM(key).decrypt(content[len(_MARK) : start], content[start:], _identity(path)), position
        except InvalidTag:
            continue
    raise ArchiveUnreadable(f"{path.name}: another key, a changed or a misplaced file")


def _write_whole(path: Place, key: bytes, compressed: bytes) -> None:
    nonce = os.urandom(_NONCE_BYTES)
    write_whole(path, _MARK + nonce + AESGCM(key).encrypt(nonce, compressed, _identity(path)))


def _identity(path: Place) -> bytes:
    """party/dataset/day/name."""
    return _MARK + "/".join(path.parts[-4:]).encode()
