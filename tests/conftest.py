"""Fixtures that every kind of test may use: one throw-away PostgreSQL server per session, a fresh database per module."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

PROJECT_DIR = Path(__file__).resolve().parent.parent
_serial = itertools.count(1)


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
        return postgres_server.ensure_database(f"padan_test_{next(_serial)}")  # type: ignore[attr-defined]

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    """An empty database that the tests of one module share."""
    return new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as connection:
        yield connection
