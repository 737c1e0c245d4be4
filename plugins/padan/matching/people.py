"""The people of both sides, and what is decided about them, as tables of an in-memory DuckDB."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from psycopg import Copy
from pyarrow import csv

from padan.matching import names
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
EVERYBODY = 300_000  # people of BKN; more are looked through first, and who cannot fit anybody who is left stays away
_LOOKED_THROUGH = """
    select
        people.person_id_bkn, people.name, people.birth_date, people.birth_place, settled.person_id_bkn is not null
    from staging_bkn.stg_bkn__people as people
    left join integration.int_matching__exact_pairs as settled on people.person_id_bkn = settled.person_id_bkn
"""
# Cheap signs that everybody shares with whom a key of the tiers could bring together: a plain name costs far more.
_SIGNS = """
    create or replace temp table signs as
    select distinct
        birth_date, rough_initial(name) as initial, rough_place(birth_place) as place, rough_name(name) as name,
        year(birth_date) as birth_year
    from bps
    where not settled
"""
_NEAR = """
    create or replace table near as
    with people as (
        select
            unique_id, settled = 't' as settled, try_cast(birth_date as date) as birth_date,
            rough_initial(name) as initial, rough_place(birth_place) as place, rough_name(name) as name
        from incoming
    )
    select unique_id from people
    where settled
        or (birth_date, initial) in (select (birth_date, initial) from signs)
        or (birth_date, place) in (select (birth_date, place) from signs)
        or (name, year(birth_date)) in (select (name, birth_year) from signs)
        or (name, place) in (select (name, place) from signs)
"""
_NEVER = "select person_id_bkn, holder_id from reference.matching_decisions where decision = 'never_link'"
_PLAIN = """
    create or replace table {table} as
    select
        unique_id, nip, nip_former, nik, plain_name(name) as name, try_cast(birth_date as date) as birth_date, sex,
        plain_place(birth_place) as birth_place, employment_type, instansi, jf, settled = 't' as settled
    from incoming
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


class _CopyStream(io.RawIOBase):
    """What a COPY sends, as a file: nothing of it is held or stored."""

    def __init__(self, copy: Copy) -> None:
        self._copy, self._rest = copy, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(self._copy.read())
        taken = min(len(target), len(self._rest))
        target[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken


@contextmanager
def workbench(memory_limit: str = "1GB", threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
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

    Of more than :data:`EVERYBODY` people of BKN only those come who are settled or may fit a holder who is left.
    Returns how many people BKN has.
    """
    with incoming(database, bench, _BPS, COLUMNS):
        make_plain(bench, "bps")
    counted = database.execute("select count(*) from staging_bkn.stg_bkn__people").fetchone()
    everybody = int(counted[0]) if counted else 0
    query = _BKN
    if everybody > EVERYBODY:
        _find_near(database, bench)
        query += " inner join pg_temp.near on people.person_id_bkn = near.unique_id"
    with incoming(database, bench, query, COLUMNS):
        make_plain(bench, "bkn")
    with incoming(database, bench, _NEVER, ("person_id_bkn", "holder_id")):
        bench.execute("create or replace table never as select * from incoming")
    return everybody


def _find_near(database: Connection, bench: duckdb.DuckDBPyConnection) -> None:
    """Put into the temporary table ``near`` of the database whom of BKN's people the tiers have to see."""
    bench.execute(_SIGNS)
    with incoming(database, bench, _LOOKED_THROUGH, ("unique_id", "name", "birth_date", "birth_place", "settled")):
        bench.execute(_NEAR)
    database.execute("drop table if exists pg_temp.near")
    database.execute("create temporary table near (unique_id text)")
    with database.cursor() as cursor, cursor.copy("copy near from stdin (format csv)") as copy:
        for batch in bench.sql("select unique_id from near").to_arrow_reader(100_000):
            sent = io.BytesIO()
            csv.write_csv(batch, sent, csv.WriteOptions(include_header=False))
            copy.write(sent.getvalue())
    database.execute("analyze near")
    bench.execute("drop table near")


def make_plain(bench: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make ``table`` of ``incoming`` (:data:`COLUMNS`, as text), names and places plain."""
    bench.execute(_PLAIN.format(table=table))


@contextmanager
def incoming(
    database: Connection, bench: duckdb.DuckDBPyConnection, query: str, columns: tuple[str, ...]
) -> Iterator[None]:
    """The rows of ``query`` as ``incoming``, to be read once: text under the names ``columns``, a null as null."""
    with database.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format csv, header)".encode()) as copy:
        reader = csv.open_csv(
            pa.PythonFile(io.BufferedReader(_CopyStream(copy), 1 << 20), mode="r"),
            read_options=csv.ReadOptions(column_names=columns, skip_rows=1),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True,
                quoted_strings_can_be_null=False, null_values=[""],
            ),
        )  # fmt: skip
        bench.register("incoming", reader)
        yield
        bench.unregister("incoming")
