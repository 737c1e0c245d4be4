"""After a whole run no artefact that people pass around holds a NIP, a NIK or a token (PKS article 9)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.stack import Stack

pytestmark = pytest.mark.timeout(900)
IDENTITY = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9]{18}|[0-9]{16})(?![0-9A-Za-z])")
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")


def served_identities(stack: Stack) -> set[bytes]:
    """Every NIP and NIK of the synthetic world."""
    found: set[bytes] = set()
    connection = sqlite3.connect(stack.world / "world.sqlite")
    tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
    for table in tables:
        for row in connection.execute(f"select * from {table}"):  # noqa: S608
            for value in row:
                text = value if isinstance(value, bytes) else str(value).encode()
                found.update(IDENTITY.findall(text))
    return found


def artefacts(stack: Stack) -> Iterator[Path]:
    """Logs, dbt results, data docs, mails: everything but the warehouse's own storage and the synthetic world."""
    for folder in ("airflow", "state", "mail", "logs"):
        yield from (
            path for path in (stack.home / folder).rglob("*") if path.is_file() and path.name != "passwords.json"
        )
    yield stack.postgres.data_dir / "server.log"


def test_the_search_can_fail(stack: Stack, first_run: dict[str, Any]) -> None:
    assert len(served_identities(stack)) > 150
    assert IDENTITY.search(b"x 199001012015031001 y")


def test_no_artefact_holds_an_identity_or_a_token(stack: Stack, first_run: dict[str, Any]) -> None:
    known = served_identities(stack)
    seen = 0
    hits = []
    for path in artefacts(stack):
        content = path.read_bytes()
        seen += 1
        if known.intersection(IDENTITY.findall(content)) or TOKEN.search(content):
            hits.append(str(path.relative_to(stack.home) if path.is_relative_to(stack.home) else path.name))
    assert seen > 50
    assert hits == []


def test_no_task_result_holds_an_identity(stack: Stack, first_run: dict[str, Any]) -> None:
    known = served_identities(stack)
    with psycopg.connect(stack.postgres.url("airflow")) as connection:
        for table in ("xcom", "rendered_task_instance_fields", "asset_event", "log"):
            rows = connection.execute(f"select t::text from {table} as t").fetchall()  # type: ignore[arg-type]
            text = "\n".join(row[0] for row in rows).encode()
            assert not known.intersection(IDENTITY.findall(text)), table
