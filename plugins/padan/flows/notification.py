"""Steps that tell people."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan.flows.context import Context
from padan.settings import AlertSettings, SmtpSettings, load


def notify_liaison(as_of: date) -> dict[str, Any]:
    """Mail each liaison unit its digest; nothing new, no mail (PKS article 8)."""
    from padan import alerts

    context = Context.load()
    mails = alerts.notify(
        context.settings, load(SmtpSettings), context.agreement, as_of, alert_settings=load(AlertSettings)
    )
    return {"mails": len(mails)}


def send_waiting(as_of: date) -> dict[str, Any]:
    """Send the mails that waited for working hours or for the mail server."""
    from padan import alerts

    context = Context.load()
    mails = alerts.send_waiting(
        context.settings, load(SmtpSettings), context.agreement, as_of, alert_settings=load(AlertSettings)
    )
    return {"mails": len(mails)}


def watch(as_of: date) -> dict[str, Any]:
    """Look for missed runs, jumps and stuck mails, and tell the operators once."""
    from padan import alerts

    context = Context.load()
    found = alerts.watch(context.settings, load(SmtpSettings), load(AlertSettings), context.agreement, as_of)
    return {"wrong": len(found.problems), "new": list(found.opened), "over": list(found.cleared), "mails": found.mailed}
