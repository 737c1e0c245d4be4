"""Steps that tell people."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.settings import SmtpSettings, load


def notify_liaison(as_of: date) -> dict[str, Any]:
    """Mail each liaison unit its digest; nothing new, no mail (PKS article 8)."""
    from padan import alerts

    context = Context.load()
    digests = alerts.notify(context.settings, load(SmtpSettings), context.agreement, as_of)
    return {"mails": len(digests)}
