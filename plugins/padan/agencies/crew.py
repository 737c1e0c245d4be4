"""A crew of worker threads behind a generator: bounded, stops as one, leaves no thread.

Everything that the caller handed in (the items, ``on_exchange``) runs in the caller's own thread, so it may use a
database connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from padan.agencies.failures import Stopped
from padan.agencies.transport import Line, Report, Transport
from padan.agencies.types import Exchange

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    number: int
    result: Result


@dataclass(frozen=True, slots=True)
class _Broke:
    error: BaseException


def work_through(
    transport: Transport,
    items: Iterable[Item],
    fetch: Callable[[Line, Item], Result],
    on_exchange: Report,
    *,
    workers: int,
    ahead: int,
    ordered: bool = False,
) -> Iterator[Result]:
    """Results in order of completion, or of the items if ``ordered``; at most ``ahead`` items are taken from ``items``
    before their results are.

    The first error of any worker stops all of them and is raised here. When the generator ends, however it ends, no
    thread is left and every exchange has been reported.
    """
    crew = _Crew(transport, fetch, workers)
    source = enumerate(items)
    handed = taken = 0
    early: dict[int, _Done[Result]] = {}
    try:
        while True:
            for numbered in islice(source, ahead - (handed - taken)):
                crew.hand_out(numbered)
                handed += 1
            if handed == taken:
                return
            message = early.pop(taken, None) or crew.messages.get()
            if isinstance(message, Exchange):
                on_exchange(message)
            elif isinstance(message, _Broke):
                raise message.error
            elif ordered and message.number != taken:
                early[message.number] = message
            else:
                taken += 1
                yield message.result
    finally:
        crew.dismiss()
        for exchange in crew.unreported():
            on_exchange(exchange)


class _Crew(Generic[Item, Result]):
    """The threads and the two queues between them and the generator."""

    def __init__(self, transport: Transport, fetch: Callable[[Line, Item], Result], workers: int) -> None:
        self._transport = transport
        self._fetch = fetch
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[tuple[int, Item] | None] = SimpleQueue()
        self._stop = threading.Event()
        self.messages: SimpleQueue[Exchange | _Done[Result] | _Broke] = SimpleQueue()

    def hand_out(self, item: tuple[int, Item]) -> None:
        """Give a numbered item to whoever is free first; a thread is started for each item until there are enough."""
        self._tasks.put(item)
        if len(self._threads) < self._workers:
            name = f"{self._transport.party}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def dismiss(self) -> None:
        """Stop all threads and wait until they are gone, at most one request's time limit."""
        self._stop.set()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def unreported(self) -> Iterator[Exchange]:
        """The exchanges that nobody took from ``messages``."""
        while not self.messages.empty():
            message = self.messages.get()
            if isinstance(message, Exchange):
                yield message

    def _work(self) -> None:
        try:
            with self._transport.line(self.messages.put, self._stop) as line:
                while (item := self._tasks.get()) is not None and not self._stop.is_set():
                    self.messages.put(_Done(item[0], self._fetch(line, item[1])))
        except Stopped:
            pass
        except BaseException as error:
            self.messages.put(_Broke(error))
