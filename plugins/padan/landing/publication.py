"""From staged rows to raw, all datasets of a party in one transaction, by set-based statements."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.errors import NotLanded, PublicationStopped
from padan.landing import extracts, refresh
from padan.landing.checks import refuse_loss
from padan.landing.extracts import Work, working_on
from padan.landing.report import ExtractSummary, summary_of
from padan.landing.scope import HOLDERS, follows_holders
from padan.settings import Settings
from padan.warehouse.raw_tables import AS_OF, ASKED_NIP, EXTRACT_ID, FETCHED_AT, ROW_HASH, raw_table, staged_table

logger = logging.getLogger(__name__)
_NOTABLE_SHARE = 0.1  # of the rows landed


@dataclass(frozen=True)
class Merged:
    """Rows of one dataset: staged, and what merging them did to raw."""

    landed: int
    inserted: int
    updated: int
    deleted: int
    before: int
    after: int


def publish(settings: Settings, agreement: Agreement, extract_id: int) -> ExtractSummary:
    """Check the counts and make the extract what raw holds; idempotent.

    Raises:
        PublicationStopped: a gate forbids it; what was published before stays.
        NotLanded: a dataset is not completely landed yet.
    """
    with working_on(settings, agreement, extract_id, "publish") as work:
        if not work.extract.published:
            _refuse_unfinished(work)
            with work.connection.transaction():
                for dataset in work.datasets():
                    merged = merge(work, dataset)
                    refuse_loss(work, dataset, before=merged.before, after=merged.after)
                    _write_counts(work, dataset, merged)
                _refuse_unbalanced(work)
                if work.datasets("per_key"):
                    refresh.note_asked(work)
                extracts.end(work, "published")
            _refresh_statistics(work)
        summary = summary_of(work.connection, extract_id)
        logger.info("%s", summary)
        return summary


def _refresh_statistics(work: Work) -> None:
    """Let the planner know what dbt is about to read; a small sample does, and of tables that changed much only."""
    for counts in summary_of(work.connection, work.extract.extract_id).datasets:
        changed = (counts.inserted or 0) + (counts.updated or 0) + (counts.deleted or 0)
        if changed > _NOTABLE_SHARE * (counts.landed or 0):
            with work.connection.transaction():
                work.connection.execute("set local default_statistics_target = 10")
                work.connection.execute(sql.SQL("analyze {}").format(raw_table(work.dataset(counts.dataset))))


def _refuse_unfinished(work: Work) -> None:
    rows = work.connection.execute(
        "select dataset from landing.extract_dataset where extract_id = %s and completed_at is not null",
        (work.extract.extract_id,),
    )
    done = {row[0] for row in rows}
    missing = [dataset.name for dataset in work.datasets() if dataset.name not in done]
    if missing:
        raise NotLanded(f"{work.extract.party}: not completely landed yet: {', '.join(missing)}")


def merge(work: Work, dataset: Dataset) -> Merged:
    """Bring raw to what the staged rows say. Runs inside the caller's transaction; unchanged rows are not touched."""
    before = _count(work, "select count(*) from {raw}", dataset)
    if before:  # an empty table leaves the planner no choice
        keys = sql.SQL(", ").join(map(sql.Identifier, dataset.row_key))
        work.connection.execute(sql.SQL("analyze {} ({})").format(staged_table(dataset), keys))
    deleted = _delete_gone(work, dataset) if before else 0
    updated = _run(work, dataset, _UPDATE) if before else 0
    inserted = _run(work, dataset, _INSERT + (_UNLESS_HELD if before else ""))
    # into an empty table every staged row was inserted, by the very statement that counted them
    landed = _count(work, "select count(*) from {staged} where not _deleted", dataset) if before else inserted
    return Merged(landed, inserted, updated, deleted, before, before - deleted + inserted)


_UPDATE: LiteralString = (
    "update {raw} raw set ({names}) = row({staged_values}) from {staged} staged "
    "where {same_key} and not staged._deleted and (raw._row_hash <> staged._row_hash {or_asked_as_another})"
)
_INSERT: LiteralString = (
    "insert into {raw} ({names}) select {staged_values} from {staged} staged where not staged._deleted"
)
_UNLESS_HELD: LiteralString = " and not exists (select from {raw} raw where {same_key})"
_DELETE_REPORTED: LiteralString = "delete from {raw} raw using {staged} staged where {same_key} and staged._deleted"
_DELETE_ABSENT: LiteralString = (
    "delete from {raw} raw where not exists (select from {staged} staged where {same_key} and not staged._deleted) "
    "and not exists (select from landing.quarantine quarantine where quarantine.extract_id = %(extract)s "
    "and quarantine.dataset = %(dataset)s and quarantine.row_key = concat_ws('|', {raw_key}))"
)
_UNLESS_FAILED: LiteralString = (
    " and not exists (select from landing.checkpoint checkpoint where checkpoint.extract_id = %(extract)s "
    "and checkpoint.dataset = %(dataset)s and checkpoint.state = 'failed' and checkpoint.unit = raw._nip)"
)
_UNLESS_CARRIED: LiteralString = (
    " and not exists (select from landing.roster roster where roster.extract_id = %(extract)s "
    "and roster.nip = raw._nip and not roster.asked)"
)
_DELETE_ORPHANS: LiteralString = (
    "delete from {raw} raw where not exists (select from {holders} holders where holders.holder_id = raw.holder_id)"
)


