"""Landing the SIASN portal export: the file drop that tells whom BKN knows, and with BPS's list makes the roster."""

from __future__ import annotations

import csv
import hashlib
import logging
import re
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg import sql

from padan.agencies import Exchange, Page
from padan.agreement import Agreement, Dataset
from padan.errors import ConfigurationError, ContractViolation, MalformedResponse, NotLanded, SourceUnavailable
from padan.landing import extracts, refresh
from padan.landing.checks import finish, quarantine_repeated
from padan.landing.exchanges import ExchangeRecorder
from padan.landing.extracts import READ_TO_THE_END, Work, working_on
from padan.landing.scope import HOLDERS, PORTAL_EXPORT, bkn_scope
from padan.landing.writer import Writer
from padan.projection import Projector
from padan.projection.pages import PageReading
from padan.projection.tables import LONGEST_FIELD, CannotBeCut, parts, rows_of
from padan.projection.workers import Workers
from padan.settings import Settings
from padan.warehouse.raw_tables import raw_table, staged_table

logger = logging.getLogger(__name__)
_DATE_IN_NAME = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?=\D*\.csv$)")
_ROWS_IN_A_PAGE = 1000
_WORTH_BYTES = 8 << 20  # below, starting processes takes longer than it saves
_READ_AHEAD = 2  # parts, beside those that are being read


def land_rosters(settings: Settings, agreement: Agreement, extract_id: int, *, daily_calls: int | None = None) -> None:
    """Land the newest portal export and write down whom to ask: its people in scope, and those on BPS's list.

    With ``daily_calls`` only as many as a day's calls suffice for (:mod:`padan.landing.refresh`). Idempotent;
    called again, it reads the file again and brings the roster of an open extract up to date.

    Raises:
        ConfigurationError: the folder of the file drop is not there.
        SourceUnavailable: there is no file yet for the extract's day.
        ContractViolation, PublicationStopped: the extract is stopped.
        NotLanded: the reference codes are not landed yet.
    """
    with working_on(settings, agreement, extract_id) as work:
        if work.extract.published:
            return
        for dataset in work.datasets("paged"):
            state = extracts.progress(work, dataset)
            if state is None or not state.completed:
                raise NotLanded(f"bkn: {dataset.name} must be landed before the portal export can be filtered")
        path = newest_export(settings.portal_export_dir, work.extract.as_of)
        _land_file(work, path)
        _write_roster(work, daily_calls)


def newest_export(folder: Path, as_of: date) -> Path:
    """The export with the latest date in its name that is not after ``as_of``.

    Raises:
        ConfigurationError, SourceUnavailable: as :func:`land_rosters`.
    """
    if not folder.is_dir():
        raise ConfigurationError("PADAN_PORTAL_EXPORT_DIR is not a folder: put the SIASN portal export there")
    dated = [(day, path.name, path) for path in folder.glob("*.csv") if (day := _date_of(path)) and day <= as_of]
    if not dated:
        raise SourceUnavailable(f"no SIASN portal export (*_YYYY-MM-DD.csv) of {as_of} or earlier in the file drop")
    return max(dated)[2]


