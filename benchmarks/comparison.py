"""What the comparison is held against: one hand-written statement (the floor), and what a user would pick instead.

All of them read the same. ``bench.left`` and ``bench.right`` are BKN's and BPS's people with equal columns, codes
translated and texts folded beforehand, one key on both sides; making them is in nobody's time. The floor from raw
types, translates, joins and compares in its one statement.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks.bounded import BOUNDS, Bounds, Stopped, run_bounded
from benchmarks.contestant import Figures, RunFailed, clocked
from benchmarks.contestants import PEERS, peer_environment
from benchmarks.suites import Bench
from benchmarks.watching import watched
from sandbox.postgres import SUPERUSER

# Attribute: its expression on BKN's raw data, and on BPS's, where four crosswalks are joined. Texts are folded as the
# registry's comparator "text" folds them where letters are plain; dates become ISO text, null if they are none.
_FOLDED = "translate(lower({}), ' .,''-/', '')"
_DMY = (
    "case when {0} ~ '^\\d\\d-\\d\\d-\\d{{4}}$' "
    "then substr({0}, 7) || '-' || substr({0}, 4, 2) || '-' || substr({0}, 1, 2) end"
)
_ISO = "case when pg_input_is_valid({0}, 'date') then {0} end"


_PEER = "padan-bench-peer"  # application_name of its connections


@dataclass(frozen=True)
class _Compared:
    name: str
    bkn: str
    bps: str


def _text(name: str, bkn: str, bps: str) -> _Compared:
    return _Compared(name, f"nullif({_FOLDED.format(bkn)}, '')", f"nullif({_FOLDED.format(bps)}, '')")


def _date(name: str, bkn: str, bps: str) -> _Compared:
    return _Compared(name, _DMY.format(bkn), _ISO.format(bps))


_COMPARED = (
    _Compared("nip", "bkn.nip_baru", "bps.nip_bps"),
    _Compared("nik", "bkn.nik", "bps.nik"),
    _text("name", "bkn.nama", "bps.name"),
    _text("title_front", "bkn.gelar_depan", "bps.title_front"),
    _text("title_back", "bkn.gelar_belakang", "bps.title_back"),
    _text("birth_place", "bkn.tempat_lahir", "bps.birth_place"),
    _date("birth_date", "bkn.tgl_lahir", "bps.birth_date"),
    _Compared("sex", "case bkn.jenis_kelamin when 'M' then 'L' when 'F' then 'P' end", "bps.sex"),
    _Compared("employment_type", "bkn.status_pegawai", "bps.employment_type"),
    _Compared("employment_status", "bkn.kedudukan_pns_id", "coalesce(status.bkn_code, bps.employment_status)"),
    _Compared("golongan", "bkn.gol_ruang_akhir", "bps.golongan"),
    _date("golongan_tmt", "bkn.tmt_gol_akhir", "bps.golongan_tmt"),
    _Compared("instansi", "bkn.instansi_kerja_id", "coalesce(instansi.bkn_code, bps.instansi_code)"),
    _text("unit", "bkn.unor_nama", "bps.unit_name"),
    _Compared("education_level", "bkn.tk_pendidikan_terakhir_id", "coalesce(education.bkn_code, bps.education_level)"),
    _Compared("jabatan_fungsional", "bkn.jabatan_fungsional_id", "coalesce(jf.bkn_code, bps.jf_code)"),
    _Compared("jenjang", "bkn.kode_jenjang_jabatan", "bps.jenjang"),
    _date("jf_tmt", "bkn.tmt_jabatan", "bps.jf_tmt"),
    _Compared("credit_total", "credits.total::text", "bps.credit_total"),
)
ATTRIBUTES = tuple(one.name for one in _COMPARED)
_BKN = """
raw_bkn.data_utama as bkn
left join (select pns, sum(kredit_baru_total::numeric) as total from raw_bkn.rw_angkakredit group by pns) as credits
    on bkn.id = credits.pns
"""
_BPS = "raw_bps.holders as bps " + " ".join(
    f"left join (select code, bkn_code from raw_bps.reference_codes where code_type = '{kind}') "
    f"as {alias} on bps.{column} = {alias}.code"
    for alias, kind, column in (
        ("jf", "jf", "jf_code"),
        ("instansi", "instansi", "instansi_code"),
        ("education", "education_level", "education_level"),
        ("status", "employment_status", "employment_status"),
    )
)
_SIDES = f"""
bkn as (select bkn.id as person_id_bkn, {", ".join(f"{one.bkn} as {one.name}" for one in _COMPARED)} from {_BKN}),
bps as (select bps.holder_id, {", ".join(f"{one.bps} as {one.name}" for one in _COMPARED)} from {_BPS})
"""
# A NIK finds whom no NIP found. Both joins are hash joins over people, written out as one would by hand.
_PAIRS = """
by_nip as (select bkn.person_id_bkn, bps.holder_id from {bkn} as bkn inner join {bps} as bps on bkn.nip = bps.nip),
left_over as (select bkn.person_id_bkn, bps.holder_id from
    (select * from {bkn} as bkn where not exists (select from by_nip where person_id_bkn = bkn.person_id_bkn)) as bkn
    inner join
    (select * from {bps} as bps where not exists (select from by_nip where holder_id = bps.holder_id)) as bps
    on bkn.nik = bps.nik),
