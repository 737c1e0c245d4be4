"""What a build must work through: everything, or who changed since the last one and whoever they touch.

Triggers on the raw tables note whose rows change, whoever changes them. A build takes these notes and adds whoever
shares a NIP, a NIK or a pair with such a person, before or after the change; models then replace the rows of these
people alone (dbt_project/macros/changes.sql). Whom it does not take reads as before, and so does every result about
them. Whatever is not about single people (code, seeds, lists of codes) makes everything anew.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import LiteralString

from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.settings import Settings
from padan.warehouse.connection import Connection
from padan.warehouse.raw_tables import raw_table

logger = logging.getLogger(__name__)
PERSON_COLUMN: dict[tuple[str, str], str] = {
    ("bkn", "data_utama"): "id",
    ("bkn", "portal_export"): "pns_id",
    ("bkn", "rw_jabatan"): "id_pns",
    ("bkn", "rw_golongan"): "id_pns",
    ("bkn", "rw_angkakredit"): "pns",
    ("bkn", "rw_pendidikan"): "id_pns",
    ("bps", "holders"): "holder_id",
    ("bps", "position_history"): "holder_id",
    ("bps", "credits"): "holder_id",
    ("bps", "competence_tests"): "holder_id",
}
"""Datasets of rows about people: the column with the agency's id of the person. All others are lists."""
_UNITS = ("bkn", "ref_unor")  # so many that some change each day: only their people are affected
_OF_NOBODY = frozenset({("bps", "formations")})  # what is made of it is made anew each time
WHOLE_EVERY = timedelta(days=30)  # heals what no trigger could see, such as a restored table
STAGES = (
    "raw_checked",
    "staged",
    "staging_checked",
    "kept",
    "linked",
    "integrated",
    "comparison_checked",
    "published",
)
"""What a build goes through, in this order: columns of landing.build."""
MOST_AFFECTED = 0.1  # of the people of a side: beyond, everything anew costs less
_TRIGGERS = ("insert", "update", "delete")
_FOLDERS = ("dbt_project", "expectations")
_SOURCES = frozenset({".sql", ".yml", ".yaml", ".csv"})


@dataclass(frozen=True)
class Build:
    """How the running build goes about it. ``affected``: people of both sides, none where everything is made anew."""

    whole: bool
    reason: str
    affected: int


def fingerprint(settings: Settings) -> str:
    """Of what is not data and yet decides what a build makes: models, seeds, expectations, the key of pseudonyms."""
    content = hashlib.sha256(hmac.digest(settings.key("pseudonyms"), b"build", "sha256"))
    for folder in _FOLDERS:
        root = settings.project_dir / folder
        for path in sorted(path for path in root.rglob("*") if path.suffix in _SOURCES and path.is_file()):
            content.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()


def is_whole(connection: Connection) -> bool:
    """Whether the running build makes everything anew, or nobody has prepared one."""
    row = connection.execute("select coalesce((select whole and not finished from landing.build), true)").fetchone()
    return bool(row[0]) if row else True


def watch(connection: Connection, agreement: Agreement) -> bool:
    """Let raw note what changes from now on; whether it did before, and each row tells plainly of whom it is.

    For a session of the role ``owner``.
    """
    there = [dataset for dataset in agreement.datasets if _is_there(connection, dataset)]
    unwatched = [dataset for dataset in there if not _is_watched(connection, dataset)]
    with connection.transaction():
        for dataset in unwatched:
            for statement in _watching(dataset):
                connection.execute(statement)
    if unwatched or len(there) < len(agreement.datasets):
        return False
    return not any(_has_untidy(connection, dataset) for dataset in there)


def _is_there(connection: Connection, dataset: Dataset) -> bool:
    row = connection.execute("select to_regclass(%s)", (raw_table(dataset).as_string(connection),)).fetchone()
    return bool(row and row[0])


