"""How duties stand in a warehouse, their mart's table, and reminders: once per duty and due date."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from padan.cli import app
from padan.flows import obligations as flow
from padan.flows import run
from padan.warehouse.migrations import migrate
from sandbox.mail import Mailbox, smtp_server
from sandbox.postgres import free_port
from tests.agreement_files import Copy

DAY = date(2026, 8, 10)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def url(
    new_database: Callable[[], str],
    tmp_path: Path,
    project_dir: Path,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A migrated warehouse under a copy of the real agreement, a register of its own, a mail server."""
    server, url = smtp_server(mailbox, free_port()), new_database()
    server.start()
    migrate(url)
    register = tmp_path / "register"
    register.mkdir()
    (register / "evidence.yaml").write_text(
        '- {obligation: security, dated: 2026-07-15, text: "Nota Dinas contoh"}\n'
        '- {obligation: confidentiality, dated: 2026-03-15, text: "semester yang lalu"}\n'
    )
    (register / "activities.yaml").write_text(
        "- {id: K-1, held_on: 2026-07-20, title: Lokakarya, kind: narasumber, given_by: bps, participants: 3, "
        'evidence: "x"}\n'
        "- {id: K-2, held_on: 2026-07-21, title: Pendampingan, kind: bimbingan teknis, given_by: bkn, participants: 3, "
        'evidence: "x"}\n'
    )
    values = {
        "DATABASE_URL": url, "AGREEMENT_FILE": Copy.make(tmp_path).path, "STATE_DIR": tmp_path, "ARCHIVE_DIR": tmp_path,
        "PORTAL_EXPORT_DIR": tmp_path, "PROJECT_DIR": project_dir, "SECRET_KEY": "synthetic " * 4,
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TIMEOUT": 5, "MINUTES_REGISTER_DIR": register,
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    yield url
    server.stop()


def states(day: date) -> dict[tuple[str, str, str], str]:
    return {(one.duty.obligation, one.duty.party, one.duty.period): one.state for one in flow.found(day)}


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def mails(mailbox: Mailbox) -> list[EmailMessage]:
    found = [message_from_bytes(path.read_bytes(), policy=default_policy) for path in reversed(mailbox.paths())]
    return [message for message in found if isinstance(message, EmailMessage)]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def edition(period: str, met_on: date) -> str:
    return f"""
        with made as (
            insert into minutes.edition (
                period, edition, cut, state, drafted_on, manifest, manifest_sha256, signed_on, number, evaluation_number
            ) values (
                '{period}', 1, '{met_on}', 'published', '{met_on}', '', '', '{met_on}', 'BA/{period}', 'EV/{period}'
            ) returning edition_id
        )
        insert into minutes.evidence (obligation, period, edition_id, number, sha256, met_on)
        select duty, '{period}', edition_id, 'BA-1', '', '{met_on}'
        from made, unnest(array['minutes', 'monitoring']) as duty
    """


def test_evidence_comes_from_papers_extracts_ledger_and_register(url: str) -> None:
    found = states(DAY)
    assert found["minutes", "bps", "2026-S1"] == "late"
    assert found["minutes", "bps", "2026-S2"] == "open"
    assert found["jf_items", "bps", "2026-S2"] == found["asn_items", "bkn", "2026-S2"] == "open"
    assert found["security", "bps", "2026-S2"] == found["security", "bkn", "2026-S2"] == "met"
    assert found["confidentiality", "bps", "2026-S2"] == "open"  # what was shown of the semester before does not count
    assert found["competence_development", "bps", "2026-S2"] == "met"
    assert found["asn_guidance", "bkn", "2026-S2"] == "met"
    assert found["jf_guidance", "bps", "2026-S2"] == "open"
    assert found["differences_bps", "bps", "2026-S2"] == "open"
    execute(url, edition("2026-S1", date(2026, 7, 20)))
    execute(
        url,
        "insert into landing.extract (party, as_of, agreement_sha256, state) "
        "values ('bkn', '2026-08-01', '', 'published');"
        "insert into landing.extract_dataset (extract_id, dataset, mode, extracted, landed) "
        "select extract_id, 'ref_golongan', 'full', 5, 5 from landing.extract;"
        "insert into ledger.run (as_of) values ('2026-08-02')",
    )
    found = states(DAY)
    assert found["minutes", "bps", "2026-S1"] == found["monitoring", "bkn", "2026-S1"] == "met"
    assert found["integration_evaluation", "bps", "2026-S1"] == "late"
    assert found["asn_items", "bkn", "2026-S2"] == found["asn_reference_codes", "bkn", "2026-S2"] == "met"
    assert found["jf_items", "bps", "2026-S2"] == "open"
    assert found["differences_bps", "bps", "2026-S2"] == "met"  # the ledger ran, nothing is open


def test_an_overdue_difference_makes_the_duty_of_its_party_late(url: str) -> None:
    execute(
        url,
        "insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party, "
        "value_fingerprint, due_on) values ('K-0123456789AB', '2026-07-02', 'opened', 'data', 'a', 'nik', 'modified', "
        "'critical', 'bkn', repeat('0', 64), '2026-07-20')",
    )
    found = {(one.duty.obligation, one.duty.party): one for one in flow.found(DAY)}
    assert found["differences_bkn", "bkn"].state == "late"
    assert found["differences_bkn", "bkn"].evidence.text == "0 perbedaan selesai, 1 terbuka, 1 melewati tenggat"
    assert found["differences_bps", "bps"].state == "open"


def test_the_table_holds_the_latest_review(url: str) -> None:
    counts = run("review_obligations", DAY)
    run("review_obligations", DAY)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select as_of, state, cites, due_on from obligations.standing "
            "where obligation = 'minutes' and period = '2026-S1'"
        ).fetchall()
        total = connection.execute("select count(*) from obligations.standing").fetchone()
    assert rows == [(DAY, "late", ["3(2)d", "4(1)d"], date(2026, 7, 31))]
    assert total == (sum(counts.values()),)


