"""DAG files that cannot be imported: each is run by an interpreter of its own, as Airflow's DAG processor would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 120
# Airflow itself is imported once for all of them. The text of an error is not told: it may quote a setting.
_IMPORT = """
import json, pathlib, runpy, sys, traceback
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
broken = []
for path in sorted(folder.glob("*.py")):
    try:
        runpy.run_path(str(path), run_name=path.stem)
    except BaseException as error:
        if isinstance(error, SyntaxError) and error.filename:
            file, line = error.filename, error.lineno
        else:
            frames = [one for one in traceback.extract_tb(error.__traceback__) if str(folder) in one.filename]
            file, line = (frames[-1].filename, frames[-1].lineno) if frames else (str(path), None)
        name = getattr(error, "name", None)
        broken.append([path.name, type(error).__name__, name if isinstance(name, str) else None,
                       pathlib.Path(file).name, line])
print("\\n" + json.dumps(broken))
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """A DAG file that cannot be imported, and why."""

    file: str
    why: str


def broken(dags_dir: Path) -> tuple[Broken, ...]:
    """The DAG files of a folder that cannot be imported: a syntax error, a missing module, a name that is not there."""
    path = os.pathsep.join([str(dags_dir.parent / "plugins"), os.environ.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT, str(dags_dir)], env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return (Broken("*.py", f"importing them took longer than {_SECONDS} s"),)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return (Broken("*.py", f"importing them ended the interpreter (exit code {done.returncode})"),)
    return tuple(
        Broken(file, f"{kind}{f' ({name})' if name else ''} in {where}{f', line {line}' if line else ''}")
        for file, kind, name, where, line in json.loads(lines[-1])
    )
