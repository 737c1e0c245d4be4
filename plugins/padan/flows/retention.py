"""The step that deletes what may be kept no longer."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.settings import MinutesSettings, load


def maintain_retention(as_of: date) -> dict[str, Any]:
    """Delete what is past its term of retention on ``as_of`` and record it; repeated, it does nothing."""
    from padan import retention

    context = Context.load()
    settings = context.settings
    papers = load(MinutesSettings).papers(settings)
    return {"deleted": retention.maintain(settings, context.agreement, as_of, papers)}
