"""What passes between landing and its workers, and how: parts of bytes on a pipe, each after its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from padan.projection.projector import Scope

_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class PlainItem:
    """A data item of the agreement without the libraries that read the agreement."""

    field: str
    column: str
    required: bool
    rule: str


@dataclass(frozen=True, slots=True)
class PlainLayout:
    """A dataset, likewise."""

    items: tuple[PlainItem, ...]
    columns: tuple[str, ...]
    row_key: tuple[str, ...]
    incremental: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told once: how to project, and the extract that the rows belong to."""

    layout: PlainLayout
    scope: Scope | None
    latest: str
    extract_id: int
    header: tuple[str, ...] | None = None
    """Of a CSV file, whose parts come instead of a service's pages."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The worker failed at a page; ``kind`` is the error's class."""

    kind: str


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Write parts that :func:`receive` reads one by one."""
    for part in parts:
        stream.write(len(part).to_bytes(_LENGTH_BYTES))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The next part.

    Raises:
        EOFError: the other side is gone.
    """
    head = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(head)
    part = stream.read(length) if len(head) == _LENGTH_BYTES else b""
    if len(head) < _LENGTH_BYTES or len(part) < length:
        raise EOFError
    return part