def test_the_unit_concerned_is_reminded_once_per_duty_and_due_date(url: str, mailbox: Mailbox) -> None:
    execute(
        url, "".join(edition(f"{year}-S{half}", date(year, 7, 1)) + ";" for year in (2024, 2025) for half in (1, 2))
    )
    assert run("remind_obligations", DAY) == {"mails": 2}
    told = {str(mail["To"]): text_of(mail) for mail in mails(mailbox)}
    assert set(told) == {"biro.kepegawaian@bps.go.id", "pdpik@bkn.go.id"}
    bps, bkn = told["biro.kepegawaian@bps.go.id"], told["pdpik@bkn.go.id"]
    assert "Menyiapkan naskah berita acara" in bps
    assert "Menyiapkan naskah berita acara" not in bkn
    assert "Mengadakan pemantauan dan evaluasi" in bkn
    assert run("remind_obligations", DAY) == {"mails": 0}
    assert run("remind_obligations", DAY + timedelta(days=1)) == {"mails": 0}
    # a month before the last day the duties of the last semester come up: one further mail each
    assert run("remind_obligations", date(2026, 11, 10)) == {"mails": 2}
    assert len([mail for mail in mails(mailbox) if "kewajiban" in mail["Subject"]]) == 4
    assert all("Perihal:" in text_of(mail) for mail in mails(mailbox))


def test_a_mail_server_that_refuses_loses_no_reminder(
    url: str, monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
) -> None:
    from padan.errors import SourceUnavailable

    with monkeypatch.context() as patch:
        patch.setenv("PADAN_SMTP_PORT", str(free_port()))
        with pytest.raises(SourceUnavailable):
            run("remind_obligations", DAY)
    assert mails(mailbox) == []
    assert run("remind_obligations", DAY) == {"mails": 2}


def test_the_command_shows_and_fails_on_what_is_late(url: str) -> None:
    shown = CliRunner().invoke(app, ["obligations", "--as-of", "2026-08-10", "--json"])
    assert {one["state"] for one in json.loads(shown.output)} == {"met", "open", "late", "no_event"}
    late = CliRunner().invoke(app, ["obligations", "--as-of", "2026-08-10", "--late"])
    assert late.exit_code == 1
    assert "2026-S1" in late.output
    assert "security" not in late.output
