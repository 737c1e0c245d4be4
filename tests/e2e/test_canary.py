"""Canaries: unmistakable people and secrets go in, everything goes right and then wrong, and none is found outside.

The agencies of a small world serve people whose every name holds a canary; each failure path is walked through the
`padan` command. Then whatever anybody could read is searched for their names, NIPs and NIKs and for every password and
token: output, logs, dbt's and Great Expectations' artefacts, both documentations, mails, file names, the archive, the
PostgreSQL server's log, and the tables that hold messages. What Airflow keeps is searched in tests/policy.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
import requests
import yaml

from sandbox.postgres import SUPERUSER, free_port
from sandbox.stack import PROJECT_DIR, Stack
from tests.stack_runs import fault

pytestmark = pytest.mark.timeout(900)
DAY = date(2031, 3, 3)
NAME = "Zzkenari"
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
IDENTITY = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9]{18}|[0-9]{16})(?![0-9A-Za-z])")
OPERATOR_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkiLCJleHAiOjE5MDAwMDAwMDB9.Y2FuYXJ5"  # pragma: allowlist secret
# Tables whose text people and monitors read; raw, staging, quarantine and the worklist hold people by their nature.
MESSAGES = (
    "landing.exchange_log", "landing.extract", "landing.extract_dataset", "landing.exchange_seal",
    "quality.verdict", "alerts.digest", "alerts.letter", "ledger.run",
)  # fmt: skip
ONCE = {"COLUMNS": "2000", "PADAN_SIASN_RETRIES": "0", "PADAN_JF_RETRIES": "0", "PADAN_SIASN_READ_TIMEOUT": "2"}
# What the agencies do wrong: service, kind, path, options.
FAULTS: list[tuple[str, str, str, dict[str, object]]] = [
    ("jf", "refused_login", "/oauth2/token", {}),
    ("jf", "html", "/holders", {}),
    ("jf", "truncated_json", "/holders", {}),
    ("jf", "renamed_field", "/holders", {"field": "name"}),
    ("jf", "unavailable", "/holders", {}),
    ("jf", "connection_reset", "/holders", {}),
    ("jf", "wrong_type", "/holders", {"field": "nip", "rows": 500}),
    ("siasn", "xml_fault", "/rw-jabatan/", {}),
    ("siasn", "expired_operator_token", "/data-utama/", {}),
    ("siasn", "sso_mismatch", "/data-utama/", {}),
    ("siasn", "html", "/data-utama/", {}),
    ("siasn", "truncated_json", "/data-utama/", {}),
    ("siasn", "wrong_type", "/data-utama/", {"field": "nipBaru"}),
    ("siasn", "renamed_field", "/data-utama/", {"field": "nama"}),
]
LAND = {"jf": "land-bps-lists", "siasn": "land-bkn-people"}
OPEN = {"jf": ("open-bps",), "siasn": ("open-bkn", "land-bkn-reference", "land-bkn-roster")}
PARTY = {"jf": "bps", "siasn": "bkn"}


class Canary(Stack):
    """The one-machine stack without Airflow, over a world whose people carry canaries."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, people=120)
        self.output = home / "output"
        self.missed: list[str] = []
        """Failure paths that did not fail as they should."""

    def _programs(self) -> dict[str, list[str]]:
        return {name: command for name, command in super()._programs().items() if name in ("siasn", "jf", "mail")}

    def _migrate_airflow(self) -> None:
        return None

    def build_world(self, day: int | None = None) -> None:
        super().build_world(day)
        plant(self.world)

    def _wait_until_ready(self, seconds: float = 120) -> None:
        bundle = str(self.home / "certificates" / "ca.pem")
        for service in ("siasn", "jf"):
            for _ in range(100):
                try:
                    url = f"https://127.0.0.1:{self.ports[service]}/_sandbox/health"
                    requests.get(url, verify=bundle, timeout=5).raise_for_status()
                    break
                except requests.RequestException:
                    time.sleep(0.2)

    def say(self, *words: str, **changes: str) -> int:
        """Run `padan WORDS` for the day; keep what it says."""
        self.output.mkdir(exist_ok=True)
        with (self.output / f"{len(list(self.output.iterdir())):03d}-{words[0]}.txt").open("w") as file:
            return subprocess.run(
                [sys.executable, "-m", "padan", *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                cwd=PROJECT_DIR, env={**self.environment(), **ONCE, **changes}, check=False,
            ).returncode  # fmt: skip

    def step(self, name: str, days: int = 0, **changes: str) -> int:
        """One step on a day after the first."""
        return self.say(name, "--as-of", (DAY + timedelta(days=days)).isoformat(), **changes)

    def expect(self, failed: bool, what: str) -> None:
        """Note a failure path that was not walked; all of them are told at once."""
        if not failed:
            self.missed.append(f"{what}: {self.said()[-400:]}")

    def said(self) -> str:
        """What the latest command said."""
        return max(self.output.iterdir()).read_text()


def plant(world: Path) -> None:
    """Put the canary into every name that either agency serves."""
    connection = sqlite3.connect(world / "world.sqlite")
    for table, wanted, field in (("siasn_person", "data_utama", "nama"), ("jf_row", "holders", "name")):
        pattern = re.compile(rf'("{field}":")([^"]*")'.encode())
        key = "nip" if table == "siasn_person" else "key"
        rows = connection.execute(f"select {key}, body from {table} where dataset = ?", (wanted,)).fetchall()
        for identity, body in rows:
            new = pattern.sub(rf"\1{NAME} \2".encode(), body)
            connection.execute(f"update {table} set body = ? where dataset = ? and {key} = ?", (new, wanted, identity))
    connection.commit()
    for path in (world / "portal_export").glob("*.csv"):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "nama": f"{NAME} {row['nama']}"} for row in rows)


