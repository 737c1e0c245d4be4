"""Pauses of alerts: a liaison unit, a case, an attribute or an agency is not told of until a day, for a reason.

A pause is asked for by one person and reviewed by another, lasts 92 days at most, and stays on record. The ledger and
its terms go on meanwhile; what happened in the pause is told by the first run after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from padan.agreement.model import PartyCode
from padan.errors import StepFailed
from padan.warehouse.connection import Connection, exclusive


@dataclass(frozen=True, slots=True)
class Scope:
    """What is silenced: what fits every word that is given."""

    party: PartyCode | None = None
    case_id: str | None = None
    attribute: str | None = None
    instansi_id: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """Who asked for a pause, who reviewed it, and why."""

    requested_by: str
    reviewed_by: str
    reason: str


_FITTING = """
    select count(*)
    from marts_reconciliation.fct_differences as differences
    where
        (%(party)s::text is null or owner_party in (%(party)s, 'both'))
        and (%(case_id)s::text is null or case_id = %(case_id)s)
        and (%(attribute)s::text is null or attribute = %(attribute)s)
        and (%(instansi_id)s::text is null or instansi_id = %(instansi_id)s)
"""


def _words(scope: Scope) -> dict[str, str | None]:
    return {name: getattr(scope, name) for name in Scope.__slots__}


def count(connection: Connection, scope: Scope) -> int:
    """How many open differences ``scope`` silences now."""
    row = connection.execute(_FITTING, _words(scope)).fetchone()
    return row[0] if row else 0


def snooze(connection: Connection, scope: Scope, review: Review, as_of: date, until: date) -> int:
    """Silence ``scope`` from ``as_of`` to ``until``, both included; return the number of the pause.

    Raises:
        StepFailed: it names nothing, ends before it begins, lasts over 92 days, or nobody else reviewed it.
    """
    words = _words(scope) | {"starts_on": as_of, "until": until}
    words |= {"reason": review.reason, "requested_by": review.requested_by, "reviewed_by": review.reviewed_by}
    columns = ", ".join(words)
    places = ", ".join(f"%({name})s" for name in words)
    try:
        with exclusive(connection, "alerts"):
            row = connection.execute(
                f"insert into alerts.snooze ({columns}) values ({places}) returning snooze_id",  # noqa: S608
                words,
            ).fetchone()
    except psycopg.errors.CheckViolation as error:
        # The constraint's name says it; its message would print the row.
        raise StepFailed(f"refused: {(error.diag.constraint_name or '').replace('_', ' ')}") from None
    return int(row[0]) if row else 0


def wake(connection: Connection, snooze_id: int, as_of: date, actor: str) -> None:
    """End the pause ``snooze_id``: from ``as_of`` on it silences nothing.

    Raises:
        StepFailed: there is no such pause, or it was ended before.
    """
    with exclusive(connection, "alerts"):
        done = connection.execute(
            "update alerts.snooze set ended_on = %s, ended_by = %s where snooze_id = %s and ended_on is null",
            (as_of, actor, snooze_id),
        )
    if done.rowcount != 1:
        raise StepFailed(f"no pause {snooze_id} is running")