def _delete_gone(work: Work, dataset: Dataset) -> int:
    mode = extracts.begin(work, dataset, "full").mode
    if mode == "incremental":
        deleted = _run(work, dataset, _DELETE_REPORTED)
    elif mode == "per_key":
        deleted = _run(work, dataset, _DELETE_ABSENT + _UNLESS_FAILED + _UNLESS_CARRIED)
    else:
        deleted = _run(work, dataset, _DELETE_ABSENT)
    if follows_holders(dataset):
        deleted += _run(work, dataset, _DELETE_ORPHANS)
    return deleted


def _statement(work: Work, dataset: Dataset, template: LiteralString) -> sql.Composed:
    asked = [ASKED_NIP] if dataset.access == "per_key" else []
    names = [*dataset.columns, EXTRACT_ID, AS_OF, FETCHED_AT, ROW_HASH, *asked]
    values: list[sql.Composable] = [
        *(sql.Identifier("staged", column) for column in dataset.columns),
        sql.Literal(work.extract.extract_id),
        sql.Literal(work.extract.as_of),
        sql.Identifier("staged", FETCHED_AT),
        sql.Identifier("staged", ROW_HASH),
        *([sql.Identifier("staged", "_unit")] if asked else []),
    ]
    same_key = [
        sql.SQL("raw.{column} = staged.{column}").format(column=sql.Identifier(column)) for column in dataset.row_key
    ]
    return sql.SQL(template).format(
        raw=raw_table(dataset),
        staged=staged_table(dataset),
        holders=raw_table(work.dataset(HOLDERS)) if dataset.party == "bps" else sql.SQL(""),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        staged_values=sql.SQL(", ").join(values),
        same_key=sql.SQL(" and ").join(same_key),
        raw_key=sql.SQL(", ").join(sql.Identifier("raw", column) for column in dataset.row_key),
        or_asked_as_another=sql.SQL("or raw._nip <> staged._unit" if asked else ""),
    )


def _run(work: Work, dataset: Dataset, template: LiteralString) -> int:
    statement = _statement(work, dataset, template)
    done = work.connection.execute(statement, {"extract": work.extract.extract_id, "dataset": dataset.name})
    return done.rowcount


def _count(work: Work, template: LiteralString, dataset: Dataset) -> int:
    row = work.connection.execute(_statement(work, dataset, template)).fetchone()
    return int(row[0]) if row else 0


def _write_counts(work: Work, dataset: Dataset, merged: Merged) -> None:
    work.connection.execute(
        "update landing.extract_dataset set landed = %(landed)s, inserted = %(inserted)s, updated = %(updated)s, "
        "deleted = %(deleted)s, unchanged = %(landed)s - %(inserted)s - %(updated)s, "
        "not_held = source_total - %(after)s, watermark = greatest(watermark, since) "
        "where extract_id = %(extract)s and dataset = %(dataset)s "
        "and extracted = %(landed)s + quarantined",
        {
            "landed": merged.landed,
            "inserted": merged.inserted,
            "updated": merged.updated,
            "deleted": merged.deleted,
            "after": merged.after,
            "extract": work.extract.extract_id,
            "dataset": dataset.name,
        },
    )


def _refuse_unbalanced(work: Work) -> None:
    """extracted = landed + quarantined, and quarantine holds as many rows as were counted: asserted, not assumed."""
    rows = work.connection.execute(
        "select dataset, extracted, landed, quarantined, in_quarantine from landing.extract_dataset "
        "cross join lateral (select count(*) as in_quarantine from landing.quarantine "
        "  where quarantine.extract_id = extract_dataset.extract_id and quarantine.dataset = extract_dataset.dataset"
        ") quarantine where extract_id = %s "
        "and (landed is null or extracted <> landed + quarantined or quarantined <> in_quarantine)",
        (work.extract.extract_id,),
    ).fetchall()
    if rows:
        problems = "; ".join(
            f"{dataset}: extracted {extracted}, landed {landed}, quarantined {quarantined} ({held} held)"
            for dataset, extracted, landed, quarantined, held in rows
        )
        raise PublicationStopped(f"{work.extract.party}: the counts do not add up: {problems}")
