"""Digests against a real database and a real SMTP server: what is said, to whom, and never twice."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from padan.agreement import Agreement, load_agreement
from padan.alerts import notify, outbox
from padan.errors import AgreementNotInForce, AuthenticationError, SourceUnavailable, StepFailed
from padan.settings import Settings, SmtpSettings
from padan.warehouse.migrations import migrate
from sandbox.mail import Mailbox, smtp_server
from sandbox.postgres import free_port

DAY_ONE, DAY_TWO = date(2026, 11, 24), date(2026, 11, 25)
CANARY_NIP = "199001012015011007"


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
                value_fingerprint text
            )
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
            "truncate alerts.announced_case, alerts.digest, quality.verdict, marts_reconciliation.fct_differences"
        )
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


def publish(connection: psycopg.Connection, party: str, day: date) -> None:
    connection.execute(
        "insert into landing.extract (party, as_of, agreement_sha256, state) values (%s, %s, '', 'published')",
        (party, day),
    )


def differ(
    connection: psycopg.Connection,
    *case_ids: str,
    owner: str = "bps",
    attribute: str = "golongan",
    severity: str = "critical",
    agency: str | None = "Badan Pusat Statistik",
    fingerprint: str = "f",
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into marts_reconciliation.fct_differences values (%s, %s, %s, %s, %s, %s)",
            [(case_id, attribute, severity, owner, agency, fingerprint) for case_id in case_ids],
        )


def ids(prefix: str, count: int) -> list[str]:
    return [f"K-{prefix}{number:011X}" for number in range(count)]


def mails(mailbox: Mailbox) -> list[EmailMessage]:
    """The oldest first."""
    found = [message_from_bytes(path.read_bytes(), policy=default_policy) for path in reversed(mailbox.paths())]
    return [message for message in found if isinstance(message, EmailMessage)]


def bodies(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def test_one_digest_per_liaison_unit_with_counts_and_case_ids(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 60))
    differ(warehouse, *ids("B", 1200), owner="both", attribute="presence", agency="Kementerian X", severity="warning")
    differ(warehouse, *ids("C", 3), owner="bkn", attribute="jenjang", agency=None)

    sent = notify(settings, smtp, agreement, DAY_ONE)

    assert [(digest.party, digest.new_cases, digest.mended_cases, digest.open_cases) for digest in sent] == [
        ("bkn", 1203, 0, 1203),
        ("bps", 1260, 0, 1260),
    ]
    to_bkn, to_bps = mails(mailbox)
    assert to_bkn["To"] == "liaison-bkn@padan.invalid"
    assert to_bps["To"] == "liaison-bps@padan.invalid"
    assert to_bps["Subject"] == "[Padan] 1.260 perbedaan data baru, 0 selesai - 24 November 2026"
    text, html = bodies(to_bps)
    assert text.startswith("Yth. Kepala Biro Sumber Daya Manusia (fiktif)\n")
    for body in (text, html):
        assert "per tanggal 24 November 2026" in " ".join(body.split())
        assert "Golongan ruang" in body
        assert "Kementerian X" in body
        assert "Jenjang" not in body
        listed = re.findall(r"K-[0-9A-F]{12}", body)
        assert listed == ids("A", 60)[:50]  # the severe ones first
        assert "dan 1.210 kasus lainnya" in body
        assert "PERHATIAN" not in body
    assert "Instansi tidak diketahui" in bodies(to_bkn)[0]
    assert max(map(len, text.splitlines())) <= 72


def test_nothing_new_means_no_mail(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    differ(warehouse, *ids("A", 2))
    assert len(notify(settings, smtp, agreement, DAY_ONE)) == 1
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    assert notify(settings, smtp, agreement, DAY_TWO) == []
    assert len(mails(mailbox)) == 1


def test_mended_changed_and_returning_cases(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    first, second, third = ids("A", 3)
    differ(warehouse, first, second, third)
    notify(settings, smtp, agreement, DAY_ONE)
    warehouse.execute("delete from marts_reconciliation.fct_differences where case_id = %s", (first,))
    warehouse.execute(
        "update marts_reconciliation.fct_differences set value_fingerprint = 'g' where case_id = %s", (second,)
    )
    (digest,) = notify(settings, smtp, agreement, DAY_TWO)
    assert (digest.new_cases, digest.mended_cases, digest.open_cases) == (1, 1, 2)
    assert digest.subject == "[Padan] 1 perbedaan data baru, 1 selesai - 25 November 2026"
    new, mended = bodies(mails(mailbox)[-1])[0].split("NOMOR KASUS SELESAI")
    assert second in new
    assert first in mended
    assert third not in new + mended

    differ(warehouse, first)
    (digest,) = notify(settings, smtp, agreement, DAY_TWO)
    assert (digest.new_cases, digest.mended_cases, digest.open_cases) == (1, 0, 3)
    assert len({message["Message-ID"] for message in mails(mailbox)}) == 3


def test_the_same_content_twice_on_one_day_is_two_mails(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    (case_id,) = ids("A", 1)
    for _ in range(2):
        differ(warehouse, case_id)
        notify(settings, smtp, agreement, DAY_ONE)
        warehouse.execute("truncate marts_reconciliation.fct_differences")
        notify(settings, smtp, agreement, DAY_ONE)
    assert len({message["Message-ID"] for message in mails(mailbox)}) == 4


def test_a_crash_before_the_mark_resends_the_same_mail(
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    differ(warehouse, *ids("A", 2))

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", crash)
        with pytest.raises(KeyboardInterrupt):
            notify(settings, smtp, agreement, DAY_ONE)
    differ(warehouse, *ids("B", 1))  # the world goes on before the next run

    assert [digest.new_cases for digest in notify(settings, smtp, agreement, DAY_TWO)] == [2, 1]
    lost, again, following = [path.read_bytes() for path in reversed(mailbox.paths())]
    assert without_trace(lost) == without_trace(again)
    assert mails(mailbox)[2]["Message-ID"] != mails(mailbox)[1]["Message-ID"]
    assert b"25 November 2026" in following
    assert notify(settings, smtp, agreement, DAY_TWO) == []


def without_trace(content: bytes) -> bytes:
    """A message without what the server added."""
    return b"\n".join(line for line in content.splitlines() if not line.startswith((b"X-Peer", b"X-Mail", b"X-Rcpt")))


def test_what_is_overdue_is_told_to_its_owner(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    """The day after the due date, and not on it; the other party is not told."""
    differ(warehouse, *ids("E", 2))
    differ(warehouse, *ids("F", 1), owner="bkn", attribute="jenjang")
    for case_id, due_on in zip(ids("E", 2), (DAY_ONE - timedelta(days=1), DAY_ONE), strict=True):
        warehouse.execute(
            """
            insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party,
                value_fingerprint, due_on)
            values (%s, %s, 'opened', 'data', %s, 'golongan', 'modified', 'critical', 'bps', %s, %s)
            """,
            (case_id, DAY_ONE - timedelta(days=15), case_id, "0" * 64, due_on),
        )
    notify(settings, smtp, agreement, DAY_ONE)
    to_bkn, to_bps = mails(mailbox)
    told = "Sebanyak 1 perbedaan data telah melewati batas waktu penyelesaian; yang tertua terbuka sejak 15 hari"
    for body in bodies(to_bps):
        assert told in " ".join(body.split())
    for body in bodies(to_bkn):
        assert "batas waktu" not in body


def test_findings_and_stale_agency_are_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    warehouse.execute("update landing.extract set as_of = %s where party = 'bkn'", (date(2026, 11, 20),))
    findings = {"liaison-bps": "NIK kosong", "liaison-both": "Cakupan rendah", "liaison-bkn": "Bukan urusan BPS"}
    for owner, label in findings.items():
        warehouse.execute(
            """
            insert into quality.verdict
                (as_of, stage, suite, expectation_id, expectation_type, schema_name, table_name, severity, owner,
                 reason, success, unexpected_count, element_count, label_id, counted)
            values (%s, 'raw', 'raw_x', %s, 't', 's', 't', 'warning', %s, 'why', false, 1234, 20000, %s, 'baris')
            """,
            (DAY_ONE, label, owner, label),
        )
    differ(warehouse, *ids("A", 1))
    notify(settings, smtp, agreement, DAY_ONE)
    text, html = bodies(mails(mailbox)[0])
    assert "NIK kosong: 1.234 dari 20.000 baris" in text
    for body in (text, html):
        assert "Cakupan rendah" in body
        assert "Bukan urusan BPS" not in body
        flat = " ".join(body.split())
        assert "Data Badan Kepegawaian Negara (sandbox) yang digunakan adalah data per tanggal 20 November 2026" in flat
        assert "Badan Pusat Statistik (sandbox) yang digunakan" not in flat


def test_markup_in_a_name_stays_text(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 1), agency="<script>alert(1)</script> & Co")
    notify(settings, smtp, agreement, DAY_ONE)
    text, html = bodies(mails(mailbox)[0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<script>alert(1)</script> & Co" in text


class Refusing:
    """An SMTP server that refuses each message with ``reply``."""

    def __init__(self, reply: str) -> None:
        self.reply = reply

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        return f"{self.reply} <{address}> not now"


@pytest.fixture
def refusing() -> Iterator[Callable[[str], SmtpSettings]]:
    servers: list[Any] = []

    def start(reply: str) -> SmtpSettings:
        servers.append(Controller(Refusing(reply), hostname="127.0.0.1", port=free_port()))
        servers[-1].start()
        return SmtpSettings(host="127.0.0.1", port=servers[-1].port, timeout=5)

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("reply", ["451", "550"])
def test_a_refusal_is_retryable_names_no_address_and_loses_nothing(
    reply: str,
    refusing: Callable[[str], SmtpSettings],
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    mailbox: Mailbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    differ(warehouse, *ids("A", 1))
    with pytest.raises(SourceUnavailable) as caught:
        notify(settings, refusing(reply), agreement, DAY_ONE)
    assert caught.value.retryable
    assert "@" not in str(caught.value) + caplog.text
    assert [digest.new_cases for digest in notify(settings, smtp, agreement, DAY_ONE)] == [1]
    assert len(mails(mailbox)) == 1


def test_no_server_is_retryable(warehouse: psycopg.Connection, settings: Settings, agreement: Agreement) -> None:
    differ(warehouse, *ids("A", 1))
    with pytest.raises(SourceUnavailable, match="ConnectionRefusedError"):
        notify(settings, SmtpSettings(host="127.0.0.1", port=free_port()), agreement, DAY_ONE)


def test_a_refused_login_is_not_retryable(
    warehouse: psycopg.Connection, settings: Settings, agreement: Agreement
) -> None:
    differ(warehouse, *ids("A", 1))

    def refuse(*_: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        return AuthResult(success=False, handled=False)

    server = Controller(
        Refusing("550"), hostname="127.0.0.1", port=free_port(), authenticator=refuse, auth_require_tls=False
    )
    server.start()
    try:
        smtp = SmtpSettings(host="127.0.0.1", port=server.port, username="padan", password=SecretStr("hush"), timeout=5)
        with pytest.raises(AuthenticationError) as caught:
            notify(settings, smtp, agreement, DAY_ONE)
    finally:
        server.stop()
    assert not caught.value.retryable
    assert "hush" not in str(caught.value)


def test_no_personal_value_can_be_in_a_digest(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    warehouse.execute("alter table marts_reconciliation.fct_differences add column if not exists bkn_value text")
    warehouse.execute(
        "insert into marts_reconciliation.fct_differences values ('K-0', 'nip', 'critical', 'bps', 'X', 'f', %s)",
        (CANARY_NIP,),
    )
    notify(settings, smtp, agreement, DAY_ONE)
    stored = warehouse.execute("select string_agg(d::text, ' ') from alerts.digest as d").fetchone()
    text, html = bodies(mails(mailbox)[0])
    assert stored is not None
    for content in (text, html, stored[0]):
        assert CANARY_NIP not in content


def test_outside_the_validity_and_before_the_marts(
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    new_database: Callable[[], str],
) -> None:
    with pytest.raises(AgreementNotInForce):
        notify(settings, smtp, agreement, date(2019, 12, 31))
    fresh = new_database()
    migrate(fresh)
    with pytest.raises(StepFailed, match="marts"):
        notify(settings.model_copy(update={"database_url": SecretStr(fresh)}), smtp, agreement, DAY_ONE)
