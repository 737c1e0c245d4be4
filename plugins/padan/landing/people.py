"""Landing SIASN person by person: the roster drives it, a checkpoint per person and dataset lets it go on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from padan.agencies import FailedUnit
from padan.agreement import Agreement
from padan.errors import NotLanded, PublicationStopped
from padan.landing import extracts
from padan.landing.checks import finish, quarantine_repeated
from padan.landing.extracts import Work, working_on
from padan.landing.scope import bkn_scope
from padan.landing.sources import OpenSiasn
from padan.landing.writer import Writer
from padan.projection import Projector
from padan.settings import Settings
from padan.warehouse.connection import Connection, connect

logger = logging.getLogger(__name__)
_PEOPLE_PLANNED_AT_ONCE = 1000
_UNITS_BETWEEN_MESSAGES = 5000


def land_people(settings: Settings, agreement: Agreement, extract_id: int, open_client: OpenSiasn) -> None:
    """Ask SIASN about each person of the roster, dataset by dataset; idempotent, asks nobody twice in one extract.

    Raises:
        NotLanded: the roster is not written yet.
        ContractViolation, PublicationStopped: the extract is stopped.
        SourceUnavailable, AuthenticationError, OperatorTokenExpired, MalformedResponse: from the client.
    """
    with working_on(settings, agreement, extract_id) as work:
        if work.extract.published:
            return
        _require_roster(work)
        datasets = {dataset.name: dataset for dataset in work.datasets("per_key")}
        projectors = {}
        for dataset in datasets.values():
            extracts.begin(work, dataset, "per_key")
            projectors[dataset.name] = Projector(dataset, bkn_scope(work, dataset))
        with (
            work.recorder() as recorder,
            connect(work.database_url, application="padan plan", role="loader") as planning,
            open_client(recorder.record) as client,
            Writer(work, recorder) as writer,
        ):
            for answer in client.fetch_people(_to_ask(planning, extract_id, list(datasets))):
                if isinstance(answer, FailedUnit):
                    writer.add_failed(datasets[answer.dataset], answer)
                else:
                    writer.add_page(datasets[answer.dataset], projectors[answer.dataset], replace(answer, total=None))
                writer.write_if_due()
                if writer.units % _UNITS_BETWEEN_MESSAGES == 0:
                    logger.info("bkn: %d answers about people so far", writer.units)
        for dataset in datasets.values():
            quarantine_repeated(work, dataset)
            finish(work, dataset)


def _require_roster(work: Work) -> None:
    row = work.connection.execute(
        "select exists (select from landing.roster where extract_id = %(extract)s), "
        "exists (select from landing.extract_dataset "
        "        where extract_id = %(extract)s and dataset = 'portal_export' and completed_at is not null)",
        {"extract": work.extract.extract_id},
    ).fetchone()
    people, listed = row or (False, False)
    if not listed:
        raise NotLanded("bkn: the portal export must be landed before people can be asked about")
    if not people:
        raise PublicationStopped("bkn: the roster is empty: nobody to ask about")


def _to_ask(connection: Connection, extract_id: int, datasets: list[str]) -> Iterator[tuple[str, str]]:
    """(dataset, nip) of the roster to be asked and without a checkpoint, by NIP, planned a thousand at a time."""
    last = ""
    while True:
        people = connection.execute(
            "select nip, array(select dataset from landing.checkpoint "
            "                  where checkpoint.extract_id = roster.extract_id and checkpoint.unit = roster.nip) "
            "from landing.roster where extract_id = %s and asked and nip > %s order by nip limit %s",
            (extract_id, last, _PEOPLE_PLANNED_AT_ONCE),
        ).fetchall()
        if not people:
            return
        for nip, answered in people:
            for dataset in datasets:
                if dataset not in answered:
                    yield dataset, nip
        last = people[-1][0]
