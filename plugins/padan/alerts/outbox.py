"""Digests that were decided and may not have been sent yet.

A digest is written down in the transaction that records what it announces, then sent, then marked. A crash in between
leaves it pending; the next run sends the same mail again, under the same Message-ID.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.alerts.content import Content, announce
from padan.alerts.rendering import render, subject
from padan.settings import SmtpSettings
from padan.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Digest:
    """One mail to one liaison unit."""

    digest_id: str
    party: PartyCode
    as_of: date
    subject: str
    message_id: str
    new_cases: int
    mended_cases: int
    open_cases: int
    body_text: str
    body_html: str
    created_at: datetime


_COLUMNS = ", ".join(Digest.__slots__)


def write(connection: Connection, content: Content, agreement: Agreement, sender_domain: str) -> None:
    """Write the digest of ``content`` down as pending, in the caller's transaction."""
    text, html = render(content, agreement)
    title = subject(content)
    row = connection.execute(
        "select count(*) from alerts.digest where party = %s and as_of = %s", (content.party, content.as_of)
    ).fetchone()
    earlier = row[0] if row else 0  # a difference that comes, goes and comes back on one day is a third mail
    parts = (content.party, content.as_of.isoformat(), str(earlier), title, text, html)
    digest_id = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    connection.execute(
        f"insert into alerts.digest ({_COLUMNS}) values ({', '.join(['%s'] * len(Digest.__slots__))})",  # noqa: S608
        (
            digest_id,
            content.party,
            content.as_of,
            title,
            f"<padan.{digest_id}@{sender_domain}>",
            content.new,
            content.mended,
            content.open,
            text,
            html,
            datetime.now(UTC).replace(microsecond=0),
        ),
    )
    announce(connection, content.party, digest_id)


def pending(connection: Connection) -> list[Digest]:
    """Digests not yet known to be sent, the oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from alerts.digest where state = 'pending' order by as_of, created_at, party"  # noqa: S608
    ).fetchall()
    return [Digest(*row) for row in rows]


def mark_sent(connection: Connection, digest: Digest) -> None:
    """Record that the mail server took ``digest``."""
    connection.execute(
        "update alerts.digest set state = 'sent', sent_at = now() where digest_id = %s", (digest.digest_id,)
    )


def compose(digest: Digest, settings: SmtpSettings, recipient: str) -> EmailMessage:
    """The mail itself: the same bytes each time it is composed of the same digest for the same recipient."""
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = recipient
    message["Subject"] = digest.subject
    message["Date"] = format_datetime(digest.created_at.astimezone(UTC))
    message["Message-ID"] = digest.message_id
    message["Content-Language"] = "id"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(digest.body_text)
    message.add_alternative(digest.body_html, subtype="html")
    message.set_boundary(f"padan-{digest.digest_id}")
    return message
