"""The step that deletes what may be kept no longer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from padan.flows.context import Context
from padan.settings import MinutesSettings, load

if TYPE_CHECKING:
    from pathlib import Path

    from padan.agreement import Agreement
    from padan.retention import Due
    from padan.settings import Settings


def maintain_retention(as_of: date) -> dict[str, Any]:
    """Delete what is past its term of retention on ``as_of`` and record it; repeated, it does nothing."""
    from padan import retention

    return {"deleted": retention.maintain(*_holdings(as_of))}


def foresee_retention(as_of: date) -> list[Due]:
    """What :func:`maintain_retention` would delete on ``as_of``; changes nothing."""
    from padan import retention

    return retention.foresee(*_holdings(as_of))


def _holdings(as_of: date) -> tuple[Settings, Agreement, date, Path]:
    context = Context.load()
    return context.settings, context.agreement, as_of, load(MinutesSettings).papers(context.settings)
