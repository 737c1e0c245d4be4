"""The step that takes a run's differences into the ledger, and then lists them with state and due date."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.flows.warehouse import DATA_ONLY, WORKLIST
from padan.warehouse.connection import connect
from padan.warehouse.dbt import run_dbt


def update_ledger(as_of: date) -> dict[str, Any]:
    """Open, close, reopen and escalate cases by what the marts hold; repeated or late, it changes nothing.

    The worklist follows the ledger: it names the day until which each difference is to be mended.
    """
    from padan import differences, landing

    context = Context.load()
    settings = context.settings
    with connect(settings.database_url.get_secret_value(), application="padan-ledger", role="ledger") as connection:
        done = differences.update(
            connection,
            as_of,
            critical_term=settings.critical_term,
            warning_term=settings.warning_term,
            suspensions=context.on(as_of).agreement.suspensions,
        )
    if done.late:
        return {"late": True}
    with connect(
        settings.database_url.get_secret_value(), application="padan-ledger", role="transformer"
    ) as connection:
        to_ask_sooner = landing.hint(connection)
    run_dbt(settings, as_of, "build", *DATA_ONLY, "--select", WORKLIST)
    return {"late": False, "to_ask_sooner": to_ask_sooner, **done.events}
