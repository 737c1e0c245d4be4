"""Processes that project pages next to the one that fetches and writes them: :mod:`padan.projection.worker`.

Not multiprocessing: its children import the parent's main module anew, which under Airflow is Airflow.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import IO, Self

import padan
from padan.errors import StepFailed
from padan.projection.pages import PageReading
from padan.projection.projector import AllListed, AnyListed, Layout, Scope
from padan.projection.wire import Fault, PlainItem, PlainLayout, Task, receive, send

WORTH_ROWS = 20_000  # below, a start takes longer than it saves
WORTH_ROWS_PER_SECOND = 50_000  # an agency that allows less keeps no second process busy
_MOST_CODES = 200_000  # of a scope; each worker holds them all
_PIPE_BYTES = 1 << 20
_SECONDS_TO_END = 10.0


def plain(layout: Layout) -> PlainLayout:
    """What a worker has to know of a dataset."""
    items = tuple(PlainItem(item.field, item.column, item.required, item.rule) for item in layout.items)
    return PlainLayout(items, layout.columns, layout.row_key, layout.incremental)


def _fit(scope: Scope | None) -> bool:
    """Whether a scope can be sent to workers: it is only codes, and not too many."""
    admits = scope.admits if scope else AllListed(())
    if isinstance(admits, AllListed):
        tests = admits.tests
    elif isinstance(admits, AnyListed):
        tests = tuple(test for way in admits.ways for test in way)
    else:
        return False
    return sum(len(codes) for _, codes in tests) <= _MOST_CODES


class Workers:
    """Up to ``count`` processes, started when a page needs one. A context manager; thread-safe."""

    def __init__(
        self,
        count: int,
        layout: Layout,
        scope: Scope | None,
        latest: str,
        extract_id: int,
        header: tuple[str, ...] | None = None,
    ) -> None:
        """``header``: of a CSV file whose parts are to be read, instead of pages."""
        self.count = count if _fit(scope) else 0
        self._task = Task(plain(layout), scope, latest, extract_id, header)
        self._idle: LifoQueue[_Worker | None] = LifoQueue()  # None: one that is not started yet
        self._started: list[_Worker] = []
        self._lock = threading.Lock()
        for _ in range(self.count):
            self._idle.put(None)

    def worth(self, rows: int, rows_per_second: float) -> bool:
        """Whether so many rows, which the agency lets us read so fast, are worth processes of their own."""
        return self.count > 0 and rows >= WORTH_ROWS and rows_per_second >= WORTH_ROWS_PER_SECOND

    def read(self, unit: str, fetched_at: datetime, body: bytes) -> PageReading | None:
        """:func:`padan.projection.pages.read_page` in a worker; waits for one that is free.

        Raises:
            StepFailed: the worker failed or is gone; the message holds nothing of the page.
        """
        worker = self._idle.get()
        try:
            if worker is None:
                worker = self._start()
            return worker.read(unit, fetched_at, body)
        finally:
            self._idle.put(worker)

    @property
    def pids(self) -> list[int]:
        """The processes that were started."""
        return [worker.pid for worker in self._started]

    def _start(self) -> _Worker:
        worker = _Worker(self._task)
        with self._lock:
            self._started.append(worker)
        return worker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._started:
            worker.end()


class _Worker:
    def __init__(self, task: Task) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "padan.projection.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could quote a value
            pipesize=_PIPE_BYTES,
            cwd="/",
            env={"PYTHONPATH": str(Path(padan.__file__).parent.parent)},  # and no secret of ours
        )
        self._ask(pickle.dumps(task))

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self, unit: str, fetched_at: datetime, body: bytes) -> PageReading | None:
        self._ask(pickle.dumps((unit, fetched_at)), body)
        try:
            stream = self._pipe(self._process.stdout)
            answer, text, archive = pickle.loads(receive(stream)), receive(stream), receive(stream)  # noqa: S301 - ours
        except (EOFError, OSError):
            raise self._gone() from None
        if isinstance(answer, Fault):
            raise StepFailed(f"a worker failed at a page ({answer.kind})")
        if isinstance(answer, PageReading):
            answer.projected.text, answer.projected.archive = text, archive
            return answer
        return None

    def _ask(self, *parts: bytes) -> None:
        try:
            send(self._pipe(self._process.stdin), *parts)
        except OSError:
            raise self._gone() from None

    def _gone(self) -> StepFailed:
        return StepFailed(f"a worker ended before its work was done (exit status {self._process.poll()})")

    @staticmethod
    def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise StepFailed("a worker has no pipe")
        return stream

    def end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            try:
                self._pipe(stream).close()
            except OSError:
                continue  # it is gone, and what was not sent with it
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
