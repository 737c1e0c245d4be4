"""Mails that were decided and may not have been sent yet: digests, escalations, and the watch's own.

A mail is written down in the transaction that records what it tells. It is ``pending`` until its content goes out,
``handing_over`` from just before that, and ``sent`` once the server took it. A crash leaves it pending, and then it is
sent; or handing over, and then nobody can know whether the server has it: it is not repeated, the watch reports it, and
a person says which (:func:`settle`). Its Message-ID is the same in each attempt.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from typing import Literal

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.alerts.delivery import may_deliver, open_server, send_once
from padan.errors import AgreementError, ConfigurationError, StepFailed
from padan.settings import AlertSettings, SmtpSettings
from padan.warehouse.connection import Connection

logger = logging.getLogger(__name__)
_POLICY = policy.SMTP.clone(max_line_length=200)  # a subject on one line: some readers keep the blank of a folded one
Kind = Literal["digest", "escalation", "watch"]


@dataclass(frozen=True, slots=True)
class Digest:
    """One mail: to a liaison unit, to its superior, or to the operators."""

    digest_id: str
    kind: Kind
    party: PartyCode | None
    as_of: date
    subject: str
    message_id: str
    new_cases: int
    reopened_cases: int
    mended_cases: int
    open_cases: int
    overdue_cases: int
    body_text: str
    body_html: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be written down."""

    kind: Kind
    party: PartyCode | None
    as_of: date
    subject: str
    body_text: str
    body_html: str = ""
    new: int = 0
    reopened: int = 0
    mended: int = 0
    open: int = 0
    overdue: int = 0
    snoozed: int = 0
    quality_index: object = None


_COLUMNS = ", ".join(Digest.__slots__)


def write(connection: Connection, draft: Draft, sender_domain: str) -> str:
    """Write ``draft`` down as pending in the caller's transaction; return its id."""
    row = connection.execute(
        "select count(*) from alerts.digest where kind = %s and party is not distinct from %s and as_of = %s",
        (draft.kind, draft.party, draft.as_of),
    ).fetchone()
    earlier = row[0] if row else 0  # a difference that comes, goes and comes back on one day is a third mail
    parts = (draft.kind, draft.party or "", draft.as_of.isoformat(), str(earlier), draft.subject, draft.body_text)
    digest_id = hashlib.sha256("\0".join((*parts, draft.body_html)).encode()).hexdigest()[:32]
    connection.execute(
        """
        insert into alerts.digest (
            digest_id, kind, party, as_of, subject, message_id, new_cases, reopened_cases, mended_cases, open_cases,
            overdue_cases, snoozed_cases, quality_index, body_text, body_html, created_at
        ) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            *(digest_id, draft.kind, draft.party, draft.as_of, draft.subject, f"<padan.{digest_id}@{sender_domain}>"),
            *(draft.new, draft.reopened, draft.mended, draft.open, draft.overdue, draft.snoozed, draft.quality_index),
            *(draft.body_text, draft.body_html, datetime.now(UTC).replace(microsecond=0)),
        ),
    )
    return digest_id


def pending(connection: Connection, *kinds: Kind) -> list[Digest]:
    """Mails of these kinds that surely were not sent, the oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from alerts.digest where state = 'pending' and kind = any(%s) "  # noqa: S608 - our own names
        "order by as_of, created_at, kind, party",
        (list(kinds),),
    ).fetchall()
    return [Digest(*row) for row in rows]


def deliver(
    connection: Connection,
    smtp: SmtpSettings,
    alerts: AlertSettings,
    agreement: Agreement,
    as_of: date,
    moment: datetime,
) -> list[Digest]:
    """Send what waits for the liaison units and their superiors, if mail may go out at ``moment``; return it.

    Raises:
        SourceUnavailable: the server does not answer or breaks off; what it did not take is sent by a later call.
        AuthenticationError: it refuses the login.
    """
    waiting = pending(connection, "digest", "escalation")
    if waiting and not may_deliver(alerts, moment):
        logger.info("outside the delivery window: %d mails wait", len(waiting))
        return []
    _send(connection, smtp, [(digest, _recipients(digest, agreement, as_of)) for digest in waiting])
    return waiting


