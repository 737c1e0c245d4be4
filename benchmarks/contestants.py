"""Who is measured, and how often: rounds in which everybody runs once, so that a drifting machine is fair to all."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import contestant
from benchmarks.contestant import Figures, RunFailed, run, run_module
from benchmarks.people import people_for
from sandbox.postgres import SUPERUSER, EmbeddedPostgres

Progress = Callable[[str], None]
PEERS = Path(__file__).resolve().parent / "peers"
DATABASE = "padan_bench"
ALLOWED_RATE = 50.0  # requests a second
FAR_AWAY_MS = 100  # an agency's answer does not come at once; with eight workers 80 answers a second remain possible
UNBOUNDED_RATE = 1000.0  # about what one process manages; only decides how many people are asked

FLOOR, PADAN, DLT, DLT_TUNED = "plain COPY", "Padan", "dlt", "dlt, tuned"
BOUNDED, UNBOUNDED = "bounded", "unbounded"
_DLT_VARIANTS: dict[str, tuple[str | None, dict[str, str]]] = {
    DLT: (None, {}),
    DLT_TUNED: ("csv", {"NORMALIZE__WORKERS": "2", "DATA_WRITER__FILE_MAX_ITEMS": "20000"}),
}


@dataclass(frozen=True)
class Plan:
    """What to measure. ``seconds``: how long the fetch at the allowed rate is to last."""

    rows: int
    page_size: int
    rounds: int
    seconds: float
    dlt: bool


@dataclass(frozen=True)
class Arena:
    """Where it happens: a PostgreSQL server, a folder, the page server."""

    server: EmbeddedPostgres
    directory: Path
    server_url: str
    page_size: int

    @property
    def admin_url(self) -> str:
        """For checkpoints and databases, which their owner may not make."""
        return self.server.url("postgres", SUPERUSER)

    def fresh_database(self) -> str:
        """The URL of a database with nothing in it; the one before is gone."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"drop database if exists {DATABASE} with (force)")
        return self.server.ensure_database(DATABASE, inherits=True)

    def job(self, database_url: str, **more: object) -> contestant.Job:
        """A job for a contestant; its folder is emptied."""
        work = self.directory / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        return {
            "server_url": self.server_url,
            "page_size": self.page_size,
            "database_url": database_url,
            "admin_url": self.admin_url,
            "directory": str(work),
            **more,
        }


def landing_rounds(arena: Arena, plan: Plan, progress: Progress) -> list[dict[str, Figures]]:
    """The figures of each contestant, round by round.

    Raises:
        RunFailed: a contestant failed, or did not store as many rows as there are.
    """
    staged = arena.directory / "staged.copy"
    progress("warm-up, and the bytes for the floor")
    _checked(
        plan,
        "warm-up",
        run_module("benchmarks.landing", arena.job(arena.fresh_database(), copy_to=str(staged))),
    )
    python = peer_environment(arena.directory, progress) if plan.dlt else None
    try:
        return [_round(arena, plan, number, staged, python, progress) for number in range(1, plan.rounds + 1)]
    finally:
        staged.unlink()


def _round(
    arena: Arena, plan: Plan, number: int, staged: Path, python: Path | None, progress: Progress
) -> dict[str, Figures]:
    done: dict[str, Figures] = {}

    def enter(name: str, figures: Figures) -> None:
        done[name] = _checked(plan, name, figures)
        progress(f"round {number}: {name}: {figures['rows'] / figures['seconds']:,.0f} rows/s")

    enter(FLOOR, run_module("benchmarks.floor", arena.job(arena.fresh_database(), copy_from=str(staged))))
    enter(PADAN, run_module("benchmarks.landing", arena.job(arena.fresh_database())))
    if python:
        for name, (file_format, configuration) in _DLT_VARIANTS.items():
            job = arena.job(arena.fresh_database(), file_format=file_format, configuration=configuration)
            contestant.checkpoint(job)
            enter(name, run([python, PEERS / "dlt_holders.py"], job))
    return done


def people_rounds(arena: Arena, plan: Plan, progress: Progress) -> list[dict[str, Figures]]:
    """The per-person fetch, round by round: at the allowed rate from far away, and without a bound from nearby."""
    rounds = []
    for number in range(1, plan.rounds + 1):
        bounded = arena.job("", rate=ALLOWED_RATE, people=people_for(ALLOWED_RATE, plan.seconds), delay_ms=FAR_AWAY_MS)
        unbounded = arena.job("", rate=None, people=people_for(UNBOUNDED_RATE, plan.seconds / 4), delay_ms=0)
        done = {
            BOUNDED: run_module("benchmarks.people", bounded),
            UNBOUNDED: run_module("benchmarks.people", unbounded),
        }
        progress(f"round {number}: per-person fetch: {done[BOUNDED]['per_second']:.2f} of {ALLOWED_RATE:g} a second")
        rounds.append(done)
    return rounds


def peer_environment(directory: Path, progress: Progress, peer: str = "dlt") -> Path:
    """The Python of an environment that holds the locked peer and nothing of ours; made anew when the lock changes."""
    environment, lock = directory / f"{peer}-environment", PEERS / f"{peer}.lock"
    digest, mark = hashlib.sha256(lock.read_bytes()).hexdigest(), directory / f"{peer}-environment.sha256"
    python = environment / "bin" / "python"
    if python.exists() and mark.exists() and mark.read_text() == digest:
        return python
    progress(f"installing {peer} into an environment of its own (once)")
    mark.unlink(missing_ok=True)
    uv = Path(sys.executable).parent / "uv"
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment],
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--requirement", lock],
    ):
        subprocess.run(list(map(str, command)), check=True, stdin=subprocess.DEVNULL)
    mark.write_text(digest)
    return python


def _checked(plan: Plan, name: str, figures: Figures) -> Figures:
    if figures["rows"] != plan.rows:
        raise RunFailed(f"{name} stored {figures['rows']} rows of {plan.rows}")
    return figures
