"""One measured run is one process, so that its peak of memory is its own and nothing is warm from the run before."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

PROJECT = Path(__file__).resolve().parent.parent
Job = dict[str, Any]
Figures = dict[str, Any]


class RunFailed(Exception):
    """A contestant did not do what it was to do."""


def run(command: list[str | Path], job: Job) -> Figures:
    """Start a contestant, hand it its job on standard input (it holds a password), return the figures that it prints.

    Raises:
        RunFailed: with the last lines that it wrote.
    """
    done = subprocess.run(
        list(map(str, command)), input=json.dumps(job), text=True, capture_output=True, check=False, cwd=PROJECT
    )
    if done.returncode:
        raise RunFailed(f"{command[-1]} failed:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def run_module(name: str, job: Job) -> Figures:
    """Like :func:`run`, for a module of ours in this environment."""
    return run([sys.executable, "-m", name], job)


def serve(measure: Callable[[Job], Figures]) -> None:
    """The other end: job from standard input, figures and peak of memory (bytes) to standard output.

    The peak is that of the largest process: its own, or one that it started and that has ended.
    """
    figures = measure(json.load(sys.stdin))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures["children_cpu"] = children.ru_utime + children.ru_stime
    figures["peak_bytes"] = max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    print(json.dumps(figures))


def _own_peak() -> int:
    """Bytes; what getrusage says of a process itself holds the peak of whoever started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def checkpoint(job: Job) -> None:
    """Let the server write out what earlier work left, so that nobody pays for somebody else."""
    with psycopg.connect(job["admin_url"], autocommit=True) as connection:
        connection.execute("checkpoint")


@contextmanager
def clocked(figures: Figures) -> Iterator[None]:
    """Put the wall time and the CPU time of the block, in seconds, into ``figures``."""
    began, worked = time.perf_counter(), time.process_time()
    yield
    figures["seconds"] = time.perf_counter() - began
    figures["cpu_seconds"] = time.process_time() - worked
