"""Each step asks the agreement first: what it refuses is not requested, and the liaison units are told once."""

from __future__ import annotations

import socket
import threading
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
from padan.errors import AgreementNotInForce, StepFailed
from padan.flows import PIPELINE, run
from sandbox.mail import Mailbox, smtp_server
from sandbox.postgres import free_port
from tests.agreement_files import EXTENSION, Copy

LAST = date(2026, 12, 4)
AFTER = LAST + timedelta(days=1)
SUSPENSION = """suspensions:
  - party: bkn
    start: 2026-05-01
    cause: "Gempa bumi"
    statement: "Pernyataan BNPB (contoh)"
    notified: 2026-05-05
    cites: ["10(2)"]
"""
ASKING = [step for workflow in PIPELINE for step in workflow.steps if step.action]


class Agency:
    """A server that only counts who knocks."""

    def __init__(self) -> None:
        self.knocks = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                self._server.accept()[0].close()
                self.knocks += 1
        except OSError:
            return

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def agency() -> Iterator[Agency]:
    agency = Agency()
    yield agency
    agency.close()


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def agreement(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path)


@pytest.fixture
def url(
    new_database: Callable[[], str], tmp_path: Path, project_dir: Path, agreement: Copy, agency: Agency,
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:  # fmt: skip
    """An empty warehouse under the real agreement, agencies that count, a mail server; all in the environment."""
    server, url, at = smtp_server(mailbox, free_port()), new_database(), f"http://127.0.0.1:{agency.port}"
    server.start()
    values = {
        "DATABASE_URL": url, "AGREEMENT_FILE": agreement.path, "STATE_DIR": tmp_path, "ARCHIVE_DIR": tmp_path,
        "PORTAL_EXPORT_DIR": tmp_path, "PROJECT_DIR": project_dir, "SECRET_KEY": "synthetic " * 4,
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TIMEOUT": 5,
        "JF_BASE_URL": at, "JF_TOKEN_URL": at, "JF_CLIENT_ID": "x", "JF_CLIENT_SECRET": "x", "JF_RETRIES": 0,
        "SIASN_BASE_URL": at, "SIASN_TOKEN_URL": at, "SIASN_CONSUMER_KEY": "x", "SIASN_CONSUMER_SECRET": "x",
        "SIASN_SSO_TOKEN": "x", "SIASN_RETRIES": 0,
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))
    yield url
    server.stop()


def mails(mailbox: Mailbox) -> list[EmailMessage]:
    found = [message_from_bytes(path.read_bytes(), policy=default_policy) for path in reversed(mailbox.paths())]
    return [message for message in found if isinstance(message, EmailMessage)]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_every_step_that_moves_data_asks() -> None:
    actions = {step.name: step.action for step in ASKING}
    assert {name for name, action in actions.items() if action == "extract"} == {
        "open_bps", "land_bps_lists", "open_bkn", "land_bkn_reference", "land_bkn_roster", "land_bkn_people",
    }  # fmt: skip
    assert {name for name, action in actions.items() if action == "publish"} == {
        "publish_bps", "publish_bkn", "build_marts", "update_ledger",
    }  # fmt: skip
    assert actions["notify_liaison"] == "alert"


def test_after_the_end_nothing_is_requested_and_both_units_are_told_once(
    url: str, agency: Agency, mailbox: Mailbox
) -> None:
    for day in (AFTER, AFTER + timedelta(days=3)):
        for step in ASKING:
            with pytest.raises(AgreementNotInForce, match=f"no {step.action} on {day}: .* to 2026-12-04"):
                run(step.name, day)
    assert agency.knocks == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from landing.extract").fetchone() == (0,)
    told = mails(mailbox)
    assert sorted(message["To"] for message in told) == sorted({message["To"] for message in told})
    assert len(told) == 2
    for message in told:
        assert message["Subject"] == "[Padan] Pertukaran data dihentikan: perjanjian telah berakhir"
        assert "sampai dengan 4 Desember 2026 (Pasal 6)" in text_of(message)


def test_with_an_addendum_it_goes_on(url: str, agency: Agency, mailbox: Mailbox, agreement: Copy) -> None:
    agreement.addenda(EXTENSION)
    assert run("open_bps", AFTER)["extract_id"]
    with pytest.raises(Exception, match="bps"):
        run("land_bps_lists", AFTER)  # the agency of this test hangs up
    assert agency.knocks > 0
    assert mails(mailbox) == []


def test_a_suspension_stops_all_of_it_and_is_told_once_until_the_next_one(
    url: str, agency: Agency, mailbox: Mailbox, agreement: Copy
) -> None:
    agreement.edit("suspensions: []\n", SUSPENSION)
    for day in (date(2026, 5, 6), date(2026, 5, 7)):
        for step in ASKING:
            with pytest.raises(AgreementNotInForce, match="force majeure"):
                run(step.name, day)
    assert agency.knocks == 0
    assert [message["Subject"] for message in mails(mailbox)] == [
        "[Padan] Pertukaran data dihentikan: perjanjian ditangguhkan"
    ] * 2
    with pytest.raises(AgreementNotInForce):
        run("open_bps", AFTER)
    assert len(mails(mailbox)) == 4


def test_from_ninety_days_before_the_end_each_unit_is_warned_once(url: str, mailbox: Mailbox) -> None:
    first = LAST - timedelta(days=90)
    run("open_bps", first - timedelta(days=1))
    assert mails(mailbox) == []
    for day in (first, first + timedelta(days=1), LAST):
        run("open_bps", day)
        run("open_bkn", day)
    told = mails(mailbox)
    assert [message["Subject"] for message in told] == [
        "[Padan] Pengingat: jangka waktu Perjanjian Kerja Sama akan berakhir"
    ] * 2
    assert "paling lambat 4 November 2026 (Pasal 6 ayat (2))" in text_of(told[0])


def test_a_mail_server_that_is_down_stops_nothing_and_is_caught_up_with(
    url: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PADAN_SMTP_PORT", str(free_port()))
        assert run("open_bps", LAST)["extract_id"]
        with pytest.raises(AgreementNotInForce):
            run("open_bps", AFTER)
    assert mails(mailbox) == []
    with pytest.raises(AgreementNotInForce):
        run("open_bps", AFTER)
    assert len(mails(mailbox)) == 4  # the warning and the stop, to both
    with pytest.raises(StepFailed):
        run("land_bps_lists", LAST - timedelta(days=1))
    assert len(mails(mailbox)) == 4


def test_the_command_ends_well_and_says_why(url: str, agency: Agency) -> None:
    done = CliRunner().invoke(app, ["run", "--as-of", AFTER.isoformat()])
    output = " ".join(done.output.split())
    assert "skipped: no extract on 2026-12-05" in output
    assert "failed:" not in output
    assert agency.knocks == 0