def deliver_watch(connection: Connection, smtp: SmtpSettings, alerts: AlertSettings) -> int:
    """Send what waits for the operators, at any hour; return how many mails.

    Raises:
        SourceUnavailable: the server does not answer or breaks off; what it did not take is sent by a later call.
        AuthenticationError: it refuses the login.
    """
    waiting = pending(connection, "watch") if alerts.operators else []
    _send(connection, smtp, [(digest, (alerts.operators, "")) for digest in waiting])
    return len(waiting)


def _send(connection: Connection, smtp: SmtpSettings, mails: list[tuple[Digest, tuple[str, str]]]) -> None:
    if not mails:
        return
    with open_server(smtp) as server:
        for digest, recipients in mails:
            send_once(
                server,
                compose(digest, smtp, recipients),
                leaving=partial(mark_handing_over, connection, digest),
                refused=partial(mark_refused, connection, digest),
            )
            mark_sent(connection, digest)
            logger.info("%s sent to %s: %s", digest.kind, digest.party or "the operators", digest.subject)


def _recipients(digest: Digest, agreement: Agreement, as_of: date) -> tuple[str, str]:
    """To and Cc, as on duty on ``as_of``."""
    if digest.party is None:
        raise ConfigurationError(f"mail {digest.digest_id} is of no party")
    unit = agreement.liaison(digest.party, as_of)
    if digest.kind == "digest":
        return unit.email, ""
    if unit.superior is None:
        raise AgreementError(f"the agreement names no superior of the liaison unit of {digest.party}")
    return unit.superior.email, unit.email


def mark_handing_over(connection: Connection, digest: Digest) -> None:
    """Record, and commit, that the content of ``digest`` is about to go out."""
    connection.execute(
        "update alerts.digest set state = 'handing_over', handed_over_at = now(), attempts = attempts + 1, "
        "last_error = null where digest_id = %s",
        (digest.digest_id,),
    )


def mark_refused(connection: Connection, digest: Digest, kind: str) -> None:
    """Record that the server surely did not take ``digest``: it waits again."""
    connection.execute(
        "update alerts.digest set state = 'pending', handed_over_at = null, last_error = %s, "
        "attempts = attempts + (state = 'pending')::integer where digest_id = %s",
        (kind, digest.digest_id),
    )


def mark_sent(connection: Connection, digest: Digest) -> None:
    """Record that the mail server took ``digest``."""
    connection.execute(
        "update alerts.digest set state = 'sent', sent_at = now() where digest_id = %s", (digest.digest_id,)
    )


def settle(connection: Connection, mail_id: str, *, arrived: bool, actor: str) -> None:
    """Record what ``actor`` found out of a mail of which nobody knew whether it arrived: sent, or to be sent again.

    ``mail_id`` is a digest's id, or ``key/party`` of a letter.

    Raises:
        StepFailed: no mail of that id is in doubt.
    """
    words = {"mail_id": mail_id, "actor": actor, "arrived": arrived, "state": "sent" if arrived else "pending"}
    for table, identity in (("alerts.digest", "digest_id"), ("alerts.letter", "key || '/' || party")):
        done = connection.execute(
            f"""
            update {table} set state = %(state)s, settled_by = %(actor)s, sent_at = case when %(arrived)s then now() end
            where {identity} = %(mail_id)s and state = 'handing_over'
            """,  # noqa: S608 - our own names
            words,
        )
        if done.rowcount:
            return
    raise StepFailed(f"no mail {mail_id} is in doubt")


def compose(digest: Digest, settings: SmtpSettings, recipients: tuple[str, str]) -> EmailMessage:
    """The mail itself: the same bytes each time it is composed of the same digest for the same recipients."""
    to, copy_to = recipients
    message = EmailMessage(policy=_POLICY)
    message["From"] = settings.sender
    message["To"] = to
    if copy_to:
        message["Cc"] = copy_to
    message["Subject"] = digest.subject
    message["Date"] = format_datetime(digest.created_at.astimezone(UTC))
    message["Message-ID"] = digest.message_id
    message["Content-Language"] = "en" if digest.kind == "watch" else "id"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(digest.body_text)
    if digest.body_html:
        message.add_alternative(digest.body_html, subtype="html")
        message.set_boundary(f"padan-{digest.digest_id}")
    return message
