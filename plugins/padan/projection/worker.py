"""A process that projects pages: bodies on standard input, projections on standard output, until the input ends.

It knows no password, speaks to nobody, and writes nothing else: of an error only its kind leaves the process, because
its text may quote a value.
"""

from __future__ import annotations

import pickle
import signal
import sys
from datetime import datetime
from typing import IO, Any

from padan.projection.pages import PageReading, read_page
from padan.projection.projector import Projector, tail
from padan.projection.tables import read_part
from padan.projection.wire import Fault, Task, receive, send


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Project page after page; returns when ``requests`` ends."""
    try:
        task: Task = pickle.loads(receive(requests))  # noqa: S301 - from our own parent
        projector = Projector(task.layout, task.scope, latest=task.latest)
        while True:
            unit, fetched_at = pickle.loads(receive(requests))  # noqa: S301 - likewise
            answer, text, archive = _project(projector, task, unit, fetched_at, receive(requests))
            send(answers, pickle.dumps(answer), text, archive)
    except (EOFError, BrokenPipeError):
        return


def _project(
    projector: Projector, task: Task, unit: str, fetched_at: datetime, body: bytes
) -> tuple[PageReading | Fault | None, bytes, bytes]:
    try:
        ending = tail(task.extract_id, unit, fetched_at)
        if task.header is None:
            reading = read_page(body, projector, ending)
        else:
            reading = read_part(body, task.header, projector, ending)
    except Exception as error:
        return Fault(type(error).__name__), b"", b""
    if reading is None:
        return None, b"", b""
    text, archive = reading.projected.text, reading.projected.archive
    reading.projected.text = reading.projected.archive = b""  # the large parts travel unpickled
    return reading, text, archive


def main(*_: Any) -> None:
    """Until the parent closes its end or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what a Ctrl-C ends
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
