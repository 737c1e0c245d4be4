"""Rooms import inward only (the contracts are in pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_import_contracts_hold(project_dir: Path) -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(program), "--no-cache"], cwd=project_dir, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_only_dags_import_airflow(project_dir: Path) -> None:
    for folder in ("plugins", "sandbox"):
        for path in (project_dir / folder).rglob("*.py"):
            lines = path.read_text().splitlines()
            assert not [line for line in lines if line.strip().startswith(("import airflow", "from airflow"))], path
