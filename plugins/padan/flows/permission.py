"""Asks the agreement before a step runs, and lets the liaison units know of what it says."""

from __future__ import annotations

import logging
from datetime import date

from padan.agreement import guard
from padan.agreement.clauses import Action
from padan.alerts.letters import tell
from padan.flows.context import Context
from padan.settings import SmtpSettings, load
from padan.warehouse.migrations import migrate

logger = logging.getLogger(__name__)


def ask(as_of: date, action: Action) -> None:
    """Go on only if the agreement permits ``action`` on ``as_of`` (PKS articles 6 and 10).

    Raises:
        AgreementNotInForce: it does not; the liaison units have been told.
        SourceUnavailable: the warehouse does not answer.
    """
    context = Context.load()
    permission = guard(context.agreement, as_of, action)
    for notice in permission.warnings:
        logger.warning("%s", notice.text)
    if permission.refusal or permission.warnings:
        url = context.settings.database_url.get_secret_value()
        migrate(url)
        tell(url, load(SmtpSettings), context.agreement, permission)
    permission.require()
