"""Steps that make the official papers of a semester: draft, decision, publication, mail, evidence, proof."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

from padan.errors import StepFailed
from padan.flows.context import Context
from padan.minutes.office import Office, Verification, verify_folder
from padan.minutes.period import Period
from padan.settings import MinutesSettings, SmtpSettings, load

logger = logging.getLogger(__name__)


def office() -> Office:
    """The office of the settings."""
    context = Context.load()
    settings, minutes = context.settings, load(MinutesSettings)
    return Office(
        database_url=settings.database_url.get_secret_value(),
        agreement=context.agreement,
        register=minutes.register_dir or settings.project_dir / "register",
        output=minutes.papers(settings),
    )


def _period(as_of: date, period: str | None) -> Period:
    return Period.parse(period) if period else Period.last_ended(as_of)


def draft_minutes(
    as_of: date, period: str | None = None, signed_on: str | None = None, by: str = "Padan"
) -> dict[str, Any]:
    """Close the semester, or the newest that is over, and draft its papers, marked DRAF."""
    from padan.warehouse.migrations import migrate

    place = office()
    migrate(place.database_url)
    return place.draft(_period(as_of, period), as_of, by, date.fromisoformat(signed_on) if signed_on else None)


def approve_minutes(as_of: date, by: str, period: str | None = None, signed_on: str | None = None) -> dict[str, Any]:
    """Record that a person approved the draft."""
    day = date.fromisoformat(signed_on) if signed_on else None
    return office().approve(_period(as_of, period), by, as_of, day)


def reject_minutes(as_of: date, by: str, reason: str, period: str | None = None) -> dict[str, Any]:
    """Return the papers to draft with the reason; nothing is published."""
    return office().reject(_period(as_of, period), by, reason, as_of)


def publish_minutes(as_of: date, period: str | None = None) -> dict[str, Any]:
    """Number and publish the approved papers, all or none."""
    return office().publish(_period(as_of, period), as_of)


def mail_minutes(as_of: date, period: str | None = None) -> dict[str, Any]:
    """Tell both liaison units, each once (PKS article 8)."""
    from padan.alerts.delivery import open_server, send
    from padan.minutes import mail, registry
    from padan.warehouse.connection import connect, exclusive

    place, settings, wanted = office(), load(SmtpSettings), _period(as_of, period)
    with (
        connect(place.database_url, application="padan-minutes", role="minutes") as connection,
        exclusive(connection, "minutes"),
    ):
        edition = registry.require(connection, wanted, "published")
        waiting = registry.pending_mails(connection, edition)
        if waiting:
            inputs, files = registry.frozen(connection, edition).inputs, registry.recorded_files(connection, edition)
            with open_server(settings) as server:
                for party in waiting:
                    liaison = place.agreement.on(as_of).liaison(party, as_of)
                    send(server, mail.compose(edition, inputs, files, party, liaison.email, settings.sender))
                    registry.mark_mailed(connection, edition, party)
        return {"period": str(wanted), "mails": len(waiting)}


def record_minutes_evidence(as_of: date, period: str | None = None) -> dict[str, Any]:
    """Record that the duties of PKS articles 3(2)d and 7 were met for the semester."""
    return office().record_evidence(_period(as_of, period), as_of)


def verify_minutes(as_of: date, period: str | None = None) -> dict[str, Any]:
    """Make the published papers again; raises StepFailed where a byte or a counted row differs."""
    found = verify(period or str(_period(as_of, None)))
    if not found.identical:
        raise StepFailed(f"{found.period}, edition {found.edition}: {'; '.join(found.differences)}")
    return {"period": found.period, "edition": found.edition, "files": found.files, "identical": True}


def verify(what: str) -> Verification:
    """Prove a published semester, or the papers in a folder with their inputs beside them."""
    folder = Path(what)
    return verify_folder(folder) if folder.is_dir() else office().verify(Period.parse(what))
