"""What must hold of a dataset before it may be published; run when its last row is in."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from padan.agreement import Dataset
from padan.errors import ContractViolation, PublicationStopped
from padan.landing.extracts import Work
from padan.landing.scope import ROSTERS
from padan.landing.writer import renamed
from padan.projection.projector import ABSENT
from padan.warehouse.raw_tables import EXTRACT_ID, FETCHED_AT, ROW_HASH, raw_table, staged_table

_BOOKKEEPING = [EXTRACT_ID, FETCHED_AT, ROW_HASH, "_unit", "_position", "_deleted"]


def finish(work: Work, dataset: Dataset) -> None:
    """Apply the gates and mark the dataset as completed, once repeated rows are in quarantine; idempotent.

    Raises:
        ContractViolation: a required field is absent from all rows, or the rows do not add up to the source's total.
        PublicationStopped: too many rows in quarantine, or a roster empty or shrunk.
    """
    _refuse_renamed(work, dataset)
    _refuse_incomplete(work, dataset)
    _refuse_quarantined(work, dataset)
    _refuse_shrunk_roster(work, dataset)
    work.connection.execute(
        "update landing.extract_dataset set completed_at = now() where extract_id = %s and dataset = %s",
        (work.extract.extract_id, dataset.name),
    )


def key_columns(dataset: Dataset, table: str) -> sql.Composed:
    """The key columns of a table alias, comma-separated."""
    return sql.SQL(", ").join(sql.Identifier(table, column) for column in dataset.row_key)


def quarantine_repeated(work: Work, dataset: Dataset) -> None:
    """Keep one staged row per key, the others go to quarantine; idempotent.

    The first is kept; where the source dates its rows, the latest; where two people's answers hold it, its owner's.
    """
    staged = staged_table(dataset)
    keys = key_columns(dataset, "staged")
    with work.connection.transaction():
        repeated = work.connection.execute(
            sql.SQL("select exists (select from {staged} staged group by {keys} having count(*) > 1)").format(
                staged=staged, keys=keys
            )
        ).fetchone()
        if repeated and repeated[0]:
            _move_repeated(work, dataset)


def _move_repeated(work: Work, dataset: Dataset) -> None:
    extract = work.extract
    done = work.connection.execute(
        sql.SQL(_MOVE_REPEATED).format(
            keys=key_columns(dataset, "staged"),
            keys_of_gone=key_columns(dataset, "gone"),
            key_name=sql.Literal(", ".join(dataset.row_key)),
            preference=_preference(dataset),
            staged=staged_table(dataset),
        ),
        {
            "extract": extract.extract_id,
            "dataset": dataset.name,
            "as_of": extract.as_of,
            "party": extract.party,
            "bookkeeping": _BOOKKEEPING,
        },
    )
    work.connection.execute(
        "update landing.extract_dataset set quarantined = quarantined + %s where extract_id = %s and dataset = %s",
        (done.rowcount, extract.extract_id, dataset.name),
    )


_MOVE_REPEATED: LiteralString = """
with ranked as (
    select ctid, row_number() over (partition by {keys} order by {preference}) as place from {staged} staged
), gone as (
    delete from {staged} staged using ranked where staged.ctid = ranked.ctid and place > 1 returning staged.*
)
insert into landing.quarantine (extract_id, dataset, as_of, party, unit, row_key, field, rule, reason, payload)
select
    %(extract)s, %(dataset)s, %(as_of)s, %(party)s, _unit, concat_ws('|', {keys_of_gone}), {key_name},
    'duplicate_row', 'the key comes more than once in one extract', to_jsonb(gone) - %(bookkeeping)s::text[]
