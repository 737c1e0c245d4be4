"""The step that says who is who, between two stages of dbt."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.flows.warehouse import match_exactly
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate


def link_people(as_of: date) -> dict[str, Any]:
    """Match by decisions and exact keys, then whom these leave by further tiers; uncertain pairs wait for a person."""
    from padan import matching
    from padan.matching import decisions

    settings = Context.load().settings
    url = settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application="padan-matching", role="transformer") as connection:
        decided = decisions.check(connection)
        match_exactly(as_of)
        done = matching.link(connection)
    return {
        "decisions": decided,
        "left_bkn": done.left_bkn,
        "left_bps": done.left_bps,
        "tiers": done.tiers,
        "review": done.review,
    }
