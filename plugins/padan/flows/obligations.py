"""Steps of the duties: how they stand, the mart of it, reminders."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.obligations import Standing, remind, standing, store
from padan.settings import MinutesSettings, SmtpSettings, load
from padan.warehouse.connection import connect
from padan.warehouse.dbt import run_dbt
from padan.warehouse.migrations import migrate


def found(as_of: date) -> tuple[Standing, ...]:
    """How each duty stands on ``as_of``; changes nothing."""
    context = Context.load()
    settings, register = context.settings, load(MinutesSettings).register_dir
    with connect(
        settings.database_url.get_secret_value(), application="padan-obligations", role="obligations"
    ) as connection:
        return standing(connection, context.agreement, register or settings.project_dir / "register", as_of)


def review_obligations(as_of: date) -> dict[str, Any]:
    """Write down how each duty stands."""
    url = Context.load().settings.database_url.get_secret_value()
    migrate(url)
    duties = found(as_of)
    with connect(url, application="padan-obligations", role="obligations") as connection:
        store(connection, as_of, duties)
    return dict(Counter(one.state for one in duties))


def publish_obligations(as_of: date) -> dict[str, Any]:
    """Build the mart of the obligations and its tests."""
    outcome = run_dbt(
        Context.load().settings, as_of, "build", "--exclude-resource-type", "unit_test",
        "--select", "stg_obligations__standing", "rpt_obligations",
    )  # fmt: skip
    return {"nodes": outcome.nodes}


def remind_obligations(as_of: date) -> dict[str, Any]:
    """Remind the unit concerned of what is due within a month or late; told before, no mail."""
    context = Context.load()
    duties = found(as_of)
    with connect(
        context.settings.database_url.get_secret_value(), application="padan-obligations", role="obligations"
    ) as connection:
        return {"mails": remind(connection, load(SmtpSettings), context.agreement, duties, as_of)}
