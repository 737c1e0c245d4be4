"""What a person of a liaison unit may do to a case. Closing is not among it: a case closes when the data agree."""

from __future__ import annotations

from datetime import date
from typing import Literal

import psycopg

from padan.differences.ledger import LOCK
from padan.errors import StepFailed
from padan.warehouse.connection import Connection, exclusive

Verb = Literal["acknowledged", "disputed", "waived"]


def act(
    connection: Connection,
    case_id: str,
    verb: Verb,
    *,
    actor: str,
    as_of: date,
    reason: str | None = None,
    until: date | None = None,
) -> None:
    """Record that ``actor`` acknowledged, disputed or waived the case; ``until`` is the last day of a waiver.

    Raises:
        StepFailed: there is no such case, its state does not allow it, or what is needed (a reason, a term) is missing.
    """
    try:
        with exclusive(connection, LOCK), connection.transaction():
            connection.execute(
                "insert into ledger.event (case_id, as_of, kind, actor, reason, until) values (%s, %s, %s, %s, %s, %s)",
                (case_id, as_of, verb, actor, reason, until),
            )
    except psycopg.errors.CheckViolation as error:
        # The message of the trigger names the case; that of a constraint would print the row: its name is enough.
        told = error.diag.constraint_name or error.diag.message_primary or ""
        raise StepFailed(f"refused: {told.removeprefix('ledger: ').replace('_', ' ')}") from None
