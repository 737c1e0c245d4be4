"""The pipeline killed with SIGKILL at random moments and run again leaves the same warehouse as one left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from padan.warehouse.fingerprint import WarehouseHash, warehouse_hash
from sandbox.stack import Stack
from tests.stack_runs import FIRST_DAY

pytestmark = pytest.mark.timeout(1800)
KILLS = int(os.environ.get("PADAN_TEST_KILLS", "3"))  # ten were played for each release


class Pipeline:
    """`padan run` on a database and folders of its own, against the stack's services."""

    def __init__(self, stack: Stack, folder: Path, database_url: str) -> None:
        self.database_url = database_url
        self.folder = folder
        folder.mkdir()
        self.environment = {
            **os.environ,
            **stack.padan_environment(),
            "PADAN_DATABASE_URL": database_url,
            "PADAN_STATE_DIR": str(folder / "state"),
            "PADAN_ARCHIVE_DIR": str(folder / "archive"),
            "PADAN_ENV_FILE": "",
        }

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "run.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "padan", "run", "--as-of", FIRST_DAY.isoformat()],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that dbt dies with it
            )

    def finish(self) -> WarehouseHash:
        process = self.start()
        assert process.wait(600) == 0, (self.folder / "run.log").read_text()[-3000:]
        with psycopg.connect(self.database_url) as connection:
            return warehouse_hash(connection)


def test_killed_anywhere_and_run_again_gives_the_same_warehouse(
    stack: Stack, new_database: Callable[[], str], tmp_path: Path
) -> None:
    left_alone = Pipeline(stack, tmp_path / "alone", new_database())
    began = time.monotonic()
    expected = left_alone.finish()
    whole = time.monotonic() - began

    killed = Pipeline(stack, tmp_path / "killed", new_database())
    moments = random.Random(41)
    deaths = 0
    for _ in range(KILLS):
        process = killed.start()
        time.sleep(moments.uniform(0.1, 0.95) * whole)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            deaths += 1
        process.wait(60)
    found = killed.finish()
    print(f"\nkilled {deaths} of {KILLS} times within {whole:.0f} s")
    assert deaths > KILLS / 2
    assert found.relations == expected.relations
    assert found.combined == expected.combined