def _has_untidy(connection: Connection, dataset: Dataset) -> bool:
    column = PERSON_COLUMN.get((dataset.party, dataset.name))
    if column not in dataset.columns:
        return False
    statement = sql.SQL("select exists(select from {} where {})").format(raw_table(dataset), _untidy(column))
    with connection.transaction():
        # The planner takes nearly every row for untidy, and would read them until it finds one.
        connection.execute("set local enable_seqscan = off")
        row = connection.execute(statement).fetchone()
    return bool(row and row[0])


def _untidy(column: str) -> sql.Composed:
    """Where staging would read another id than raw holds, or none; an index of these rows alone answers at once."""
    return sql.SQL(r"{column} is null or {column} <> btrim({column}, E' \t\r\n\u00a0')").format(
        column=sql.Identifier(column)
    )


def _is_watched(connection: Connection, dataset: Dataset) -> bool:
    if (dataset.party, dataset.name) in _OF_NOBODY:
        return True
    row = connection.execute(
        "select count(*) from pg_trigger where tgrelid = to_regclass(%s) and tgname like 'note_change_%%'",
        (raw_table(dataset).as_string(connection),),
    ).fetchone()
    return bool(row and row[0] == len(_TRIGGERS))


def _watching(dataset: Dataset) -> list[sql.Composed]:
    """A trigger for each kind of change: one that sees old and new rows may be of one kind alone."""
    table, column = raw_table(dataset), PERSON_COLUMN.get((dataset.party, dataset.name))
    if column and column in dataset.columns:
        told = [dataset.party, column]
    elif (dataset.party, dataset.name) == _UNITS:
        told = ["unor", "id"]
    else:
        told = ["list"]
    seen: dict[str, LiteralString] = {
        "insert": "new table as new_rows",
        "update": "old table as old_rows new table as new_rows",
        "delete": "old table as old_rows",
    }
    statements = [
        sql.SQL(
            "create or replace trigger {name} after {kind} on {table} referencing {seen} "
            "for each statement execute function landing.note_change({told})"
        ).format(
            name=sql.Identifier(f"note_change_{kind}"),
            kind=sql.SQL(kind),
            table=table,
            seen=sql.SQL(seen[kind]),
            told=sql.SQL(", ").join(map(sql.Literal, told)),
        )
        for kind in _TRIGGERS
    ]
    if told[0] in ("bkn", "bps"):
        index = sql.SQL("create index if not exists {} on {} ({}){}")
        person = sql.Identifier(told[1])
        untidy = sql.SQL(" where {}").format(_untidy(told[1]))
        statements.append(index.format(sql.Identifier(f"{dataset.name}_untidy"), table, person, untidy))
        if dataset.row_key != (told[1],):
            statements.append(index.format(sql.Identifier(f"{dataset.name}_by_person"), table, person, sql.SQL("")))
    return statements


def gather(connection: Connection, as_of: date, made_of: str, *, watched: bool) -> Build:
    """Take the notes of what changed, for a build of ``as_of``; again adds what came since. Role ``transformer``.

    ``made_of`` is the :func:`fingerprint`; ``watched`` what :func:`watch` said.
    """
    with connection.transaction():
        standing = connection.execute(
            "select whole, finished, built_as_of, built_fingerprint, whole_on from landing.build for update"
        ).fetchone()
        whole, finished, built_as_of, built_of, whole_on = standing or (True, False, None, None, None)
        connection.execute(_TAKE)
        connection.execute(_ADD_TAKEN)
        listed = connection.execute("select exists(select from pg_temp.taken where side = 'list')").fetchone()
        if whole and not finished:
            reason = "first" if built_as_of is None else "unfinished"
        elif not watched:
            reason = "unwatched"
        elif built_of != made_of:
            reason = "code"
        elif built_as_of is None or as_of < built_as_of:
            reason = "earlier"
        elif whole_on is None or as_of - whole_on >= WHOLE_EVERY:
            reason = "due"
        elif listed and listed[0]:
            reason = "lists"
        else:
            reason = _spread(connection)
        affected = 0
        if reason:
            connection.execute("delete from landing.affected")
        else:
            row = connection.execute("select count(*) from landing.affected where side in ('bkn', 'bps')").fetchone()
            affected = int(row[0]) if row else 0
        connection.execute(
            "update landing.build set whole = %s, reason = %s, affected = %s, as_of = %s, fingerprint = %s, "
            "taken = taken + 1, finished = false",
            (bool(reason), reason or "changes", affected, as_of, made_of),
        )
    connection.execute("analyze landing.affected")
    build = Build(bool(reason), reason or "changes", affected)
    logger.info("build of %s: %s (%s)", as_of, "everything" if build.whole else f"{affected} people", build.reason)
    return build


