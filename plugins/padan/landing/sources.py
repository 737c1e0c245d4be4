"""What landing asks of a client of an agency; the clients of ``padan.agencies`` are such, and so are scripted ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from padan.agencies import Exchange, FailedUnit, Page, PageReader

OnExchange: TypeAlias = Callable[[Exchange], None]


class JfSource(Protocol):
    """BPS's lists."""

    def pages(
        self, dataset: str, updated_since: str | None = None, start: int = 1, reader: PageReader | None = None
    ) -> Iterator[Page]: ...

    def total(self, dataset: str) -> int: ...


class SiasnSource(Protocol):
    """BKN's lists, and its answers person by person."""

    def pages(self, dataset: str, start: int = 0) -> Iterator[Page]: ...

    def fetch_people(self, requests: Iterable[tuple[str, str]]) -> Iterator[Page | FailedUnit]: ...


OpenJf: TypeAlias = Callable[[OnExchange], AbstractContextManager[JfSource]]
OpenSiasn: TypeAlias = Callable[[OnExchange], AbstractContextManager[SiasnSource]]
