"""A program of others that may not take the machine down: stopped when memory or patience runs out, with the reason."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import psutil

from benchmarks.contestant import PROJECT, Figures, Job

GIGA = 1e9
_INTERVAL = 0.05  # seconds; a process that fills 4 GB a second takes 0.2 GB between two looks
_FIRST_TO_GO = "1000"  # what the kernel kills before PostgreSQL, should memory end between two looks all the same


@dataclass(frozen=True)
class Bounds:
    """``spare``: bytes of memory that the machine keeps; ``seconds``: how long it may take."""

    spare: float = 2 * GIGA
    seconds: float = 3600


BOUNDS = Bounds()


class Stopped(Exception):
    """It did not come to its end; ``peak_bytes``: the most memory that it was seen with."""

    def __init__(self, reason: str, peak_bytes: int) -> None:
        super().__init__(reason)
        self.peak_bytes = peak_bytes


def run_bounded(
    command: list[str | Path], job: Job, bounds: Bounds, log: Path, environment: Mapping[str, str]
) -> Figures:
    """Like :func:`benchmarks.contestant.run`, within ``bounds``; what it writes on standard error goes to ``log``.

    Raises:
        Stopped: it failed, or was killed at a bound. The reason quotes nothing that it wrote: it may hold a password.
    """
    log.unlink(missing_ok=True)
    log.touch(mode=0o600)
    with log.open("w") as errors, tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=output, stderr=errors, text=True, cwd=PROJECT,
            start_new_session=True, env={**os.environ, **environment},
        )  # fmt: skip
        with suppress(BrokenPipeError), cast(IO[str], process.stdin) as told:
            told.write(json.dumps(job))
        peak = _watch(process, bounds)
        if process.returncode:
            raise Stopped(f"failed with exit code {process.returncode}; what it said is in {log.name}", peak)
        output.seek(0)
        figures: Figures = json.loads(output.read().splitlines()[-1])
    return figures | {"peak_bytes": max(peak, figures.get("peak_bytes", 0))}


def _watch(process: subprocess.Popen[str], bounds: Bounds) -> int:
    """Wait for its end; the most memory, in bytes, of it and its children."""
    with suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(_FIRST_TO_GO)
    began, peak = time.monotonic(), 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        left = psutil.virtual_memory().available
        reason = ""
        if left < bounds.spare:
            reason = f"memory did not suffice: it had {peak / GIGA:.1f} GB and {left / GIGA:.1f} GB were left"
        elif time.monotonic() - began > bounds.seconds:
            reason = f"not done after {bounds.seconds:,.0f} s"
        if reason:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Stopped(reason, peak)
        time.sleep(_INTERVAL)
    return peak


def _memory(pid: int) -> int:
    found = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                found += one.memory_info().rss
    return found
