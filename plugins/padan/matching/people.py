"""The people of both sides, and what is decided about them, as tables of an in-memory DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from padan.matching import names, rough
from padan.matching.streams import incoming
from padan.warehouse.connection import Connection

COLUMNS = ("unique_id", "nip", "nip_former", "nik", "name", "birth_date", "sex", "birth_place", "employment_type",
           "instansi", "jf", "settled")  # fmt: skip
# Both sides in the same codes: BKN's of agency and position. A CPNS counts as a PNS.
_BKN = """
    select
        people.person_id_bkn, people.nip, people.nip_lama, people.nik, people.name, people.birth_date, people.sex,
        people.birth_place,
        case when people.status_pegawai like '%PPPK%' or people.status_pegawai like 'P3K%' then 'PPPK' else 'PNS' end,
        people.instansi_id, people.jabatan_fungsional_id, settled.person_id_bkn is not null
    from staging_bkn.stg_bkn__people as people
    left join integration.int_matching__exact_pairs as settled on people.person_id_bkn = settled.person_id_bkn
"""
_BPS = """
    select
        holders.holder_id, holders.nip_bps, holders.nip_lama_bps, holders.nik, holders.name, holders.birth_date,
        holders.sex, holders.birth_place, holders.employment_type, instansi.bkn_code, jf.bkn_code,
        settled.holder_id is not null
    from staging_bps.stg_bps__holders as holders
    left join integration.int_matching__exact_pairs as settled on holders.holder_id = settled.holder_id
    left join (
        select code, min(bkn_code) as bkn_code from staging_bps.stg_bps__reference_codes
        where code_type = 'instansi' group by code
    ) as instansi on holders.instansi_code = instansi.code
    left join (
        select code, min(bkn_code) as bkn_code from staging_bps.stg_bps__reference_codes
        where code_type = 'jf' group by code
    ) as jf on holders.jf_code = jf.code
"""
_SIDES = {"bkn": _BKN, "bps": _BPS}
_ONLY_NEAR = {
    "bkn": " inner join pg_temp.near on people.person_id_bkn = near.unique_id",
    "bps": " inner join pg_temp.near on holders.holder_id = near.unique_id",
}
EVERYBODY = 300_000  # people of a side; of more than these a part is loaded
TYPICAL = 20_000  # people of BKN, with their partners, by whom chance agreement is judged where a part is loaded
_SETTLED = "settled.person_id_bkn is not null"
_NEVER = "select person_id_bkn, holder_id from reference.matching_decisions where decision = 'never_link'"
_PLAIN = """
    create or replace table {table} as
    with plain as (
        select
            unique_id, nip, nip_former, nik, plain_name(name) as name, try_cast(birth_date as date) as birth_date, sex,
            plain_place(birth_place) as birth_place, employment_type, instansi, jf, settled = 't' as settled
        from incoming
    )
    select * from plain where {condition}
"""
# The keys of the tiers themselves; rough signs let in many more, whom memory need not hold.
_FITS = """
    (birth_date, left(name, 1)) in (select (birth_date, left(name, 1)) from {other} where not settled)
    or (birth_date, birth_place) in (select (birth_date, birth_place) from {other} where not settled)
    or (name, year(birth_date)) in (select (name, year(birth_date)) from {other} where not settled)
    or (name, birth_place) in (select (name, birth_place) from {other} where not settled)
"""
_PAIRS = """
    create table found (
        person_id_bkn text, holder_id text, tier text, score decimal(7, 6), evidence text
    );
    create table doubtful (
        person_id_bkn text, holder_id text, tier text, score decimal(7, 6), evidence text, reason text
    );
"""
_LEFT = """
    select
        (select count(*) from staging_bkn.stg_bkn__people)
        - (select count(*) from integration.int_matching__exact_pairs),
        (select count(*) from staging_bps.stg_bps__holders)
        - (select count(*) from integration.int_matching__exact_pairs)
"""


@contextmanager
def workbench(memory_limit: str = "3GB", threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that fetches and spills nothing and knows the macros of :mod:`.names`; no pair found yet."""
    with duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory_limit,
            "temp_directory": "",  # personal values stay in memory
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    ) as bench:
        bench.execute("set enable_progress_bar = false")
        names.install(bench)
        bench.execute(_PAIRS)
        yield bench


def left(database: Connection) -> tuple[int, int]:
    """How many people of BKN and of BPS neither a decision nor an exact key settles."""
    counts = database.execute(_LEFT).fetchone()
    return (0, 0) if counts is None else (int(counts[0]), int(counts[1]))


def load(database: Connection, bench: duckdb.DuckDBPyConnection) -> int:
    """Put both sides into ``bkn`` and ``bps`` and the pairs never to be linked into ``never``, streamed.

    Of more than :data:`EVERYBODY` people of a side only those come who may fit somebody who is left on the other;
    ``sample_bkn`` and ``sample_bps`` then hold a share of everybody, the same at each run, by which the tiers judge
    what is common. Returns how many people BKN has.
    """
    left_bkn, left_bps = left(database)
    settled = database.execute("select count(*) from integration.int_matching__exact_pairs").fetchone()
    everybody = left_bkn + int(settled[0] if settled else 0)
    if max(everybody, everybody - left_bkn + left_bps) > EVERYBODY:
        rough.refresh(database, bench)
        _load_part(database, bench, ("bps", "bkn") if left_bps <= left_bkn else ("bkn", "bps"))
        _load_typical(database, bench, max(1, everybody // TYPICAL))
    else:
        for side, query in _SIDES.items():
            with incoming(database, bench, query, COLUMNS):
                make_plain(bench, side)
    with incoming(database, bench, _NEVER, ("person_id_bkn", "holder_id")):
        bench.execute("create or replace table never as select * from incoming")
    return everybody


def _load_part(database: Connection, bench: duckdb.DuckDBPyConnection, sides: tuple[str, str]) -> None:
    """Who is left on the side with fewer; of the other who is near one of them; and rivals who are settled already."""
    fewer, other = sides
    with incoming(database, bench, f"{_SIDES[fewer]} where not ({_SETTLED})", COLUMNS):
        make_plain(bench, fewer)
    rough.find_near(database, other, fewer)
    with incoming(database, bench, _SIDES[other] + _ONLY_NEAR[other], COLUMNS):
        make_plain(bench, other, _FITS.format(other=fewer))
    rough.find_rivals(database, fewer, other)
    with incoming(database, bench, _SIDES[fewer] + _ONLY_NEAR[fewer], COLUMNS):
        make_plain(bench, "rivals", _FITS.format(other=other))
    bench.execute(f"insert into {fewer} from rivals")
    bench.execute("drop table rivals")


def _load_typical(database: Connection, bench: duckdb.DuckDBPyConnection, share: int) -> None:
    """One in ``share`` of each side, partners together."""
    for side, drawn_by in (("bkn", "people.person_id_bkn"), ("bps", "settled.person_id_bkn, holders.holder_id")):
        drawn = f" where hashtextextended(coalesce({drawn_by}), 0) % {share} = 0"
        with incoming(database, bench, _SIDES[side] + drawn, COLUMNS):
            make_plain(bench, f"sample_{side}")


def make_plain(bench: duckdb.DuckDBPyConnection, table: str, condition: str = "true") -> None:
    """Make ``table`` of those in ``incoming`` (:data:`COLUMNS`, as text) of whom ``condition`` holds, in plain form."""
    bench.execute(_PLAIN.format(table=table, condition=condition))