@contextmanager
def spoiled(stack: Stack, *statements: str, undo: str) -> Iterator[None]:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        try:
            yield
        finally:
            connection.execute(undo.encode())


def project_with_leaks(home: Path) -> Path:
    """A copy of the project: a dbt test that fails, one that the database refuses, an expectation that cannot hold."""
    copy = home / "project"
    for name in ("dbt_project", "expectations"):
        shutil.copytree(PROJECT_DIR / name, copy / name, ignore=shutil.ignore_patterns("target", "logs"))
    tests = copy / "dbt_project" / "tests"
    (tests / "canary_fails.sql").write_text("select name, nip_bps from {{ ref('stg_bps__holders') }}\n")
    (tests / "canary_breaks.sql").write_text(
        "select nip_bps from {{ ref('stg_bps__holders') }} where name::integer > 0\n"
    )
    suite = copy / "expectations" / "staging_bps_holders.yaml"
    content = yaml.safe_load(suite.read_text())
    content["expectations"].append(
        {
            "id": "canary", "type": "expect_column_values_to_match_regex", "severity": "critical",
            "kwargs": {"column": "name", "regex": "^never$"}, "owner": "data-engineering",
            "reason": "Planted to fail on every name.",
        }
    )  # fmt: skip
    suite.write_text(yaml.safe_dump(content))
    index = yaml.safe_load((copy / "expectations" / "index.yaml").read_text())
    index["staging"]["staging_bps_holders"].append("canary")
    (copy / "expectations" / "index.yaml").write_text(yaml.safe_dump(index))
    return copy


def is_open(stack: Canary, party: str, day: date) -> bool:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        found = connection.execute(
            "select 1 from landing.extract where party = %s and state = 'open' and as_of = %s", (party, day)
        )
        return found.fetchone() is not None


def go_wrong_at_the_agencies(stack: Canary) -> None:
    """Each fault stops landing, or is quarantined so much that publication stops."""
    days = 0
    for service, kind, path, options in FAULTS:
        party = PARTY[service]
        if not is_open(stack, party, DAY + timedelta(days=days)):
            days += 1
            for step in OPEN[service]:
                assert stack.step(step, days) == 0, stack.said()
        changes = {"PADAN_SIASN_SSO_TOKEN": OPERATOR_TOKEN, "PADAN_SIASN_SSO_USERNAME": ""} if "token" in kind else {}
        with fault(stack, service, kind, path, **options):
            stopped = stack.step(LAND[service], days, **changes) or stack.step(f"publish-{party}", days)
        stack.expect(stopped == 1 or quarantined(stack, party, DAY + timedelta(days=days)), kind)


