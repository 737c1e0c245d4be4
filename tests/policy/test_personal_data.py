"""After runs under Airflow, good and broken off, nothing that people pass around holds a person or a secret."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.postgres import SUPERUSER
from sandbox.stack import PROJECT_DIR, Stack
from tests.stack_runs import FIRST_DAY, airflow_client, run_alone

pytestmark = pytest.mark.timeout(900)
IDENTITY = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9]{18}|[0-9]{16})(?![0-9A-Za-z])")
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
NAME = re.compile(rb'"(?:nama|name)":"([^"]+ [^"]+ [^"]+)"')
AIRFLOW_TABLES = ("xcom", "rendered_task_instance_fields", "asset_event", "log", "dag_run", "task_instance_note")
# A statement of the database that fails and quotes a person, as a broken constraint does.
LEAK = """
    create function alerts.leak() returns boolean language plpgsql security definer as $$
    begin
        raise unique_violation using message = (select nama || ' ' || nip_baru from raw_bkn.data_utama limit 1),
            detail = (select format('Key (nip)=(%%s) already exists.', nip_baru) from raw_bkn.data_utama limit 1);
    end $$;
    alter table alerts.digest rename to digest_kept;
    create view alerts.digest as select * from alerts.digest_kept where (select alerts.leak());
    grant select, insert, update on alerts.digest to alerts;
""".replace("%%", "%")
MEND = "drop view alerts.digest; alter table alerts.digest_kept rename to digest; drop function alerts.leak()"


def _bodies(stack: Stack) -> Iterator[bytes]:
    connection = sqlite3.connect(stack.world / "world.sqlite")
    tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
    for table in tables:
        for row in connection.execute(f"select * from {table}"):  # noqa: S608
            yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def served_identities(stack: Stack) -> set[bytes]:
    """Every NIP and NIK of the synthetic world."""
    return {found for body in _bodies(stack) for found in IDENTITY.findall(body)}


def served_names(stack: Stack) -> set[bytes]:
    """Names of three words or more that do not happen to stand in the project's own files (examples, unit tests)."""
    people = {name for body in _bodies(stack) if body.startswith((b"{", b"[")) for name in NAME.findall(body)}
    own = b"\n".join(path.read_bytes() for path in (PROJECT_DIR / "dbt_project").rglob("*.yml"))
    places = re.compile(
        rb"(?i)badan|kementerian|dinas|pemerintah|provinsi|kota |kabupaten|kantor|lembaga|universitas|bps"
    )
    return {name for name in people if name not in own and not places.search(name) and not re.search(rb"[0-9/]", name)}


def secrets(stack: Stack) -> set[bytes]:
    """Every generated password and key."""
    passwords = {path.read_bytes() for path in (stack.home / "postgres").glob("password.*")}
    return passwords | {value.encode() for value in stack.secrets.values()}


def hits(content: bytes, stack_people: tuple[set[bytes], set[bytes], set[bytes]]) -> set[str]:
    """Which kinds of thing are in ``content`` that must not be."""
    identities, names, secret = stack_people
    found = {"identity"} if identities.intersection(IDENTITY.findall(content)) else set()
    found |= {"name"} if any(name in content for name in names) else set()
    found |= {"secret"} if TOKEN.search(content) or any(value in content for value in secret) else set()
    return found


def artefacts(stack: Stack) -> Iterator[Path]:
    """Logs, dbt results, data docs, mails: everything but the warehouse's own storage and the synthetic world."""
    for folder in ("airflow", "state", "mail", "logs"):
        yield from (
            path for path in (stack.home / folder).rglob("*") if path.is_file() and path.name != "passwords.json"
        )
    yield stack.postgres.data_dir / "server.log"


@pytest.fixture(scope="module")
def known(stack: Stack, first_run: dict[str, Any]) -> tuple[set[bytes], set[bytes], set[bytes]]:
    return served_identities(stack), served_names(stack), secrets(stack)


@pytest.fixture(scope="module")
def broken_off(stack: Stack, first_run: dict[str, Any]) -> str:
    """A task breaks off on a statement whose refusal quotes a person; what its log says."""
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER), autocommit=True) as connection:
        connection.execute(LEAK)
        try:
            assert run_alone(stack, "notify_liaison", FIRST_DAY + timedelta(days=40)) == "failed"
        finally:
            connection.execute(MEND)
    run_id = airflow_client(stack).latest_run_id("notify_liaison")
    logs = (stack.home / "airflow" / "logs").rglob(f"*{run_id}*/**/*.log")
    return "\n".join(path.read_text() for path in logs)


def test_the_search_can_fail(known: tuple[set[bytes], set[bytes], set[bytes]]) -> None:
    identities, names, secret = known
    assert len(identities) > 150
    assert len(names) > 20
    assert len(secret) > 8
    for text in (next(iter(identities)), next(iter(names)), next(iter(secret)), b"eyJhbGciOiJub25l.eyJzdWIiOiJ4eHh4"):
        assert hits(b"x " + text + b" y", known)
    assert hits(b"x y", known) == set()


def test_no_artefact_holds_a_person_or_a_secret(stack: Stack, broken_off: str, known: Any) -> None:
    seen, found = 0, {}
    for path in artefacts(stack):
        seen += 1
        if kinds := hits(path.read_bytes(), known):
            found[str(path.relative_to(stack.home) if path.is_relative_to(stack.home) else path.name)] = kinds
    assert found == {}
    assert seen > 50


def test_a_task_that_breaks_off_says_why_without_the_value(broken_off: str) -> None:
    assert "UnexpectedFailure: notify_liaison broke off: UniqueViolation at padan/alerts/" in broken_off


def test_no_task_result_holds_a_person_or_a_secret(stack: Stack, broken_off: str, known: Any) -> None:
    with psycopg.connect(stack.postgres.url("airflow", SUPERUSER)) as connection:
        for table in AIRFLOW_TABLES:
            rows = connection.execute(f"select t::text from {table} as t").fetchall()  # type: ignore[arg-type]
            assert hits("\n".join(row[0] for row in rows).encode(), known) == set(), table


def test_secrets_and_the_archive_are_their_owners_alone(stack: Stack, first_run: dict[str, Any]) -> None:
    home = stack.home
    private = [home / name for name in ("secrets.json", "padan.env", "airflow/passwords.json")]
    private += [*(home / "postgres").glob("password.*"), *(home / "certificates").glob("*.key")]
    private += [path for path in (home / "archive").rglob("*") if path.is_file()]
    assert len(private) > 20
    assert [path.name for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert json.loads((home / "secrets.json").read_text())["padan_secret_key"]
