"""What the clients hand out, and the clock they run on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from padan.projection.pages import PageReading
from padan.projection.projector import Projected


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request that happened, successful or not; no personal value in it.

    ``endpoint`` is a template such as ``/apisiasn/1.0/pns/data-utama/{nip}``; ``dataset`` is ``token`` for token calls;
    ``attempt`` counts from 1 within one unit; ``error`` is a short word for what went wrong (``read_timeout``,
    ``html_body``, ``throttled``, ...); ``body_bytes`` and ``body_sha256`` are of the body after decompression;
    ``duration`` is in seconds.
    """

    party: str
    endpoint: str
    dataset: str
    attempt: int
    status: int | None
    error: str | None
    body_bytes: int
    body_sha256: str | None
    started_at: datetime
    duration: float


@dataclass(frozen=True, slots=True)
class Page:
    """One usable answer: a page of a list, or everything of one dataset about one person.

    ``unit`` is the NIP (per-key datasets; never log it) or the page number or offset as text. ``rows`` are JSON values
    as sent; none where a :class:`PageReader` took them, which ``projected`` is the result of. ``total`` is the number
    of rows that the source says there are, where it says so.
    """

    dataset: str
    unit: str
    rows: list[Any]
    total: int | None
    last: bool
    fetched_at: datetime
    body_sha256: str
    projected: Projected | None = None
    taken: int = 0

    @property
    def size(self) -> int:
        """How many rows came."""
        return self.taken or len(self.rows)


class PageReader(Protocol):
    """Reads bodies elsewhere, ``count`` at a time; :class:`padan.projection.workers.Workers` does."""

    count: int

    def worth(self, rows: int, rows_per_second: float) -> bool:
        """Whether it pays for so many rows, of which so many are allowed a second."""

    def read(self, unit: str, fetched_at: datetime, body: bytes) -> PageReading | None:
        """The page, or None where the client has to look at the body itself."""


@dataclass(frozen=True, slots=True)
class FailedUnit:
    """A unit that stays unusable after all retries, while the service as a whole works.

    ``rule`` is a short word (``not_json``, ``html_body``, ``envelope``, ...); neither it nor ``reason`` holds a
    personal value; ``unit`` does.
    """

    dataset: str
    unit: str
    rule: str
    reason: str


class Clock:
    """Real time; tests put their own in its place."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Sleep, or return early with True when ``stop`` is set."""
        return stop.wait(seconds)