def quarantined(stack: Canary, party: str, day: date) -> bool:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        found = connection.execute("select 1 from landing.quarantine where party = %s and as_of = %s", (party, day))
        return found.fetchone() is not None


def go_wrong_in_the_warehouse(stack: Canary) -> None:
    last = len(FAULTS) + 1
    for before in ("open-bps", "land-bps-lists"):
        assert stack.step(before, last) == 0, stack.said()
    # a constraint that the merge breaks, and one that nothing of ours expects
    with spoiled(
        stack,
        "update raw_bps.holders set name = name || 'x', _row_hash = 'x'",  # so that the merge has something to mend
        "alter table raw_bps.holders add constraint canary check (name like '%x') not valid",
        undo="alter table raw_bps.holders drop constraint canary",
    ):
        stack.expect(stack.step("publish-bps", last) == 1 and "CheckViolation" in stack.said(), "constraint")
    with spoiled(
        stack,
        "create function canary() returns trigger language plpgsql security definer as "
        f"$$ begin raise unique_violation using message = '{NAME}', detail = 'Key (nip)=(' || "
        "(select nip_bps from raw_bps.holders limit 1) || ') already exists.'; end $$",
        "create trigger canary before insert on ledger.run for each row execute function canary()",
        undo="drop trigger canary on ledger.run",
    ):
        stack.expect(stack.step("update-ledger", last) == 1 and "UniqueViolation" in stack.said(), "trigger")
    leaking = {"PADAN_PROJECT_DIR": str(project_with_leaks(stack.home))}
    failed = stack.step("build-staging", last, **leaking) == 1
    named = set(re.findall(r"canary_\w+ \(\w+\)", stack.said()))
    stack.expect(failed and named >= {"canary_fails (fail)", "canary_breaks (error)"}, "dbt")
    stack.expect(stack.step("check-staging", last, **leaking) == 1 and "holders.canary" in stack.said(), "expectation")


def go_wrong_elsewhere(stack: Canary) -> None:
    last = len(FAULTS) + 2
    refused = {"PADAN_SMTP_PORT": str(free_port()), "PADAN_AGREEMENT_FILE": str(expired_agreement(stack.home))}
    stack.expect(stack.step("open-bps", last, **refused) == 1 and "could not be told yet" in stack.said(), "smtp")
    for database in (
        "postgresql://padan:canary-wrong-password@127.0.0.1:{}/padan?sslmode=require",
        "postgresql://padan:x@127.0.0.1:1/p",
    ):
        url = database.format(stack.postgres.port)
        stack.expect(stack.step("open-bps", last, PADAN_DATABASE_URL=url) == 1, "database")
    for path in (stack.world / "portal_export").glob("*.csv"):
        path.write_bytes(path.read_bytes() + f'"{NAME}\0,\xff'.encode("latin-1"))
    stack.step("open-bkn", last), stack.step("land-bkn-reference", last), stack.step("land-bkn-roster", last)
    crash(stack, last)


def crash(stack: Canary, days: int) -> None:
    """Kill a step while it asks for people, then interrupt one."""
    for ending in (signal.SIGKILL, signal.SIGINT):
        with (
            fault(stack, "siasn", "slow", "/data-utama/", seconds=1),
            (stack.output / f"900-{ending}.txt").open("w") as o,
        ):
            words = [sys.executable, "-m", "padan", "land-bkn-people", "--as-of", str(DAY + timedelta(days=days))]
            process = subprocess.Popen(words, stdout=o, stderr=o, cwd=PROJECT_DIR, env={**stack.environment(), **ONCE})
            time.sleep(3)
            process.send_signal(ending)
            process.wait(20)


