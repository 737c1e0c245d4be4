"""The end of a message about a landing that broke off: which extract, what was kept, what to do next.

It goes with the error wherever it is read: the task's failure, its log, ``landing.extract`` and the watch's mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from padan.errors import (
    AuthenticationError,
    ContractViolation,
    MalformedResponse,
    OperatorTokenExpired,
    PadanError,
    PublicationStopped,
    SourceUnavailable,
)

if TYPE_CHECKING:
    from padan.landing.extracts import Work

# The first kind that fits. {agency} and {party} are of the extract.
_NEXT: tuple[tuple[type[PadanError], str], ...] = (
    (OperatorTokenExpired, "clear the failed task when the new token is there"),
    (AuthenticationError, "check key and secret with {agency}, then clear the failed task"),
    (
        ContractViolation,
        "ask {agency} what changed; mend agreement/ and staging if it is meant to stay, then clear open_{party} and "
        "what follows",
    ),
    (
        PublicationStopped,
        "confirm the numbers with {agency}; look into landing.quarantine of it, then clear open_{party} and what "
        "follows, with the limit, where one is named, raised for one run if the loss is true",
    ),
    (
        MalformedResponse,
        "see whether {agency}'s service answers (often a proxy or a maintenance page), then clear open_{party} and "
        "what follows",
    ),
    (SourceUnavailable, "nothing: it is tried again, and goes on where it stopped"),
)


def complete(work: Work, error: PadanError, *, ended: bool) -> None:
    """Add to ``error`` what an engineer at night has to know; counts and dates only."""
    found = next((text for kind, text in _NEXT if isinstance(error, kind)), None)
    if found is None or work.connection.closed or len(error.args) != 1:
        return
    extract = work.extract
    row = work.connection.execute(
        "select (select max(as_of) from landing.extract where party = %(party)s and state = 'published'), "
        "(select count(*) from landing.checkpoint where extract_id = %(extract)s)",
        {"party": extract.party, "extract": extract.extract_id},
    ).fetchone()
    published, fetched = row or (None, 0)
    kept = f"raw_{extract.party} as published for {published}" if published else "nothing was ever published"
    if not ended:
        kept += f", and {fetched} answers that this extract holds"
    advice = found.format(agency=extract.party.upper(), party=extract.party)
    error.args = (f"{error}; extract {extract.extract_id} of {extract.as_of}; kept: {kept}; next: {advice}",)