def _date_of(path: Path) -> date | None:
    found = _DATE_IN_NAME.search(path.name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _land_file(work: Work, path: Path) -> None:
    dataset = work.dataset(PORTAL_EXPORT)
    with work.connection.transaction():
        extracts.start_over(work, dataset)
        extracts.begin(work, dataset, "full", None, f"file {path.name}")
    started_at, start = datetime.now(UTC), time.monotonic()
    fingerprint = _sha256(path)
    with work.recorder() as recorder:
        try:
            large = path.stat().st_size >= _WORTH_BYTES and work.settings.landing_workers > 0
            rows = (_land_parts if large else _land_rows)(work, recorder, dataset, path, fingerprint)
        except CannotBeCut:  # also what is no CSV at all: reading it in one go says so
            with work.connection.transaction():
                extracts.start_over(work, dataset)
                extracts.begin(work, dataset, "full", None, f"file {path.name}")
            rows = _land_rows(work, recorder, dataset, path, fingerprint)
        recorder.count_rows(dataset.name, fingerprint, rows)
        recorder.record(
            Exchange("bkn", f"file:{path.name}", dataset.name, 1, None, None, path.stat().st_size, fingerprint,
                     started_at, time.monotonic() - start)
        )  # fmt: skip
    quarantine_repeated(work, dataset)
    finish(work, dataset)


def _land_rows(work: Work, recorder: ExchangeRecorder, dataset: Dataset, path: Path, fingerprint: str) -> int:
    projector, rows = Projector(dataset, bkn_scope(work, dataset)), 0
    with Writer(work, recorder) as writer:
        for page in _pages(path, dataset, fingerprint):
            rows += len(page.rows)
            writer.add_page(dataset, projector, page, next_start=READ_TO_THE_END if page.last else rows)
            writer.write_if_due()
    return rows


def _land_parts(work: Work, recorder: ExchangeRecorder, dataset: Dataset, path: Path, fingerprint: str) -> int:
    """The same by several processes.

    Raises:
        CannotBeCut: some parts may be written already.
    """
    scope, rows = bkn_scope(work, dataset), 0
    fetched_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    with path.open("rb") as file:
        cut = parts(file)
        header = _header(next(iter(rows_of(next(cut, b"")) or []), None), dataset, path)
        extract = work.extract.extract_id
        projector = Projector(dataset, scope)
        with (
            Workers(work.settings.landing_workers, dataset, scope, "", extract, header) as workers,
            Writer(work, recorder) as writer,
            ThreadPoolExecutor(workers.count or 1, thread_name_prefix="padan-file") as threads,
        ):
            if not workers.count:
                raise CannotBeCut
            for unit, reading in _in_turn(threads, workers, fetched_at, cut):
                if reading is None:
                    raise CannotBeCut
                rows += reading.count
                page = Page(
                    dataset.name, unit, [], None, False, fetched_at, fingerprint, reading.projected, reading.count
                )
                writer.add_page(dataset, projector, page, next_start=rows)
                writer.write_if_due()
    return rows


def _in_turn(
    threads: ThreadPoolExecutor, workers: Workers, fetched_at: datetime, cut: Iterator[bytes]
) -> Iterator[tuple[str, PageReading | None]]:
    """Each part's number and what a worker made of it, in order; a few parts are under way at a time."""
    under_way: deque[tuple[str, Future[PageReading | None]]] = deque()
    for number, part in enumerate(cut):
        under_way.append((str(number), threads.submit(workers.read, str(number), fetched_at, part)))
        if len(under_way) > workers.count + _READ_AHEAD:
            unit, reading = under_way.popleft()
            yield unit, reading.result()
    while under_way:
        unit, reading = under_way.popleft()
        yield unit, reading.result()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pages(path: Path, dataset: Dataset, fingerprint: str) -> Iterator[Page]:
    fetched_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    rows = _rows(path, dataset)
    number, chunk = 0, list(islice(rows, _ROWS_IN_A_PAGE))
    while True:
        following = list(islice(rows, _ROWS_IN_A_PAGE))
        yield Page(dataset.name, str(number), chunk, None, not following, fetched_at, fingerprint)
        if not following:
            return
        number, chunk = number + 1, following


def _rows(path: Path, dataset: Dataset) -> Iterator[Any]:
    """Rows as objects; one with another number of columns than the header comes as a plain list, for quarantine."""
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(next(reader, None), dataset, path)
            for row in reader:
                yield dict(zip(header, row, strict=True)) if len(row) == len(header) else row
    except UnicodeDecodeError:
        raise MalformedResponse(f"bkn: {dataset.name}: the file {path.name} is not UTF-8") from None
    except csv.Error:
        raise MalformedResponse(f"bkn: {dataset.name}: the file {path.name} breaks off or is not CSV") from None


def _header(header: list[str] | None, dataset: Dataset, path: Path) -> tuple[str, ...]:
    if header is None:
        raise ContractViolation(f"bkn: {dataset.name}: the file {path.name} is empty")
    if len(set(header)) != len(header):
        raise ContractViolation(f"bkn: {dataset.name}: the file {path.name} names a column twice")
    missing = [item.field for item in dataset.items if item.required and item.field not in header]
    if missing:
        raise ContractViolation(
            f"bkn: {dataset.name}: column {', '.join(missing)} is absent from the file {path.name}; "
            "was it renamed at the source?"
        )
    return tuple(header)


def _write_roster(work: Work, daily_calls: int | None) -> None:
    """Roster = BPS's list and the export. What was landed of people who are no longer on it is forgotten."""
    extract_id = work.extract.extract_id
    holders = raw_table(work.agreement.dataset("bps", HOLDERS))
    with work.connection.transaction():
        work.connection.execute("delete from landing.roster where extract_id = %s", (extract_id,))
        work.connection.execute(
            sql.SQL(
                "insert into landing.roster (extract_id, nip) select %s, nip from "
                "(select nip_bps as nip from {holders} union select nip_baru from {export}) people"
            ).format(holders=holders, export=staged_table(work.dataset(PORTAL_EXPORT))),
            (extract_id,),
        )
        for dataset in work.datasets("per_key"):
            _forget_others(work, dataset)
        refresh.plan(work, daily_calls)
    row = work.connection.execute(
        "select count(*) from landing.roster where extract_id = %s and asked", (extract_id,)
    ).fetchone()
    logger.info("bkn: %d people to ask about", row[0] if row else 0)


def _forget_others(work: Work, dataset: Dataset) -> None:
    """Rows, quarantine and checkpoints of people who left the roster while the extract was open."""
    key = {"extract": work.extract.extract_id, "dataset": dataset.name}
    others = "unit not in (select nip from landing.roster where extract_id = %(extract)s)"
    where = f"where extract_id = %(extract)s and dataset = %(dataset)s and {others}"
    landed = work.connection.execute(
        sql.SQL(
            "delete from {} where _unit not in (select nip from landing.roster where extract_id = %(extract)s)"
        ).format(staged_table(dataset)),
        key,
    ).rowcount
    quarantined = work.connection.execute(f"delete from landing.quarantine {where}", key).rowcount  # noqa: S608
    work.connection.execute(f"delete from landing.checkpoint {where}", key)  # noqa: S608
    work.connection.execute(
        "update landing.extract_dataset set extracted = extracted - %(rows)s, quarantined = quarantined - %(bad)s "
        "where extract_id = %(extract)s and dataset = %(dataset)s",
        {**key, "rows": landed + quarantined, "bad": quarantined},
    )