def expired_agreement(home: Path) -> Path:
    for path in (PROJECT_DIR / "agreement").glob("*.yaml"):
        shutil.copy(path, home)
    path = home / "sandbox.yaml"
    path.write_text(re.sub(r"end: 2099-12-31", "end: 2030-12-31", path.read_text()))
    return path


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """Everything has gone right once and wrong in every way."""
    stack = Canary(tmp_path_factory.mktemp("canary"))
    try:
        stack.up(lambda _: None)
        assert stack.say("run", "--as-of", DAY.isoformat()) == 0, stack.said()
        go_wrong_at_the_agencies(stack)
        go_wrong_in_the_warehouse(stack)
        go_wrong_elsewhere(stack)
        yield stack
    finally:
        stack.clean()


def identities(stack: Canary) -> set[bytes]:
    connection = sqlite3.connect(stack.world / "world.sqlite")
    bodies = [row[0] for table in ("siasn_person", "jf_row") for row in connection.execute(f"select body from {table}")]
    return {found for body in bodies for found in IDENTITY.findall(body)}


def secrets(stack: Canary) -> set[bytes]:
    """Every password and token of the stack."""
    passwords = {path.read_bytes() for path in (stack.home / "postgres").glob("password.*")}
    values = [value for value in stack.secrets.values() if len(value) > 12]
    return passwords | {value.encode() for value in values} | {OPERATOR_TOKEN.encode(), b"canary-wrong-password"}


def artefacts(stack: Canary) -> Iterator[tuple[str, bytes]]:
    for folder in ("state", "mail", "logs", "output", "archive"):
        for path in sorted((stack.home / folder).rglob("*")):
            name = str(path.relative_to(stack.home))
            yield f"name of {name}", name.encode()
            if path.is_file():
                yield name, path.read_bytes()
    yield "server.log", (stack.postgres.data_dir / "server.log").read_bytes()
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        for table in MESSAGES:
            rows = connection.execute(f"select t::text from {table} as t").fetchall()  # type: ignore[arg-type]
            yield table, "\n".join(row[0] for row in rows).encode()


def hits(content: bytes, people: set[bytes], secret: set[bytes]) -> set[str]:
    """Which kinds of canary are in ``content``."""
    found = {"name"} if NAME.lower().encode() in content.lower() else set()
    found |= {"identity"} if people.intersection(IDENTITY.findall(content)) else set()
    found |= {"secret"} if any(value in content for value in secret) or TOKEN.search(content) else set()
    return found


def test_no_canary_is_found_anywhere(canary: Canary) -> None:
    people, secret = identities(canary), secrets(canary)
    searched, found = [], {}
    for name, content in artefacts(canary):
        searched.append(name)
        if kinds := hits(content, people, secret):
            found[name] = kinds
    assert found == {}
    for needed in ("run_results.json", "manifest.json", "console.log", ".eml", "data_docs/index.html", "dbt_docs",
                   "server.log", "supervisord.log", ".aes", "land-bkn-people", "quality.verdict"):  # fmt: skip
        assert any(needed in name for name in searched), needed


def test_every_failure_path_was_walked(canary: Canary) -> None:
    assert canary.missed == [], "\n\n".join(canary.missed)


def test_the_canaries_were_there_to_be_found(canary: Canary) -> None:
    assert len(identities(canary)) > 100
    with psycopg.connect(canary.postgres.url("padan", SUPERUSER)) as connection:
        row = connection.execute("select count(*) from raw_bps.holders where name like %s", (f"{NAME}%",)).fetchone()
    assert row is not None
    assert row[0] > 40


def test_the_search_finds_a_planted_leak(canary: Canary) -> None:
    people, secret = identities(canary), secrets(canary)
    nip = next(iter(people)).decode()
    leaks = {
        "state/leak.json": json.dumps({"message": f"Key (nip)=({nip}) already exists."}),
        "logs/leak.log": f"holder {NAME.upper()}",
        "output/leak.txt": f"Bearer {OPERATOR_TOKEN}",
        f"mail/{nip}.eml": "",
    }
    for name, text in leaks.items():
        (canary.home / name).write_text(text)
    try:
        found = {name.removeprefix("name of ") for name, content in artefacts(canary) if hits(content, people, secret)}
    finally:
        for name in leaks:
            os.unlink(canary.home / name)
    assert found == set(leaks)
