"""What the agreement itself gives cause to tell the liaison units: that it stops an exchange, or that a notice is due.

Each is told once: a letter is written down under a key before it is sent, so that neither a later step, nor another
day of the same stop, nor a repeated run writes it again. One that the mail server did not take is sent by the next step
that asks. A letter holds no data of the exchange, and is permitted on every day.
"""

from __future__ import annotations

import hashlib
import logging
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial

from padan.agreement import Agreement, LiaisonUnit, Notice, Permission, Refusal
from padan.agreement.clauses import PartyCode
from padan.alerts.delivery import open_server, send_once
from padan.errors import AgreementError, PadanError
from padan.settings import SmtpSettings
from padan.warehouse.connection import Connection, connect, exclusive

logger = logging.getLogger(__name__)
_PARTIES: tuple[PartyCode, ...] = ("bkn", "bps")
_WIDTH = 72
_STOPPED = "[Padan] Pertukaran data dihentikan: {}"
_STATES = {
    "not_yet_in_force": "perjanjian belum berlaku",
    "expired": "perjanjian telah berakhir",
    "terminated": "perjanjian telah diakhiri",
    "suspended": "perjanjian ditangguhkan",
}
_WARNINGS = {
    "extension": "[Padan] Pengingat: jangka waktu Perjanjian Kerja Sama akan berakhir",
    "liaison_change": "[Padan] Pengingat: pemberitahuan penggantian penghubung",
    "force_majeure": "[Padan] Pengingat: pemberitahuan keadaan kahar",
}
_CLOSING_STOPPED = (
    "Selama keadaan ini berlangsung, Padan tidak meminta, memublikasikan, atau menyampaikan data. "
    "Pemberitahuan ini disampaikan satu kali."
)
_CLOSING_WARNING = "Pengingat ini disampaikan satu kali."


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one liaison unit."""

    key: str
    party: PartyCode
    as_of: date
    subject: str
    text: str


def tell(database_url: str, settings: SmtpSettings, agreement: Agreement, permission: Permission) -> int:
    """Tell the liaison units what ``permission`` refuses or warns of, unless they were told; how many mails went out.

    A mail server that does not answer is logged, not raised: it must not decide whether data may be exchanged.

    Raises:
        SourceUnavailable: the warehouse does not answer.
        StepFailed: another run has been telling for a minute.
    """
    wanted = list(_letters(agreement, permission))
    if not wanted:
        return 0
    with connect(database_url, application="padan-alerts", role="alerts") as connection:
        if not _untold(connection, wanted):
            return 0
        with exclusive(connection, "alerts"):
            for letter in wanted:
                write(connection, letter)
            try:
                return deliver(connection, settings, agreement)
            except PadanError as error:
                logger.warning("the liaison units could not be told yet: %s", error)
                return 0


def _letters(agreement: Agreement, permission: Permission) -> Iterator[Letter]:
    day = permission.day
    if permission.refusal:
        for party in _PARTIES:
            yield _of_refusal(agreement, party, permission.refusal)
    for notice in permission.warnings:
        for party in _PARTIES:
            if notice.owed_by in (party, "both"):
                yield _of_notice(agreement, party, day, notice)


def _of_refusal(agreement: Agreement, party: PartyCode, refusal: Refusal) -> Letter:
    subject = _STOPPED.format(_STATES[refusal.reason])
    text = body(agreement, party, refusal.day, refusal.text_id, _CLOSING_STOPPED)
    return Letter(f"stop:{refusal.key}", party, refusal.day, subject, text)


def _of_notice(agreement: Agreement, party: PartyCode, day: date, notice: Notice) -> Letter:
    key = f"{notice.kind}:{notice.owed_by}:{notice.due.isoformat()}"
    uncertain = (f"Catatan: hari kerja dihitung dari kalender yang belum pasti ({notice.uncertain}).",)
    paragraphs = (notice.text_id, *(uncertain if notice.uncertain else ()), _CLOSING_WARNING)
    return Letter(key, party, day, _WARNINGS[notice.kind], body(agreement, party, day, *paragraphs))


def body(agreement: Agreement, party: PartyCode, day: date, *paragraphs: str) -> str:
    """The text of a letter: whom it is for, its paragraphs, which agreement it is about."""
    effective = agreement.on(day)
    about = f"Perihal: {effective.title}, nomor {effective.numbers['bps']} dan {effective.numbers['bkn']}."
    address = f"Yth. {unit_of(agreement, party, day).unit}"
    return (
        "\n\n".join(textwrap.fill(each, _WIDTH, break_on_hyphens=False) for each in (address, *paragraphs, about))
        + "\n"
    )


def unit_of(agreement: Agreement, party: PartyCode, day: date) -> LiaisonUnit:
    """The liaison unit on ``day`` or, after the agreement's end, the last one.

    Raises:
        AgreementError: the agreement names none that could be told.
    """
    try:
        return agreement.on(day).liaison(party, day)
    except AgreementError:
        known = [unit for unit in agreement.liaison_units if unit.party == party]
        if not known:
            raise
        return max(known, key=lambda unit: unit.valid_from)


def _untold(connection: Connection, letters: list[Letter]) -> bool:
    told = connection.execute("select key, party from alerts.letter where state = 'sent'").fetchall()
    return bool({(letter.key, letter.party) for letter in letters} - set(told))


def write(connection: Connection, letter: Letter) -> None:
    """Write a letter down, unless one of its key and party was; :func:`deliver` sends it."""
    connection.execute(
        "insert into alerts.letter (key, party, as_of, subject, body_text, created_at) values (%s, %s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (letter.key, letter.party, letter.as_of, letter.subject, letter.text, datetime.now(UTC).replace(microsecond=0)),
    )


def deliver(connection: Connection, settings: SmtpSettings, agreement: Agreement) -> int:
    """Send every letter that waits; how many went out.

    Raises:
        SourceUnavailable: the mail server does not answer; what it did not take waits.
    """
    waiting = connection.execute(
        "select key, party, as_of, subject, body_text, created_at from alerts.letter where state = 'pending' "
        "order by created_at, key, party"
    ).fetchall()
    if not waiting:
        return 0
    with open_server(settings) as server:
        for key, party, as_of, subject, text, created_at in waiting:
            message = EmailMessage(policy=SMTP)
            message["From"] = settings.sender
            message["To"] = unit_of(agreement, party, as_of).email
            message["Subject"] = subject
            message["Date"] = format_datetime(created_at.astimezone(UTC))
            identity = hashlib.sha256(f"{key}\0{party}".encode()).hexdigest()[:32]
            message["Message-ID"] = f"<padan.{identity}@{settings.domain}>"
            message["Content-Language"] = "id"
            message["Auto-Submitted"] = "auto-generated"
            message.set_content(text)
            mark = partial(_mark, connection, key, party)
            send_once(server, message, leaving=partial(mark, "handing_over"), refused=partial(mark, "pending"))
            mark("sent")
            logger.info("told the liaison unit of %s: %s", party, key)
    return len(waiting)


def _mark(connection: Connection, key: str, party: PartyCode, state: str, _kind: str = "") -> None:
    connection.execute(
        "update alerts.letter set state = %(state)s, sent_at = case when %(state)s = 'sent' then now() end "
        "where key = %(key)s and party = %(party)s",
        {"state": state, "key": key, "party": party},
    )
