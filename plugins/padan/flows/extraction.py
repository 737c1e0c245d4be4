"""Steps that bring each agency's data to raw."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from padan import landing
from padan.agreement.model import PartyCode
from padan.errors import NotLanded, StepFailed
from padan.flows.context import Context
from padan.landing import ExtractSummary
from padan.settings import JfSettings, SiasnSettings, load
from padan.warehouse.connection import connect

logger = logging.getLogger(__name__)
Landing = Callable[[date], dict[str, Any]]
Result = TypeVar("Result")


def open_bps(as_of: date) -> dict[str, Any]:
    """Open or continue BPS's extract; raises AgreementNotInForce outside the validity (PKS article 6)."""
    return _open(as_of, "bps")


def open_bkn(as_of: date) -> dict[str, Any]:
    """Open or continue BKN's extract; raises AgreementNotInForce outside the validity (PKS article 6)."""
    return _open(as_of, "bkn")


def land_bps_lists(as_of: date) -> dict[str, Any]:
    """Fetch and stage every list of BPS, incrementally where the service can tell what changed."""
    context = Context.load().on(as_of)
    extract_id = _opened(context, as_of, "bps")
    landing.land_lists(context.settings, context.agreement, extract_id, landing.jf_client(load(JfSettings)))
    return {"extract_id": extract_id}


def land_bkn_reference(as_of: date) -> dict[str, Any]:
    """Fetch and stage BKN's reference codes (PKS article 3 (1) b)."""
    context = Context.load().on(as_of)
    extract_id = _opened(context, as_of, "bkn")
    client = landing.siasn_client(load(SiasnSettings))
    landing.land_reference(context.settings, context.agreement, extract_id, client)
    return {"extract_id": extract_id}


def land_bkn_roster(as_of: date) -> dict[str, Any]:
    """Stage the portal export and settle whom SIASN is asked about."""
    context = Context.load().on(as_of)
    extract_id = _opened(context, as_of, "bkn")
    daily_calls = load(SiasnSettings).daily_calls

    def land() -> None:
        landing.land_rosters(context.settings, context.agreement, extract_id, daily_calls=daily_calls)

    _reading_first(land, as_of, land_bkn_reference)
    return {"extract_id": extract_id}


def land_bkn_people(as_of: date) -> dict[str, Any]:
    """Fetch and stage SIASN person by person, going on at the last checkpoint."""
    context = Context.load().on(as_of)
    extract_id = _opened(context, as_of, "bkn")
    client = landing.siasn_client(load(SiasnSettings))

    def land() -> None:
        landing.land_people(context.settings, context.agreement, extract_id, client)

    _reading_first(land, as_of, land_bkn_reference, land_bkn_roster)
    return {"extract_id": extract_id}


def publish_bps(as_of: date) -> dict[str, Any]:
    """Check the counts and merge BPS's staged rows into raw; raises PublicationStopped where a gate forbids it."""
    return _publish(as_of, "bps", land_bps_lists)


def publish_bkn(as_of: date) -> dict[str, Any]:
    """Check the counts and merge BKN's staged rows into raw; raises PublicationStopped where a gate forbids it."""
    return _publish(as_of, "bkn", land_bkn_reference, land_bkn_roster, land_bkn_people)


def extraction_outcome(as_of: date, party: PartyCode) -> dict[str, Any]:
    """Whether the party's published data is of ``as_of``."""
    latest = _latest(Context.load(), party)
    current = latest is not None and latest[1] == as_of and latest[2] == "published"
    return {"party": party, "current": current}


def _open(as_of: date, party: PartyCode) -> dict[str, Any]:
    context = Context.load().on(as_of)
    return {"extract_id": landing.open_extract(context.settings, context.agreement, party, as_of)}


def _publish(as_of: date, party: PartyCode, *landing_steps: Landing) -> dict[str, Any]:
    context = Context.load().on(as_of)
    extract_id = _opened(context, as_of, party)

    def publish() -> ExtractSummary:
        return landing.publish(context.settings, context.agreement, extract_id)

    return _counts(_reading_first(publish, as_of, *landing_steps))


def _reading_first(work: Callable[[], Result], as_of: date, *earlier: Landing) -> Result:
    """Do ``work``; where what it builds on is not staged, run the earlier steps again and then do it.

    A crash of the database server empties the lists, which are staged unlogged. The task that is tried again then would
    lack them for ever: the tasks that read them have succeeded. Each step does only what is missing.
    """
    try:
        return work()
    except NotLanded as lack:
        logger.warning("%s; the lists are read anew first", lack)
    for step in earlier:
        step(as_of)
    return work()


def _counts(summary: ExtractSummary) -> dict[str, Any]:
    keys = ("extracted", "landed", "quarantined", "out_of_scope", "inserted", "updated", "deleted")
    return {
        "extract_id": summary.extract_id,
        "datasets": {one.dataset: {key: getattr(one, key) for key in keys} for one in summary.datasets},
    }


def _latest(context: Context, party: PartyCode) -> tuple[int, date, str] | None:
    with connect(context.settings.database_url.get_secret_value(), role="loader") as connection:
        row = connection.execute(
            "select extract_id, as_of, state from landing.extract where party = %s order by extract_id desc limit 1",
            (party,),
        ).fetchone()
    return (row[0], row[1], row[2]) if row else None


def _opened(context: Context, as_of: date, party: PartyCode) -> int:
    """The extract that ``open_<party>`` opened for this logical date.

    Raises:
        StepFailed: if there is none; an extract of another day is never worked on by mistake.
    """
    latest = _latest(context, party)
    if latest is None or latest[1] != as_of:
        raise StepFailed(f"no extract of {party} is open for {as_of}; run open_{party} first")
    return latest[0]
