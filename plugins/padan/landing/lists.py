"""Landing lists: BPS's, incremental where that is safe, and BKN's reference codes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from psycopg import sql

from padan.agencies import Page
from padan.agreement import Agreement, Dataset
from padan.landing import extracts
from padan.landing.checks import finish, quarantine_repeated
from padan.landing.exchanges import ExchangeRecorder
from padan.landing.extracts import READ_TO_THE_END, Progress, Work, working_on
from padan.landing.publication import merge
from padan.landing.scope import HOLDERS, bps_scope, covered_holders, follows_holders
from padan.landing.sources import JfSource, OpenJf, OpenSiasn, SiasnSource
from padan.landing.writer import Writer
from padan.projection import Projector, Scope, Values
from padan.projection.workers import Workers
from padan.settings import Settings
from padan.warehouse.connection import Connection, connect
from padan.warehouse.raw_tables import raw_table, staged_table

logger = logging.getLogger(__name__)


def land_reference(settings: Settings, agreement: Agreement, extract_id: int, open_client: OpenSiasn) -> None:
    """Land BKN's reference codes, whole lists; idempotent, goes on where a killed run stopped.

    Raises:
        ContractViolation, PublicationStopped: the extract is stopped.
        SourceUnavailable, AuthenticationError, MalformedResponse: from the client.
    """
    with working_on(settings, agreement, extract_id) as work:
        if work.extract.published:
            return
        with work.recorder() as recorder, open_client(recorder.record) as client:
            for dataset in work.datasets("paged"):
                state = extracts.begin(work, dataset, "full")
                if not state.completed:
                    pages = _rest(state, partial(_offset_pages, client, dataset))
                    _read(
                        work, recorder, dataset, Projector(dataset), pages, lambda page: int(page.unit) + len(page.rows)
                    )
                    finish(work, dataset)


def _offset_pages(client: SiasnSource, dataset: Dataset, start: int | None) -> Iterator[Page]:
    return client.pages(dataset.name, start=start or 0)


def land_lists(settings: Settings, agreement: Agreement, extract_id: int, open_client: OpenJf) -> None:
    """Land BPS's lists; only what changed since the last published extract, where that is known to be enough.

    Idempotent, goes on where a killed run stopped.

    Raises:
        ContractViolation, PublicationStopped: the extract is stopped.
        SourceUnavailable, AuthenticationError, MalformedResponse: from the client.
    """
    with working_on(settings, agreement, extract_id) as work:
        if work.extract.published:
            return
        with work.recorder() as recorder, open_client(recorder.record) as client:
            _land_list(work, recorder, client, work.dataset(HOLDERS), frozenset())
            others = [dataset for dataset in work.datasets() if dataset.name != HOLDERS]
            holders = covered_holders(work) if any(map(follows_holders, others)) else frozenset()
            for dataset in others:
                _land_list(work, recorder, client, dataset, holders)


def _land_list(
    work: Work, recorder: ExchangeRecorder, client: JfSource, dataset: Dataset, holders: frozenset[str]
) -> None:
    state = extracts.progress(work, dataset)
    if state is None:
        since, why_full = _since(work, dataset)
        state = extracts.begin(work, dataset, "incremental" if since else "full", since, why_full)
    if state.completed:
        return
    scope = bps_scope(work.agreement, dataset, holders)
    _read_jf(work, recorder, client, dataset, scope, state)
    problem = _incomplete(work, dataset, state.mode, client.total(dataset.name))
    if problem:
        logger.warning("%s: %s: %s; reading the whole list", dataset.party, dataset.name, problem)
        with work.connection.transaction():
            extracts.start_over(work, dataset)
            state = extracts.begin(work, dataset, "full", None, f"full: {problem}")
        _read_jf(work, recorder, client, dataset, scope, state)
        _set_total(work, dataset, client.total(dataset.name))
    finish(work, dataset)


def _read_jf(
    work: Work,
    recorder: ExchangeRecorder,
    client: JfSource,
    dataset: Dataset,
    scope: Scope | None,
    state: Progress,
) -> None:
    latest = max(datetime.now(UTC), datetime.combine(work.extract.as_of, datetime.min.time(), UTC)) + timedelta(days=1)
    moment = latest.strftime("%Y-%m-%dT%H:%M:%SZ")
    projector = Projector(dataset, scope, latest=moment)
    with Workers(work.settings.landing_workers, dataset, scope, moment, work.extract.extract_id) as workers:
        pages = _rest(state, lambda start: client.pages(dataset.name, state.since, start=start or 1, reader=workers))
        incremental = state.mode == "incremental"
        _read(work, recorder, dataset, projector, pages, lambda page: int(page.unit) + 1, incremental=incremental)


def _rest(state: Progress, pages: Callable[[int | None], Iterator[Page]]) -> Iterator[Page]:
    """The pages that are still to be read."""
    return iter(()) if state.next_start == READ_TO_THE_END else pages(state.next_start)


def _read(
    work: Work,
    recorder: ExchangeRecorder,
    dataset: Dataset,
    projector: Projector,
    pages: Iterator[Page],
    next_start: Callable[[Page], int],
    *,
    incremental: bool = False,
) -> None:
    with Writer(work, recorder) as writer, connect(work.database_url, role="loader") as reading:
        for page in pages:
            following = READ_TO_THE_END if page.last else next_start(page)
            leaving = writer.add_page(dataset, projector, page, next_start=following)
            if incremental and leaving:
                writer.add_leaving(dataset, projector, page, _held(reading, dataset, projector, leaving))
            writer.write_if_due()
    quarantine_repeated(work, dataset)


def _held(connection: Connection, dataset: Dataset, projector: Projector, rows: list[Values]) -> list[Values]:
    """Those of the rows whose key raw holds: nothing is stored of a row that we never had."""
    by_key = {key: values for values in rows if (key := projector.key_of(values)) is not None}
    if not by_key:
        return []
    names = sql.SQL(", ").join(map(sql.Identifier, dataset.row_key))
    asked = sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(dataset.row_key))
    found = connection.execute(
        sql.SQL("select {names} from {raw} where ({names}) in (select * from unnest({asked}))").format(
            names=names, raw=raw_table(dataset), asked=asked
        ),
        [list(column) for column in zip(*by_key, strict=True)],
    )
    return [by_key[tuple(key)] for key in found]


def _since(work: Work, dataset: Dataset) -> tuple[str | None, str | None]:
    """The updated_since to ask, or None and why the whole list is read."""
    if not dataset.incremental:
        return None, None
    if follows_holders(dataset):
        holders = extracts.progress(work, work.dataset(HOLDERS))
        if holders and holders.mode == "full":
            return None, "full: the list of holders was read in full"
        newcomers = _newcomers(work)
        if newcomers:
            return None, f"full: {newcomers} holders are new, and what they have may be old"
    row = work.connection.execute(
        sql.SQL(
            "select watermark from landing.extract_dataset join landing.extract using (extract_id) "
            "where state = 'published' and party = %s and dataset = %s and exists (select from {}) "
            "order by extract_id desc limit 1"
        ).format(raw_table(dataset)),
        (dataset.party, dataset.name),
    ).fetchone()
    return (row[0], None) if row and row[0] else (None, "full: nothing is published yet")


def _newcomers(work: Work) -> int:
    holders = work.dataset(HOLDERS)
    row = work.connection.execute(
        sql.SQL(
            "select count(*) from {staged} staged where not _deleted "
            "and not exists (select from {raw} raw where raw.holder_id = staged.holder_id)"
        ).format(staged=staged_table(holders), raw=raw_table(holders))
    ).fetchone()
    return int(row[0]) if row else 0


def _set_total(work: Work, dataset: Dataset, total: int) -> None:
    work.connection.execute(
        "update landing.extract_dataset set source_total = %s where extract_id = %s and dataset = %s",
        (total, work.extract.extract_id, dataset.name),
    )


def _incomplete(work: Work, dataset: Dataset, mode: str, total: int) -> str | None:
    """Why what we have cannot be all that the source has, or None.

    A full list must have ``total`` rows. After an incremental one, the rows of the source that raw would not hold must
    be as many as last time, give or take what this extract saw come and go outside raw.
    """
    _set_total(work, dataset, total)
    row = work.connection.execute(
        "select extracted, out_of_scope, quarantined, tombstones from landing.extract_dataset "
        "where extract_id = %s and dataset = %s",
        (work.extract.extract_id, dataset.name),
    ).fetchone()
    extracted, out_of_scope, quarantined, tombstones = row or (0, 0, 0, 0)
    if mode == "full":
        came = extracted + out_of_scope
        return None if came == total else f"{came} rows came where the source counts {total}"
    with work.connection.transaction(force_rollback=True):
        if follows_holders(dataset):
            merge(work, work.dataset(HOLDERS))
        merged = merge(work, dataset)
    before = work.connection.execute(
        "select not_held from landing.extract_dataset join landing.extract using (extract_id) "
        "where state = 'published' and party = %s and dataset = %s order by extract_id desc limit 1",
        (dataset.party, dataset.name),
    ).fetchone()
    not_held = total - merged.after
    least = (before[0] or 0 if before else 0) - tombstones - merged.inserted
    most = (before[0] or 0 if before else 0) + out_of_scope + quarantined
    if least <= not_held <= most:
        return None
    return f"with the changes {merged.after} rows would be held where the source counts {total}"