pairs as (select * from by_nip union all select * from left_over)
"""
_DIFFERING = ", ".join(f"case when bkn.{name} is distinct from bps.{name} then '{name}' end" for name in ATTRIBUTES)
_FLOOR = f"""
create unlogged table bench.floor as
with {{sides}} {_PAIRS}
select pairs.person_id_bkn, pairs.holder_id, differing.attribute
from pairs
inner join {{bkn}} as bkn on pairs.person_id_bkn = bkn.person_id_bkn
inner join {{bps}} as bps on pairs.holder_id = bps.holder_id
cross join lateral unnest(array_remove(array[{_DIFFERING}], null)) as differing (attribute)
"""


def contest(bench: Bench, database: str, differing: int) -> Iterator[tuple[str, Figures]]:
    """The name and figures of the floors and, where asked for, of the peers, as each ends.

    A peer that fails or for which memory or patience does not suffice has figures with ``stopped``, the reason.
    ``differing``: the values that truly differ among people known to both. Raises RunFailed where a floor finds others.
    """
    url = bench.server.url(database)
    with psycopg.connect(url, autocommit=True) as connection:
        _make_sides(connection)
        typed = {"sides": "", "bkn": "bench.left", "bps": "bench.right"}
        raw = {"sides": f"{_SIDES},", "bkn": "bkn", "bps": "bps"}
        for name, parts in (("floor, typed tables", typed), ("floor, from raw", raw)):
            figures: Figures = {}
            with watched(bench.server, database, figures), clocked(figures):
                connection.execute(_FLOOR.format(**parts).encode())
            row = connection.execute("select count(*) from bench.floor").fetchone()
            connection.execute("drop table bench.floor")
            figures["rows"] = row[0] if row else 0
            if figures["rows"] != differing:
                raise RunFailed(f"{name}: {figures['rows']} differing values, not {differing}")
            bench.progress(f"{name}: {figures['seconds']:.1f} s")
            yield name, figures
    if bench.options.peers:
        for name, script in (("data-diff, joindiff", "data_diff"), ("datacompy, polars", "datacompy")):
            figures = peer(bench, database, script)
            bench.progress(f"{name}: {figures.get('stopped') or format(figures['seconds'], '.1f') + ' s'}")
            yield name, figures


def peer(bench: Bench, database: str, script: str, bounds: Bounds = BOUNDS) -> Figures:
    """What a peer takes within ``bounds``, or why it was stopped; nothing of it goes on in the server afterwards."""
    job = {"database_url": bench.server.url(database), "attributes": ATTRIBUTES}
    figures: Figures = {}
    with watched(bench.server, database, figures):
        try:
            python = peer_environment(bench.directory, bench.progress, script)
            log = bench.directory / f"{script}.log"
            figures |= run_bounded([python, PEERS / f"{script}_people.py"], job, bounds, log, {"PGAPPNAME": _PEER})
        except subprocess.CalledProcessError:
            figures["stopped"] = "it could not be installed"
        except Stopped as error:
            figures |= {"stopped": str(error), "peak_bytes": error.peak_bytes}
        with psycopg.connect(bench.server.url("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = %s", (_PEER,)
            )
    return figures


def _make_sides(connection: psycopg.Connection) -> None:
    """Both sides with one key: what joins them, or the id of whoever stands alone."""
    connection.execute("drop table if exists bench.left, bench.right")
    connection.execute(
        f"create table bench.left as with {_SIDES} "
        "select coalesce(pairs.pair_key, bkn.person_id_bkn) as key, bkn.* "
        "from bkn left join integration.int_matching__pairs as pairs using (person_id_bkn)".encode()
    )
    connection.execute(
        f"create table bench.right as with {_SIDES} "
        "select coalesce(pairs.pair_key, bps.holder_id) as key, bps.* "
        "from bps left join integration.int_matching__pairs as pairs using (holder_id)".encode()
    )
    for side in ("left", "right"):
        connection.execute(f"alter table bench.{side} add primary key (key)".encode())
        connection.execute(f"vacuum analyze bench.{side}".encode())
