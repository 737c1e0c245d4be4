"""A program of others is stopped when memory or patience runs out, and its children with it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmarks import bounded
from benchmarks.bounded import BOUNDS, GIGA, Bounds, Stopped, run_bounded

FILLS = "import json, sys; json.load(sys.stdin); kept = bytearray(80_000_000); "


def started(tmp_path: Path, program: str, bounds: Bounds = BOUNDS) -> dict[str, object]:
    script = tmp_path / "peer.py"
    script.write_text(program)
    return run_bounded([sys.executable, script], {"of": "a job"}, bounds, tmp_path / "peer.log", {"PGAPPNAME": "peer"})


def test_figures_come_with_the_memory_that_was_seen(tmp_path: Path) -> None:
    program = FILLS + "import time, os; time.sleep(0.5); print(json.dumps({'rows': 3, 'by': os.environ['PGAPPNAME']}))"
    figures = started(tmp_path, program)
    assert (figures["rows"], figures["by"]) == (3, "peer")
    assert 80e6 < float(str(figures["peak_bytes"])) < 1e9


def test_memory_that_does_not_suffice_stops_it_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "child"
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )

    def memory() -> SimpleNamespace:
        ready = mark.exists() and mark.read_text()
        return SimpleNamespace(available=1.9 * GIGA if ready else 9 * GIGA)

    monkeypatch.setattr(bounded.psutil, "virtual_memory", memory)
    with pytest.raises(Stopped, match=r"memory did not suffice: it had 0.\d GB and 1.9 GB were left") as stopped:
        started(tmp_path, program, Bounds(spare=2 * GIGA, seconds=60))
    assert stopped.value.peak_bytes > 1_000_000
    time.sleep(0.2)
    child = int(mark.read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_patience_ends(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="not done after 1 s"):
        started(tmp_path, "import time; time.sleep(5)", Bounds(spare=0, seconds=1))


def test_a_failure_tells_where_its_words_are_and_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(Stopped) as stopped:
        started(tmp_path, "import sys; sys.exit('the address of somebody, hidden')")
    assert str(stopped.value) == "failed with exit code 1; what it said is in peer.log"
    assert "hidden" in (tmp_path / "peer.log").read_text()
    assert (tmp_path / "peer.log").stat().st_mode & 0o077 == 0
