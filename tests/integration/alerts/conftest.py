"""A migrated warehouse with made marts, a real SMTP server, and the settings for both."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from padan.agreement import Agreement, load_agreement
from padan.settings import Settings, SmtpSettings
from padan.warehouse.migrations import migrate
from sandbox.mail import Mailbox, smtp_server
from sandbox.postgres import free_port
from tests.integration.alerts.world import DAY_ONE, publish

EMPTY_LEDGER = """
    alter table ledger.event disable trigger append_only;
    truncate ledger.event, ledger.difference_case, ledger.run;
    alter table ledger.event enable trigger append_only;
"""


@pytest.fixture(scope="module")
def agreement(project_dir: Path) -> Agreement:
    return load_agreement(project_dir / "agreement" / "sandbox.yaml")


@pytest.fixture(scope="module")
def warehouse_url(database_url: str, project_dir: Path) -> str:
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            create schema reference;
            create table reference.attribute_registry (attribute text primary key, authority text, label_id text);
            create schema marts_reconciliation;
            create table marts_reconciliation.fct_differences (
                case_id text primary key, attribute text, severity text, owner_party text, instansi_name text,
                value_fingerprint text, verdict text default 'modified', instansi_id text default 'X'
            );
            create table marts_reconciliation.rpt_data_quality_index (
                instansi_id text, jf_group text, instansi_name text, people bigint, findings bigint,
                quality_index numeric(6, 2)
            );
            create table marts_reconciliation.fct_findings (side text, dataset text, rule text);
            grant usage on schema reference, marts_reconciliation to alerts;
            grant select on all tables in schema reference, marts_reconciliation to alerts
            """
        )
        with (project_dir / "dbt_project" / "seeds" / "attribute_registry.csv").open() as file:
            rows = [(row["attribute"], row["authority"], row["label_id"]) for row in csv.DictReader(file)]
        with connection.cursor() as cursor:
            cursor.executemany("insert into reference.attribute_registry values (%s, %s, %s)", rows)
    return database_url


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(warehouse_url, autocommit=True)) as connection:
        connection.execute(
            """
            truncate
                alerts.announced_case, alerts.digest, alerts.escalation, alerts.snooze, alerts.run,
                alerts.watch_problem, alerts.watch_count, quality.verdict, marts_reconciliation.fct_findings,
                marts_reconciliation.fct_differences, marts_reconciliation.rpt_data_quality_index
            """
        )
        connection.execute(EMPTY_LEDGER)
        connection.execute("delete from landing.extract")
        for party in ("bkn", "bps"):
            publish(connection, party, DAY_ONE)
        yield connection


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[SmtpSettings]:
    server = smtp_server(mailbox, free_port())
    server.start()
    yield SmtpSettings(host="127.0.0.1", port=server.port, sender="Padan <padan@padan.invalid>", timeout=5)
    server.stop()


@pytest.fixture
def settings(warehouse_url: str, tmp_path: Path, project_dir: Path) -> Settings:
    return Settings(
        database_url=SecretStr(warehouse_url),
        agreement_file=project_dir / "agreement" / "sandbox.yaml",
        state_dir=tmp_path,
        archive_dir=tmp_path,
        secret_key=SecretStr("synthetic " * 4),
        portal_export_dir=tmp_path,
        project_dir=project_dir,
    )
