"""Decide which liaison unit has something new to read, and mail it once."""

from __future__ import annotations

import logging
from datetime import date

import psycopg

from padan.agreement import Agreement
from padan.alerts import content, outbox
from padan.alerts.delivery import open_server, send
from padan.alerts.outbox import Digest
from padan.errors import StepFailed
from padan.settings import Settings, SmtpSettings
from padan.warehouse.connection import Connection, connect, exclusive

logger = logging.getLogger(__name__)


def _decide(connection: Connection, agreement: Agreement, as_of: date, sender_domain: str) -> None:
    """Write a digest down for each party that has something new or mended to read."""
    for party in sorted(agreement.parties):
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            found = content.collect(connection, agreement, party, as_of)
            if found.worth_sending:
                outbox.write(connection, found, agreement, sender_domain)
            else:
                logger.info("nothing new for %s: no digest", party)


def _deliver(connection: Connection, settings: SmtpSettings, agreement: Agreement, as_of: date) -> list[Digest]:
    waiting = outbox.pending(connection)
    if not waiting:
        return []
    with open_server(settings) as server:
        for digest in waiting:
            send(server, outbox.compose(digest, settings, agreement.liaison(digest.party, as_of).email))
            outbox.mark_sent(connection, digest)
            logger.info("digest sent to the liaison unit of %s: %s", digest.party, digest.subject)
    return waiting


def notify(settings: Settings, smtp_settings: SmtpSettings, agreement: Agreement, as_of: date) -> list[Digest]:
    """Mail each liaison unit on duty on ``as_of`` what changed since its last digest; return the digests sent.

    Nothing new and nothing mended: no mail. A digest that a crash or the mail server kept from being marked as sent is
    sent first, unchanged. A repeated run sends nothing.

    Raises:
        AgreementNotInForce: the agreement does not permit the exchange on that day.
        AgreementError: a party has no liaison unit on that day.
        StepFailed: the marts are not there yet.
        SourceUnavailable: the mail server or the warehouse does not answer; what is pending is sent by the next run.
        AuthenticationError: the mail server refuses the login.
    """
    agreement.require_in_force(as_of, "alert")
    with (
        connect(settings.database_url.get_secret_value(), application="padan-alerts") as connection,
        exclusive(connection, "alerts"),
    ):
        try:
            _decide(connection, agreement, as_of, smtp_settings.domain)
        except psycopg.errors.UndefinedTable:
            raise StepFailed("the marts are not built yet; there is nothing to tell of") from None
        return _deliver(connection, smtp_settings, agreement, as_of)
