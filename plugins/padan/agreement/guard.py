"""May this be done on that day? Each extraction, publication and alert asks (PKS articles 6 and 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from padan.agreement.clauses import Action, PartyCode
from padan.agreement.notices import Notice, notices
from padan.agreement.wording import indonesian
from padan.errors import AgreementNotInForce

if TYPE_CHECKING:
    from padan.agreement.model import Agreement


class RefusalReason(StrEnum):
    """Why the agreement does not permit an action on a day."""

    NOT_YET_IN_FORCE = "not_yet_in_force"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not permitted; ``text`` for logs and errors, ``text_id`` for the liaison units."""

    reason: RefusalReason
    action: Action
    day: date
    article: str
    text: str
    text_id: str
    since: date

    @property
    def key(self) -> str:
        """The same for every day and action of one stop, so that the liaison units are told once."""
        return f"{self.reason}:{self.since.isoformat()}"


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer to one question: may ``action`` be done on ``day``?"""

    action: Action
    day: date
    refusal: Refusal | None
    warnings: tuple[Notice, ...]

    @property
    def granted(self) -> bool:
        """Whether it may."""
        return self.refusal is None

    def require(self) -> None:
        """Go on only if it may.

        Raises:
            AgreementNotInForce: saying why it may not.
        """
        if self.refusal is not None:
            raise AgreementNotInForce(self.refusal.text)


def guard(agreement: Agreement, day: date, action: Action) -> Permission:
    """Whether ``agreement`` permits ``action`` on the logical date ``day``, and what it warns of.

    Outside the validity and during a suspension nothing is extracted, published or alerted. A ``notice`` (the mail that
    says so) holds no data of the exchange and is always permitted.
    """
    return Permission(action, day, refuse(agreement, day, action), notices(agreement.on(day), day))


def refuse(agreement: Agreement, day: date, action: Action) -> Refusal | None:
    """Why ``action`` is not permitted on ``day``, or None if it is."""
    if action == "notice":
        return None
    effective = agreement.on(day)
    start, end = effective.validity.start, effective.validity.end
    if not start <= day <= end:
        return _outside(agreement, day, action, start, end)
    for suspension in effective.suspensions:
        if suspension.covers(day, action):
            until = f"until {suspension.end.isoformat()}" if suspension.end else "until its end is recorded"
            until_id = f"sampai dengan {indonesian(suspension.end)}" if suspension.end else "sampai dinyatakan berakhir"
            return Refusal(
                RefusalReason.SUSPENDED,
                action,
                day,
                "10(3)",
                f"no {action} on {day.isoformat()}: suspended from {suspension.start.isoformat()} {until}, "
                f"force majeure met by {suspension.party.upper()} (article 10)",
                f"Pelaksanaan Perjanjian Kerja Sama ditangguhkan sejak {indonesian(suspension.start)} {until_id} "
                f"karena keadaan kahar yang dialami {_role(agreement, suspension.party)} (Pasal 10).",
                suspension.start,
            )
    return None


def _outside(agreement: Agreement, day: date, action: Action, start: date, end: date) -> Refusal:
    period = f"the agreement is in force from {start.isoformat()} to {end.isoformat()} (article 6)"
    period_id = f"berlaku sejak {indonesian(start)} sampai dengan {indonesian(end)} (Pasal 6)"
    if day < start:
        reason, article, since = RefusalReason.NOT_YET_IN_FORCE, "6(1)", start
        state_id = "belum berlaku"
    else:
        terminated = any(addendum.changes.termination == end for addendum in agreement.addenda_on(day))
        reason = RefusalReason.TERMINATED if terminated else RefusalReason.EXPIRED
        article, since = ("6(2)" if terminated else "6(1)"), end + timedelta(days=1)
        state_id = "telah diakhiri" if terminated else "telah berakhir"
    return Refusal(
        reason,
        action,
        day,
        article,
        f"no {action} on {day.isoformat()}: {period}",
        f"Pada {indonesian(day)} Perjanjian Kerja Sama {state_id}; perjanjian {period_id}. "
        "Tidak ada data yang diminta, dipublikasikan, atau disampaikan.",
        since,
    )


def _role(agreement: Agreement, party: PartyCode) -> str:
    return f"{agreement.parties[party].role} ({agreement.parties[party].name})"
