"""Reminds the unit concerned of what is due soon or late: once per duty and due date, one mail a day at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from padan.agreement import Agreement
from padan.agreement.clauses import PartyCode
from padan.agreement.wording import indonesian
from padan.alerts import letters
from padan.minutes.common import article
from padan.obligations.standing import Standing
from padan.settings import SmtpSettings
from padan.warehouse.connection import Connection, exclusive

DAYS_BEFORE = 30
_PARTIES: tuple[PartyCode, ...] = ("bkn", "bps")
_OPENING = (
    "Bersama ini disampaikan kewajiban {role} menurut Perjanjian Kerja Sama yang buktinya belum tercatat sampai dengan "
    "{day}:"
)
_CLOSING = (
    "Apabila kewajiban tersebut telah dilaksanakan, mohon buktinya disampaikan agar dapat dicatat. Pengingat ini "
    "disampaikan satu kali untuk setiap kewajiban dan tenggat."
)


def remind(
    connection: Connection, settings: SmtpSettings, agreement: Agreement, found: Sequence[Standing], day: date
) -> int:
    """Write and send what was not told yet; how many mails went out.

    Notices that an event makes due (articles 6, 8, 10) are the agreement guard's to tell, not told twice.

    Raises:
        SourceUnavailable: the mail server does not answer; the letter waits for the next day.
    """
    with exclusive(connection, "alerts"):
        for party in _PARTIES:
            due = [one for one in found if one.duty.party == party and _to_tell(one, day)]
            untold = _untold(connection, due)
            if untold:
                _write(connection, agreement, party, day, untold)
        return letters.deliver(connection, settings, agreement)


def _to_tell(one: Standing, day: date) -> bool:
    if one.duty.kind == "on_event" or one.duty.due_on is None:
        return False
    return one.state == "late" or (one.state == "open" and (one.duty.due_on - day).days <= DAYS_BEFORE)


def _untold(connection: Connection, due: list[Standing]) -> list[Standing]:
    told = set(connection.execute("select obligation, party, due_on from obligations.reminder").fetchall())
    return [one for one in due if (one.duty.obligation, one.duty.party, one.duty.due_on) not in told]


def _write(connection: Connection, agreement: Agreement, party: PartyCode, day: date, untold: list[Standing]) -> None:
    key = f"duties:{day.isoformat()}"
    with connection.transaction():
        letters.write(connection, letter(agreement, party, day, untold))
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into obligations.reminder (obligation, party, due_on, told_on, letter_key) "
                "values (%s, %s, %s, %s, %s)",
                [(one.duty.obligation, party, one.duty.due_on, day, key) for one in untold],
            )


def letter(agreement: Agreement, party: PartyCode, day: date, untold: Sequence[Standing]) -> letters.Letter:
    """The mail to the liaison unit of ``party``."""
    opening = _OPENING.format(role=agreement.parties[party].role, day=indonesian(day))
    items = [f"{number}. {_told(one, day)}" for number, one in enumerate(untold, start=1)]
    subject = f"[Padan] Pengingat kewajiban Perjanjian Kerja Sama: {len(untold)} kewajiban"
    body = letters.body(agreement, party, day, opening, *items, _CLOSING)
    return letters.Letter(f"duties:{day.isoformat()}", party, day, subject, body)


def _told(one: Standing, day: date) -> str:
    duty = one.duty
    if duty.due_on is None:  # never: such a duty is not told
        return duty.duty
    left = (duty.due_on - day).days
    when = f"{left} hari lagi" if left > 0 else "hari ini" if left == 0 else f"terlewati {-left} hari"
    so_far = f" Catatan sampai saat ini: {one.evidence.text}." if one.evidence.text else ""
    return (
        f"{duty.duty} ({', '.join(article(cite) for cite in duty.cites[:1])}). Periode {duty.period}, tenggat "
        f"{indonesian(duty.due_on)} ({when}).{so_far}"
    )