def _spread(connection: Connection) -> str:
    """Add whomever the affected touch, until nobody is added; why everything must be made anew instead, or nothing."""
    there = connection.execute(_TABLES_THERE).fetchone()
    if not there or not there[0]:
        return "first"
    most = MOST_AFFECTED * float(there[1])
    connection.execute(_OF_UNITS)
    connection.execute(_HIDDEN)
    connection.execute("set local enable_hashjoin = off")  # few against millions: through their indexes
    connection.execute("set local enable_mergejoin = off")
    connection.execute("create temporary table frontier on commit drop as select side, key from landing.affected")
    connection.execute("create temporary table known_keys (nip text, nik text) on commit drop")
    while True:
        row = connection.execute("select count(*) from landing.affected where side in ('bkn', 'bps')").fetchone()
        if row and row[0] > most:
            return "many"
        connection.execute("analyze pg_temp.frontier")
        connection.execute(_KEYS)
        connection.execute("analyze pg_temp.keys")
        if connection.execute(_TOUCHED).rowcount == 0:
            return ""
        connection.execute("insert into pg_temp.known_keys select nip, nik from pg_temp.keys")
        connection.execute("drop table pg_temp.keys")
        connection.execute("truncate pg_temp.frontier")
        connection.execute("insert into pg_temp.frontier select side, key from pg_temp.touched")
        connection.execute(
            "insert into landing.affected (side, key) select side, key from pg_temp.touched on conflict do nothing"
        )
        connection.execute("drop table pg_temp.touched")


_TAKE = """
    create temporary table taken on commit drop as
    with gone as (delete from landing.changed returning side, key)
    select distinct side, key from gone
"""
_ADD_TAKEN = """
    insert into landing.affected (side, key)
    select side, key from pg_temp.taken where side <> 'list'
    on conflict do nothing
"""
# What the steps before left, and how many people the larger side has, as far as the planner knows.
_TABLES_THERE = """
    select
        bool_and(to_regclass(name) is not null),
        (select max(reltuples) from pg_class where oid in (
            to_regclass('staging_bkn.stg_bkn__people'), to_regclass('staging_bps.stg_bps__holders')
        ))
    from unnest(array[
        'staging_bkn.stg_bkn__people', 'staging_bkn.stg_bkn__findings',
        'staging_bps.stg_bps__holders', 'staging_bps.stg_bps__findings', 'integration.int_matching__pairs'
    ]) as name
"""
_OF_UNITS = """
    insert into landing.affected (side, key)
    select 'bkn', people.person_id_bkn
    from staging_bkn.stg_bkn__people as people
    inner join landing.affected as unit on unit.side = 'unor' and people.unor_id = unit.key
    on conflict do nothing
"""
# Whom another row of the same NIP keeps out of staging: shown as soon as that one goes.
_HIDDEN = """
    insert into landing.affected (side, key)
    select 'bkn', person_id_bkn from staging_bkn.stg_bkn__findings where rule = 'duplicate_person'
    union
    select 'bps', holder_id from staging_bps.stg_bps__findings where rule = 'duplicate_person'
    on conflict do nothing
"""
# Before the change (staging) and after it (raw); whoever bears a key that was looked up before is affected already.
_KEYS = r"""
    create temporary table keys on commit drop as
    (
        select nip, nik from staging_bkn.stg_bkn__people as people
        inner join pg_temp.frontier on frontier.side = 'bkn' and people.person_id_bkn = frontier.key
        union
        select regexp_replace(nip_baru, '\D', '', 'g'), regexp_replace(nik, '\D', '', 'g')
        from raw_bkn.data_utama as people
        inner join pg_temp.frontier on frontier.side = 'bkn' and people.id = frontier.key
        union
        select nip_bps, nik from staging_bps.stg_bps__holders as holders
        inner join pg_temp.frontier on frontier.side = 'bps' and holders.holder_id = frontier.key
        union
        select regexp_replace(nip_bps, '\D', '', 'g'), regexp_replace(nik, '\D', '', 'g')
        from raw_bps.holders as holders
        inner join pg_temp.frontier on frontier.side = 'bps' and holders.holder_id = frontier.key
    )
    except
    select nip, nik from pg_temp.known_keys
"""
_TOUCHED = """
    create temporary table touched on commit drop as
    with found as (
        select 'bkn' as side, people.person_id_bkn as key
        from pg_temp.keys inner join staging_bkn.stg_bkn__people as people on keys.nip = people.nip
        union
        select 'bkn', people.person_id_bkn
        from pg_temp.keys
        inner join staging_bkn.stg_bkn__people as people on keys.nik = people.nik and length(keys.nik) = 16
        union
        select 'bps', holders.holder_id
        from pg_temp.keys inner join staging_bps.stg_bps__holders as holders on keys.nip = holders.nip_bps
        union
        select 'bps', holders.holder_id
        from pg_temp.keys
        inner join staging_bps.stg_bps__holders as holders on keys.nik = holders.nik and length(keys.nik) = 16
        union
        select 'bps', pairs.holder_id
        from integration.int_matching__pairs as pairs
        inner join pg_temp.frontier on frontier.side = 'bkn' and pairs.person_id_bkn = frontier.key
        union
        select 'bkn', pairs.person_id_bkn
        from integration.int_matching__pairs as pairs
        inner join pg_temp.frontier on frontier.side = 'bps' and pairs.holder_id = frontier.key
    )
    select side, key from found
    where not exists (select from landing.affected where affected.side = found.side and affected.key = found.key)
"""


