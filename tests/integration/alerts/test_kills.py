"""A process that is killed between the database and the mail server: no mail is lost, and none is sent twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller

from padan.agreement import Agreement
from padan.alerts import notify, outbox, watch
from padan.errors import SourceUnavailable, StepFailed
from padan.settings import AlertSettings, Settings, SmtpSettings
from padan.warehouse.connection import connect
from sandbox.mail import Mailbox
from sandbox.postgres import free_port
from tests.integration.alerts.world import DAY_ONE, differ, ids, mails

# A run as the command line makes it, that kills itself at one point.
VICTIM = """
import os, signal, sys
from datetime import date
from padan.alerts import delivery, notify, outbox
from padan.agreement import load_agreement
from padan.settings import Settings, SmtpSettings, load

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def both(*words, **named):
        function(*words, **named)
        die()
    return both

def half(server, content):
    if len(content) > 1000:
        server.sock.sendall(content[: len(content) // 2])
        die()
    send(server, content)

send = delivery._Server.send
point = sys.argv[1]
if point == "decided":
    outbox.deliver = die
elif point == "connected":
    delivery._Server.mail = die
elif point == "recipient accepted":
    outbox.mark_handing_over = die
elif point == "marked as leaving":
    outbox.mark_handing_over = after(outbox.mark_handing_over)
elif point == "half of the content sent":
    delivery._Server.send = half
elif point == "taken by the server":
    outbox.mark_sent = die
elif point == "marked as sent":
    outbox.mark_sent = after(outbox.mark_sent)
settings = load(Settings)
notify(settings, load(SmtpSettings), load_agreement(settings.agreement_file), date.fromisoformat(sys.argv[2]))
"""


def run(settings: Settings, smtp: SmtpSettings, point: str, day: date = DAY_ONE) -> int:
    """Run the victim in a process of its own; its exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PADAN_")}
    environment |= {
        "PADAN_DATABASE_URL": settings.database_url.get_secret_value(),
        "PADAN_SECRET_KEY": settings.secret_key.get_secret_value(),
        "PADAN_SMTP_HOST": smtp.host,
        "PADAN_SMTP_PORT": str(smtp.port),
        "PADAN_SMTP_SENDER": smtp.sender,
    }
    for name in ("agreement_file", "state_dir", "archive_dir", "portal_export_dir", "project_dir"):
        environment[f"PADAN_{name.upper()}"] = str(getattr(settings, name))
    words = [sys.executable, "-c", VICTIM, point, day.isoformat()]
    return subprocess.run(words, env=environment, check=False, capture_output=True, timeout=60).returncode


def states(warehouse: psycopg.Connection) -> list[str]:
    return [state for (state,) in warehouse.execute("select state from alerts.digest order by created_at").fetchall()]


def message_ids(warehouse: psycopg.Connection) -> list[str]:
    return [row[0] for row in warehouse.execute("select message_id from alerts.digest").fetchall()]


@pytest.mark.parametrize("point", ["decided", "connected", "recipient accepted"])
def test_killed_before_the_content_leaves_the_next_run_sends_it(
    point: str, warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 2))
    assert run(settings, smtp, point) == -signal.SIGKILL
    assert mails(mailbox) == []
    assert states(warehouse) == ["pending"]
    assert run(settings, smtp, "nowhere") == 0
    assert run(settings, smtp, "nowhere") == 0
    assert [mail["Message-ID"] for mail in mails(mailbox)] == message_ids(warehouse)
    assert states(warehouse) == ["sent"]


@pytest.mark.parametrize(
    ("point", "arrived"),
    [("marked as leaving", False), ("half of the content sent", False), ("taken by the server", True)],
)
def test_killed_while_it_leaves_it_is_not_repeated_but_reported(
    point: str,
    arrived: bool,
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    mailbox: Mailbox,
) -> None:
    """Whether it arrived is known to the mail server alone: a person says so, and then it is there exactly once."""
    differ(warehouse, *ids("A", 2))
    assert run(settings, smtp, point) == -signal.SIGKILL
    assert len(mails(mailbox)) == arrived
    assert run(settings, smtp, "nowhere") == 0
    assert len(mails(mailbox)) == arrived
    assert states(warehouse) == ["handing_over"]

    found = watch(settings, smtp, AlertSettings(), agreement, DAY_ONE)
    (doubt,) = [problem for problem in found.problems if problem.key.startswith("doubt:")]
    assert "padan alerts settle" in doubt.text
    digest_id = doubt.key.rpartition(":")[2]
    with connect(settings.database_url.get_secret_value()) as connection:
        outbox.settle(connection, digest_id, arrived=arrived, actor="operator")
        with pytest.raises(StepFailed, match="in doubt"):
            outbox.settle(connection, digest_id, arrived=arrived, actor="operator")
    assert run(settings, smtp, "nowhere") == 0
    assert [mail["Message-ID"] for mail in mails(mailbox)] == message_ids(warehouse)
    assert states(warehouse) == ["sent"]
    assert not [p for p in watch(settings, smtp, AlertSettings(), agreement, DAY_ONE).problems if "doubt" in p.key]


def test_killed_after_the_mark_nothing_is_left_to_do(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 2))
    assert run(settings, smtp, "marked as sent") == -signal.SIGKILL
    assert run(settings, smtp, "nowhere") == 0
    assert len(mails(mailbox)) == 1
    assert states(warehouse) == ["sent"]


def test_of_two_mails_the_first_is_not_repeated_when_the_second_is_cut_off(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 2), owner="both")
    assert run(settings, smtp, "marked as sent") == -signal.SIGKILL
    assert sorted(states(warehouse)) == ["pending", "sent"]
    assert run(settings, smtp, "nowhere") == 0
    assert sorted(mail["Message-ID"] for mail in mails(mailbox)) == sorted(message_ids(warehouse))


class Cutting:
    """An SMTP server that keeps each message and breaks off before it says so."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mailbox.keep(envelope.original_content)
        server.transport.abort()
        return "250 never heard"


def test_a_connection_that_breaks_after_the_content_leaves_the_mail_in_doubt(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    """Without a crash of ours: the server takes it, and its answer never comes."""
    differ(warehouse, *ids("A", 1))
    server = Controller(Cutting(mailbox), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        with pytest.raises(SourceUnavailable):
            notify(settings, smtp.model_copy(update={"port": server.port}), agreement, DAY_ONE)
    finally:
        server.stop()
    assert states(warehouse) == ["handing_over"]
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    assert len(mails(mailbox)) == 1
