"""What several policy tests read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def manifest(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's own reading of the project; needs no database."""
    target = tmp_path_factory.mktemp("dbt")
    project = str(project_dir / "dbt_project")
    names = ("HOST", "USER", "PASSWORD", "DATABASE")
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "dbt"), "parse", "--project-dir", project, "--profiles-dir", project),
            *("--target-path", str(target), "--log-path", str(target), "--vars", "{as_of: 2026-01-05}"),
        ],
        env={**os.environ, **{f"PADAN_PG{name}": "unused" for name in names}, "PADAN_PGPORT": "1"},
        check=True,
        capture_output=True,
    )
    loaded = json.loads((target / "manifest.json").read_text())
    assert isinstance(loaded, dict)
    return loaded