def affect(connection: Connection, pairs: str) -> None:
    """Have the running build work through the people of ``pairs``, a query of (person_id_bkn, holder_id), too."""
    connection.execute(
        f"with pairs as ({pairs}) insert into landing.affected (side, key) select 'bkn', person_id_bkn from pairs "  # noqa: S608
        "union select 'bps', holder_id from pairs on conflict do nothing".encode()
    )


def is_under_way(connection: Connection, as_of: date) -> bool:
    """Whether a build of that day was prepared and has not ended well yet."""
    row = connection.execute("select not finished and as_of = %s from landing.build", (as_of,)).fetchone()
    return bool(row and row[0])


def note_code(connection: Connection, made_of: str) -> None:
    """Make the rest of the running build whole where its code is no longer that of :func:`gather`."""
    connection.execute(
        "update landing.build set whole = true, reason = 'code' where fingerprint is distinct from %s", (made_of,)
    )


def forget(connection: Connection) -> None:
    """Have the next build make everything anew."""
    connection.execute("update landing.build set built_fingerprint = null")


@contextmanager
def passing(connection: Connection, stage: str) -> Iterator[None]:
    """Put on record that ``stage`` worked in what the one before it had when it began, unless the block fails."""
    place = STAGES.index(stage)
    before = sql.Identifier(STAGES[place - 1] if place else "taken")
    row = connection.execute(sql.SQL("select {} from landing.build").format(before)).fetchone()
    yield
    connection.execute(
        sql.SQL("update landing.build set {0} = greatest({0}, %s)").format(sql.Identifier(stage)), row or (0,)
    )


def finish(connection: Connection) -> bool:
    """The build of :func:`gather` ended well: the next one need not work through these people again.

    Nothing is done, and False is returned, where notes were taken since that did not pass every stage: another build
    goes on, and ends both.
    """
    with connection.transaction():
        ended = connection.execute(
            "update landing.build set built_as_of = as_of, built_fingerprint = fingerprint, finished = true, "
            "whole_on = case when whole then as_of else whole_on end "
            "where not finished and as_of is not null and published = taken"
        ).rowcount
        if ended:
            connection.execute("delete from landing.affected")
    return bool(ended)
