"""Rough keys of everybody, kept in the warehouse: who may fit somebody who is left is told by numbers, not names.

A key of the tiers (birth date and initial or place, name and birth year or place) in rough spelling, as a hash. To
spell millions of names takes minutes; whoever did not change since the last matching keeps the same keys.
"""

from __future__ import annotations

import hashlib
from typing import LiteralString

import duckdb
from psycopg import sql

from padan.matching import names
from padan.matching.streams import incoming, outgoing
from padan.warehouse import changes
from padan.warehouse.connection import Connection

_COLUMNS = ("unique_id", "name", "birth_date", "birth_place")
_PEOPLE = {
    "bkn": "select person_id_bkn, name, birth_date, birth_place from staging_bkn.stg_bkn__people",
    "bps": "select holder_id, name, birth_date, birth_place from staging_bps.stg_bps__holders",
}
_AFFECTED: dict[str, LiteralString] = {
    "bkn": "select key from landing.affected where side = 'bkn'",
    "bps": "select key from landing.affected where side = 'bps'",
}
_ID = {"bkn": "person_id_bkn", "bps": "holder_id"}
_KEYS = {
    "birth_date_initial": ("birth_date", "initial"),
    "birth_date_place": ("birth_date", "place"),
    "name_birth_year": ("name", "year(birth_date)"),
    "name_place": ("name", "place"),
}
# 32 of the hash's bits: by chance two keys of 4 billion are the same, and the tiers' own keys are asked afterwards.
_HASHED = ", ".join(
    f"case when {one} is not null and {other} is not null "
    f"then ((hash({one}, {other}) >> 32)::bigint - 2147483648)::integer end as {name}"
    for name, (one, other) in _KEYS.items()
)
_ROUGH = f"""
    with people as (
        select
            unique_id, try_cast(birth_date as date) as birth_date,
            rough_initial(name) as initial, rough_place(birth_place) as place, rough_name(name) as name
        from incoming
    )
    select unique_id, {_HASHED} from people
"""  # noqa: S608 - constants above
MADE_BY = hashlib.sha256("\n".join((duckdb.__version__, *names.MACROS, _ROUGH)).encode()).hexdigest()
"""Of the code and the version that made a key: others make other ones."""


def refresh(database: Connection, bench: duckdb.DuckDBPyConnection) -> None:
    """Bring the rough keys to the people of staging: those of whom the running build works through, or everybody's.

    Everybody's in a build that makes everything anew, after another code, and where a build went by without matching.
    """
    with database.transaction():
        taken, published = database.execute("select taken, published from landing.build").fetchone() or (0, 0)
        made = database.execute("select made_by, taken from matching.rough_keys_made").fetchone()
        whole = changes.is_whole(database) or made is None or made[0] != MADE_BY or made[1] < published
        for side, people in _PEOPLE.items():
            table = sql.Identifier("matching", f"rough_key_{side}")
            gone = sql.SQL("truncate {}") if whole else sql.SQL("delete from {} where unique_id in ({})")
            database.execute(gone.format(table, sql.SQL(_AFFECTED[side])))
            only = "" if whole else f" where {_ID[side]} in ({_AFFECTED[side]})"
            with incoming(database, bench, people + only, _COLUMNS):
                bench.execute(f"create temp table rough_keys as {_ROUGH}")
            outgoing(database, bench, "from rough_keys", table)
            bench.execute("drop table rough_keys")
            database.execute(sql.SQL("analyze {}").format(table))
        database.execute(
            "insert into matching.rough_keys_made (made_by, taken) values (%s, %s) "
            "on conflict (only_row) do update set made_by = excluded.made_by, taken = excluded.taken",
            (MADE_BY, taken),
        )


def find_near(database: Connection, side: str, other: str) -> None:
    """Make the temporary table ``near`` of who of ``side`` shares a rough key with somebody left on ``other``."""
    database.execute("drop table if exists pg_temp.near")
    _make_near(database, side, other, sql.SQL("true"), sql.SQL("true"))


def find_rivals(database: Connection, side: str, other: str) -> None:
    """Make ``near`` anew: of ``side`` the settled who share a rough key with one left on ``other`` who was near."""
    database.execute("alter table pg_temp.near rename to near_before")
    was_near = sql.SQL("exists (select from near_before where near_before.unique_id = kept.unique_id)")
    _make_near(database, side, other, _settled(side), was_near)
    database.execute("drop table pg_temp.near_before")


def _make_near(database: Connection, side: str, other: str, who: sql.Composable, others: sql.Composable) -> None:
    """``who`` and ``others``: conditions on the rows ``kept`` of the two sides."""
    database.execute(
        sql.SQL("create temporary table left_keys as select * from {} as kept where not {} and {}").format(
            sql.Identifier("matching", f"rough_key_{other}"), _settled(other), others
        )
    )
    database.execute("analyze left_keys")
    sharing = sql.SQL(
        "select unique_id from kept where exists (select from left_keys where left_keys.{key} = kept.{key})"
    )
    database.execute(
        sql.SQL(
            "create temporary table near as "
            "with kept as not materialized (select * from {table} as kept where {who}) {sharing}"
        ).format(
            table=sql.Identifier("matching", f"rough_key_{side}"),
            who=who,
            sharing=sql.SQL(" union ").join(sharing.format(key=sql.Identifier(key)) for key in _KEYS),
        )
    )
    database.execute("drop table left_keys")
    database.execute("analyze near")


def _settled(side: str) -> sql.Composed:
    return sql.SQL(
        "exists (select from integration.int_matching__exact_pairs as pairs where pairs.{} = kept.unique_id)"
    ).format(sql.Identifier(_ID[side]))
