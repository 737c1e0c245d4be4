"""The marts that alerts read, made by hand, and the mails that a catcher received."""

from __future__ import annotations

from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy

import psycopg

from sandbox.mail import Mailbox

DAY_ONE, DAY_TWO, DAY_THREE = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)


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
            """
            insert into marts_reconciliation.fct_differences
                (case_id, attribute, severity, owner_party, instansi_name, value_fingerprint)
            values (%s, %s, %s, %s, %s, %s)
            """,
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


def opened(connection: psycopg.Connection, case_id: str, day: date, due_on: date, owner: str = "bps") -> None:
    connection.execute(
        """
        insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party,
            value_fingerprint, due_on)
        values (%s, %s, 'opened', 'data', %s, 'golongan', 'modified', 'critical', %s, %s, %s)
        """,
        (case_id, day, case_id, owner, "0" * 64, due_on),
    )
