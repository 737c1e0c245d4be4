"""Writes batches: rows, quarantine, checkpoints and counts of a batch become visible together or not at all.

A batch is written in a thread of its own while the next one is fetched and projected; one batch is under way at most,
so memory stays flat.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from psycopg import sql
from psycopg.types.json import Jsonb

from padan.agencies import FailedUnit, Page
from padan.agreement import Dataset
from padan.errors import ContractViolation
from padan.landing import archive
from padan.landing.exchanges import ExchangeRecorder
from padan.landing.extracts import Work
from padan.projection import Projected, Projector, Rejected, Values, tail
from padan.warehouse.raw_tables import EXTRACT_ID, FETCHED_AT, ROW_HASH, staged_table

ROWS_IN_A_BATCH = 20_000
UNITS_IN_A_BATCH = 250
SECONDS_IN_A_BATCH = 2.0
_ENOUGH_TO_CALL_A_FIELD_RENAMED = 50  # rows


@dataclass(slots=True)
class _Part:
    """What a batch holds of one dataset."""

    dataset: Dataset
    text: list[bytes] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)
    rejected: list[tuple[str, Rejected]] = field(default_factory=list)  # with the unit
    checkpoints: list[tuple[str, str]] = field(default_factory=list)  # unit, state
    dropped: Counter[str] = field(default_factory=Counter)
    extracted: int = 0
    out_of_scope: int = 0
    tombstones: int = 0
    watermark: str | None = None
    source_total: int | None = None
    next_start: int | None = None


@dataclass(slots=True)
class _Batch:
    parts: dict[str, _Part] = field(default_factory=dict)
    units: int = 0
    rows: int = 0
    since: float = field(default_factory=time.monotonic)

    def part(self, dataset: Dataset) -> _Part:
        return self.parts.setdefault(dataset.name, _Part(dataset))

    @property
    def due(self) -> bool:
        return (
            self.rows >= ROWS_IN_A_BATCH
            or self.units >= UNITS_IN_A_BATCH
            or time.monotonic() - self.since >= SECONDS_IN_A_BATCH
        )


class Writer:
    """Takes pages, writes batches. Leaving the block, also by an error, writes what was taken."""

    def __init__(self, work: Work, recorder: ExchangeRecorder) -> None:
        self._work = work
        self._recorder = recorder
        self._batch = _Batch()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="padan-writer")
        self._under_way: Future[None] | None = None
        self._absent: Counter[tuple[str, str]] = Counter()
        self._extracted: Counter[str] = Counter()
        self.units = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._submit()
            self._wait()
        finally:
            self._pool.shutdown()

    def add_page(
        self, dataset: Dataset, projector: Projector, page: Page, *, next_start: int | None = None
    ) -> list[Values]:
        """Take a page of a list (``next_start``: where the next one begins) or, without it, all of one person.

        Returns the agreed values of the rows that are out of scope or deleted; nothing of them is stored.

        Raises:
            ContractViolation: a required field is absent from every row so far.
        """
        self._recorder.count_rows(page.dataset, page.body_sha256, page.size)
        result = page.projected or projector.project(page.rows, self._tail(page, "f"))
        part = self._batch.part(dataset)
        part.text.append(result.text)
        part.pages.append(archive.page_line(page.unit, page.fetched_at, page.body_sha256, result.archive))
        part.rejected += [(page.unit, row) for row in result.rejected]
        part.dropped += result.dropped
        part.extracted += result.extracted
        part.out_of_scope += result.out_of_scope
        part.tombstones += result.tombstones
        part.source_total = page.total
        if result.watermark and (part.watermark is None or result.watermark > part.watermark):
            part.watermark = result.watermark
        if next_start is None:
            part.checkpoints.append((page.unit, "done"))
        else:
            part.next_start = next_start
        self._taken(page.size)
        self._refuse_renamed(dataset, result)
        return result.leaving

    def add_leaving(self, dataset: Dataset, projector: Projector, page: Page, rows: list[Values]) -> None:
        """Take rows that raw holds and that the source deleted or moved out of scope; only their key is staged."""
        ending = self._tail(page, "t")
        lines = [projector.leaving_line(values, ending) for values in rows]
        self._batch.part(dataset).text.append("".join(lines).encode())

    def add_failed(self, dataset: Dataset, failed: FailedUnit) -> None:
        """Take a person whose answer stays unusable; it counts as one row extracted and quarantined."""
        part = self._batch.part(dataset)
        part.rejected.append((failed.unit, Rejected(None, None, failed.rule, failed.reason, {})))
        part.checkpoints.append((failed.unit, "failed"))
        part.extracted += 1
        self._taken(0)

    def write_if_due(self) -> None:
        """Start writing the batch if it is large or old enough."""
        if self._batch.due:
            self._submit()

    def _taken(self, rows: int) -> None:
        self._batch.units += 1
        self._batch.rows += rows
        self.units += 1

    def _tail(self, page: Page, deleted: str) -> str:
        return tail(self._work.extract.extract_id, page.unit, page.fetched_at, deleted)

    def _refuse_renamed(self, dataset: Dataset, result: Projected) -> None:
        name = dataset.name
        self._extracted[name] += result.extracted
        for column, rows in result.absent.items():
            self._absent[name, column] += rows
            if _ENOUGH_TO_CALL_A_FIELD_RENAMED <= self._absent[name, column] == self._extracted[name]:
                raise renamed(dataset, column, self._absent[name, column])

    def _submit(self) -> None:
        batch, self._batch = self._batch, _Batch()
        self._wait()
        if batch.parts:
            self._under_way = self._pool.submit(self._write, batch)

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way.result()  # raising drops the later batch, which must not be written without this one

    def _write(self, batch: _Batch) -> None:
        with self._work.connection.transaction():
            for part in batch.parts.values():
                self._write_part(part)
        self._recorder.flush()

    def _write_part(self, part: _Part) -> None:
        extract, connection = self._work.extract, self._work.connection
        row = connection.execute(
            "update landing.extract_dataset set extracted = extracted + %s, quarantined = quarantined + %s, "
            "out_of_scope = out_of_scope + %s, tombstones = tombstones + %s, watermark = greatest(watermark, %s), "
            "source_total = coalesce(%s, source_total), next_start = coalesce(%s, next_start), "
            "archive_files = archive_files + %s "
            "where extract_id = %s and dataset = %s returning archive_files",
            (
                part.extracted, len(part.rejected), part.out_of_scope, part.tombstones, part.watermark,
                part.source_total, part.next_start, 1 if part.pages else 0, extract.extract_id, part.dataset.name,
            ),
        ).fetchone()  # fmt: skip
        if any(part.text):
            names = (*part.dataset.columns, ROW_HASH, "_position", EXTRACT_ID, "_unit", FETCHED_AT, "_deleted")
            statement = sql.SQL("copy {} ({}) from stdin").format(
                staged_table(part.dataset), sql.SQL(", ").join(map(sql.Identifier, names))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for text in part.text:
                    copy.write(text)
        self._write_bookkeeping(part)
        if part.pages and row:
            key = self._work.settings.archive_keys()[0]
            archive.write(
                self._work.archive_dir, key, part.dataset, extract.as_of, extract.extract_id, int(row[0]), part.pages
            )

    def _write_bookkeeping(self, part: _Part) -> None:
        extract = self._work.extract
        key = (extract.extract_id, part.dataset.name)
        with self._work.connection.cursor() as cursor:
            if part.checkpoints:
                statement = "copy landing.checkpoint (extract_id, dataset, unit, state) from stdin"
                with cursor.copy(statement) as copy:
                    for unit, state in part.checkpoints:
                        copy.write_row((*key, unit, state))
            if part.rejected:
                cursor.executemany(
                    "insert into landing.quarantine "
                    "(extract_id, dataset, as_of, party, unit, row_key, field, rule, reason, payload) "
                    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        (*key, extract.as_of, extract.party, unit, row.row_key, row.field, row.rule, row.reason,
                         Jsonb(row.payload))
                        for unit, row in part.rejected
                    ],
                )  # fmt: skip
            if part.dropped:
                cursor.executemany(
                    "insert into landing.dropped_field (extract_id, dataset, field, rows) values (%s, %s, %s, %s) "
                    "on conflict (extract_id, dataset, field) do update set rows = dropped_field.rows + excluded.rows",
                    [(*key, name, rows) for name, rows in sorted(part.dropped.items())],
                )


def renamed(dataset: Dataset, column: str, rows: int) -> ContractViolation:
    """The error for a required field that no row has."""
    name = next(item.field for item in dataset.items if item.column == column)
    return ContractViolation(
        f"{dataset.party}: {dataset.name}: field {name} is absent from all {rows} rows (rule "
        "missing_required); was it renamed at the source?"
    )
