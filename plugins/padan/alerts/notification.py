"""Decide who has something new to read, and mail it once: the liaison units, and their superiors after a delay."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

import psycopg

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.alerts import changes, content, outbox, rendering
from padan.alerts.outbox import Digest, Draft
from padan.errors import StepFailed
from padan.settings import AlertSettings, Settings, SmtpSettings
from padan.warehouse.connection import Connection, connect, exclusive

logger = logging.getLogger(__name__)


def _decide(connection: Connection, agreement: Agreement, alerts: AlertSettings, as_of: date, domain: str) -> None:
    """Write down the digest of each party that has something to read, and what its superior must know."""
    for party in sorted(agreement.parties):
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            _decide_for(connection, agreement, alerts, party, as_of, domain)
    connection.execute("insert into alerts.run (as_of) values (%s) on conflict do nothing", (as_of,))


def _decide_for(
    connection: Connection, agreement: Agreement, alerts: AlertSettings, party: PartyCode, as_of: date, domain: str
) -> None:
    found = content.collect(connection, agreement, party, as_of)
    if found.worth_sending:
        text, html = rendering.render(found, agreement)
        draft = Draft(
            "digest", party, as_of, rendering.subject(found), text, html,
            new=found.total.new, reopened=found.total.reopened, mended=found.total.mended, open=found.total.open,
            overdue=found.overdue, snoozed=found.snoozed,
            quality_index=found.quality.quality_index if found.quality else None,
        )  # fmt: skip
        changes.announce(connection, party, outbox.write(connection, draft, domain), as_of)
    else:
        logger.info("nothing new for %s: no digest", party)
    if agreement.liaison(party, as_of).superior is None:
        return
    delay = content.collect_delay(connection, agreement, party, as_of, alerts.escalation_wait)
    if delay:
        text, html = rendering.render_delay(delay, agreement)
        draft = Draft("escalation", party, as_of, rendering.delay_subject(delay), text, html, overdue=delay.cases.total)
        content.record_delay(connection, party, outbox.write(connection, draft, domain), as_of)


def notify(
    settings: Settings,
    smtp_settings: SmtpSettings,
    agreement: Agreement,
    as_of: date,
    *,
    alert_settings: AlertSettings | None = None,
    moment: datetime | None = None,
) -> list[Digest]:
    """Mail each liaison unit on duty on ``as_of`` what happened since its last digest; return the mails sent.

    Nothing new, back, mended or newly overdue: no mail. A mail that a crash or the mail server kept from being sent
    goes first, unchanged. A repeated run sends nothing. At ``moment`` (default: now) outside the delivery window the
    mails wait for :func:`send_waiting`.

    Raises:
        AgreementNotInForce: the agreement does not permit the exchange on that day.
        AgreementError: a party has no liaison unit on that day.
        StepFailed: the marts are not there yet.
        SourceUnavailable: the mail server or the warehouse does not answer; what is pending is sent by the next run.
        AuthenticationError: the mail server refuses the login.
    """
    agreement.require_in_force(as_of, "alert")
    alerts = alert_settings or AlertSettings()
    with (
        connect(settings.database_url.get_secret_value(), application="padan-alerts", role="alerts") as connection,
        exclusive(connection, "alerts"),
    ):
        try:
            _decide(connection, agreement, alerts, as_of, smtp_settings.domain)
        except psycopg.errors.UndefinedTable:
            raise StepFailed("the marts are not built yet; there is nothing to tell of") from None
        return outbox.deliver(connection, smtp_settings, alerts, agreement, as_of, moment or datetime.now(UTC))


def send_waiting(
    settings: Settings,
    smtp_settings: SmtpSettings,
    agreement: Agreement,
    as_of: date,
    *,
    alert_settings: AlertSettings,
    moment: datetime | None = None,
) -> list[Digest]:
    """Send the mails that wait, if they may go out now; return them.

    Raises:
        AgreementNotInForce: the agreement does not permit alerts on that day.
        SourceUnavailable: the mail server or the warehouse does not answer.
        AuthenticationError: the mail server refuses the login.
    """
    agreement.require_in_force(as_of, "alert")
    with (
        connect(settings.database_url.get_secret_value(), application="padan-alerts", role="alerts") as connection,
        exclusive(connection, "alerts"),
    ):
        when = moment or datetime.now(UTC)
        return outbox.deliver(connection, smtp_settings, alert_settings, agreement, as_of, when)
