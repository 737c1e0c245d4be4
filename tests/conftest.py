"""Fixtures that every kind of test may use: one throw-away PostgreSQL server a worker, and one stack."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from xdist.scheduler import LoadFileScheduling

# A busy machine is no failure of what a property says.
hypothesis.settings.register_profile("padan", deadline=None)
hypothesis.settings.load_profile("padan")
PROJECT_DIR = Path(__file__).resolve().parent.parent
_serial = itertools.count(1)
STACK_PEOPLE = 150
OF_THE_STACK = frozenset(
    {
        "tests/dags/test_dag_runs.py",
        "tests/dags/test_daily_dags.py",
        "tests/e2e/test_command_roles.py",
        "tests/e2e/test_kills.py",
        "tests/e2e/test_sandbox_days.py",
        "tests/policy/test_personal_data.py",
    }
)
"""Files whose tests have the fixture ``stack``."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Workers (`make test`) take a file of tests at a time; all tests of the stack go to the one that starts it."""
    return _ByFileAndStack(config, log)


class _ByFileAndStack(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "stack" if file in OF_THE_STACK else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        file = item.nodeid.partition("::")[0]
        if "stack" in getattr(item, "fixturenames", ()) and file not in OF_THE_STACK:
            raise pytest.UsageError(f"{file} has the fixture `stack`: name it in OF_THE_STACK of tests/conftest.py")


@pytest.fixture(scope="session")
def project_dir() -> Path:
    return PROJECT_DIR


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    from sandbox.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def new_database(postgres_server: object) -> Callable[[], str]:
    """Make an empty database and return its owner's URL; for tests that need one to themselves."""

    def make() -> str:
        return postgres_server.ensure_database(  # type: ignore[attr-defined]
            f"padan_test_{next(_serial)}", inherits=True
        )

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    """An empty database that the tests of one module share."""
    return new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The whole one-machine stack with a small population, started as `make up` starts it; shared by dags and e2e."""
    from sandbox.stack import Stack

    stack = Stack(home=tmp_path_factory.mktemp("stack"), people=STACK_PEOPLE)
    stack.up(lambda _: None)
    yield stack
    stack.clean()


@pytest.fixture(scope="session")
def status_of() -> Callable[[object], dict[str, object]]:
    """The counts of `padan status` for a stack."""

    def collect(stack: object) -> dict[str, object]:
        from padan.flows import status

        with pytest.MonkeyPatch.context() as patch:
            for name, value in stack.padan_environment().items():  # type: ignore[attr-defined]
                patch.setenv(name, value)
            return status.collect()

    return collect


@pytest.fixture(scope="session")
def first_run(stack: object, status_of: Callable[[object], dict[str, object]]) -> dict[str, object]:
    """The pipeline run once by the real scheduler on FIRST_DAY; the counts that it left."""
    from tests.stack_runs import FIRST_DAY, run_dags

    failed = run_dags(stack, FIRST_DAY)  # type: ignore[arg-type]
    assert failed == []
    return status_of(stack)