from gone
where not _deleted
"""


def _preference(dataset: Dataset) -> sql.Composable:
    if dataset.access == "per_key":
        own = (
            sql.SQL("{} is distinct from _unit, ").format(sql.Identifier(dataset.person_key))
            if dataset.person_key
            else sql.SQL("")
        )
        return own + sql.SQL("_unit, _position")
    if dataset.incremental:
        return sql.SQL("updated_at desc nulls last, _unit::bigint desc, _position desc")
    return sql.SQL("_unit::bigint, _position")


def _refuse_renamed(work: Work, dataset: Dataset) -> None:
    row = work.connection.execute(
        "select field, count(*) from landing.quarantine where extract_id = %(extract)s and dataset = %(dataset)s "
        "and rule = 'missing_required' and reason = %(absent)s group by field "
        "having count(*) = (select extracted from landing.extract_dataset "
        "                   where extract_id = %(extract)s and dataset = %(dataset)s)",
        {"extract": work.extract.extract_id, "dataset": dataset.name, "absent": ABSENT},
    ).fetchone()
    if row:
        raise renamed(dataset, *row)


def _refuse_incomplete(work: Work, dataset: Dataset) -> None:
    row = work.connection.execute(
        "select extracted + out_of_scope, source_total from landing.extract_dataset "
        "where extract_id = %s and dataset = %s and mode = 'full' and extracted + out_of_scope <> source_total",
        (work.extract.extract_id, dataset.name),
    ).fetchone()
    if row:
        raise ContractViolation(
            f"{dataset.party}: {dataset.name}: {row[0]} rows came where the source counts {row[1]} in total "
            "(rule rows_add_up)"
        )


def _refuse_quarantined(work: Work, dataset: Dataset) -> None:
    """Share of the dataset; of an incremental one, share of what is held, so that one bad change stops nothing."""
    limit = work.settings.quarantine_limit
    row = work.connection.execute(
        sql.SQL(
            "select quarantined, greatest(extracted, case mode when 'incremental' then (select count(*) from {} ) end) "
            "from landing.extract_dataset where extract_id = %s and dataset = %s"
        ).format(raw_table(dataset)),
        (work.extract.extract_id, dataset.name),
    ).fetchone()
    if row and row[1] and row[0] > limit * row[1]:
        raise PublicationStopped(
            f"{dataset.party}: {dataset.name}: {row[0]} of {row[1]} rows are in quarantine, more than "
            f"{limit:.0%} (PADAN_QUARANTINE_LIMIT); see landing.quarantine of extract {work.extract.extract_id}"
        )


# Of people, those asked about: the others, and those who left the lists, are judged when the extract is published.
_OF_THE_ASKED: LiteralString = (
    "where exists (select from landing.roster roster "
    "where roster.extract_id = %(extract)s and roster.nip = raw._nip and roster.asked)"
)


def _refuse_shrunk_roster(work: Work, dataset: Dataset) -> None:
    """Before hours are spent on people; publication looks again at what it made."""
    if (dataset.party, dataset.name) not in ROSTERS:
        return
    asked = sql.SQL(_OF_THE_ASKED if dataset.access == "per_key" else "")
    row = work.connection.execute(
        sql.SQL(
            "select (select count(*) from {raw} raw {asked}), extracted, mode from landing.extract_dataset "
            "where extract_id = %(extract)s and dataset = %(dataset)s"
        ).format(raw=raw_table(dataset), asked=asked),
        {"extract": work.extract.extract_id, "dataset": dataset.name},
    ).fetchone()
    nobody_asked = dataset.access == "per_key" and row is not None and not any(row[:2])
    if row and row[2] != "incremental" and not nobody_asked:
        refuse_loss(work, dataset, before=row[0], after=row[1])


def refuse_loss(work: Work, dataset: Dataset, *, before: int, after: int) -> None:
    """Refuse to publish an empty list in place of a full one, or a roster that lost too many at once.

    Raises:
        PublicationStopped
    """
    what = f"{dataset.party}: {dataset.name}"
    roster = (dataset.party, dataset.name) in ROSTERS
    if after == 0 and (before or roster):
        raise PublicationStopped(
            f"{what}: no row in scope arrived where {before} are published (rule empty_list); nothing was published"
        )
    limit = work.settings.roster_shrink_limit
    if roster and before - after > limit * before:
        raise PublicationStopped(
            f"{what}: {after} rows where {before} are published, {(before - after) / before:.0%} fewer (rule "
            f"shrunk_roster); at most {limit:.0%} may vanish at once (PADAN_ROSTER_SHRINK_LIMIT); nothing was published"
        )
