"""Both agencies' raw data of any number of synthetic people, made inside PostgreSQL, every difference known beforehand.

Nothing of it passes through Python: hashes of a person's number decide each attribute, so the same seed makes the same
people. ``bench.planted`` is the truth: one row per person and attribute that a right comparison finds not identical.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import psycopg
from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.warehouse.raw_tables import AS_OF, ASKED_NIP, EXTRACT_ID, FETCHED_AT, ROW_HASH, raw_table
from sandbox.agencies import build_agencies
from sandbox.differences import UNMAPPED_INSTANSI_CODE
from sandbox.reference import FOSTERED, GOLONGAN, JENJANG
from sandbox.reference_lists import reference_codes, siasn_lists

# Shares in ten thousand, and what becomes of those people; the others are the same at both agencies.
ONLY_BKN, ONLY_BPS, BY_NIK_ALONE, CHANGED = 25, 25, 50, 200
# What changes on BPS's side, and the verdict that follows, as SQL over bench.person.
CHANGES: dict[str, str] = {
    "nik": "'modified'",
    "name": "'modified'",
    "title_front": "case when title_front is null then 'only_in_bps' else 'modified' end",
    "title_back": "'modified'",
    "birth_place": "'only_in_bkn'",
    "birth_date": "'modified'",
    "sex": "'modified'",
    "employment_type": "'modified'",
    "employment_status": "'modified'",
    "golongan": "'modified'",
    "golongan_tmt": "'modified'",
    "instansi": "'not_comparable'",
    "unit": "'modified'",
    "education_level": "'modified'",
    "jabatan_fungsional": "'modified'",
    "jenjang": "'modified'",
    "jf_tmt": "'not_comparable'",
    "credit_total": "case when with_credit then 'modified' else 'only_in_bps' end",
}
_MOST_CHANGES = 3  # of one person
_STRIDE = 5  # from one changed attribute to the next; shares no factor with their number
_FIRST_BIRTH, _BIRTH_DAYS, _DAY_STEP = date(1968, 2, 1), 12_775, 7919  # 35 years; every day once before any twice
MOST_PEOPLE = _BIRTH_DAYS * 499  # serial numbers below 500 are BKN's; BPS's wrong ones are 500 higher

_MEN = (
    "Slamet Sugeng Bambang Joko Agus Hadi Wahyu Budi Eko Teguh Muhammad Ahmad Yusuf Fauzi Ridwan Iqbal "
    "Andi Made Ketut Yohanes"
)
_WOMEN = (
    "Sri Endang Retno Wahyuni Lestari Rahayu Siti Nur Fatimah Aisyah Laila Maryam Dewi Ayu Kartika Ratna "
    "Maria Ni Wayan Yuliana"
)
_MIDDLE = (
    "Adi Bayu Cahya Dian Fajar Gilang Hendra Indra Jaya Kusuma Lukman Mulya Nanda Oka Putra Rangga Surya "
    "Tirta Utama Wira"
)
_LAST = (
    "Santoso Wibowo Nugroho Setiawan Kurniawan Purnomo Siregar Nasution Simanjuntak Hutapea Hidayat "
    "Rahman Syarif Anwar Taufik Wijaya Saputra Pratama Gunawan Halim Ginting Tarigan Pohan Lubis Harahap "
    "Manullang Tampubolon Situmorang Latuconsina Rumbewas"
)
_TITLES = ("S.Stat.", "S.E.", "S.Kom.", "S.Si.", "S.ST.", "A.Md.Stat.", "S.T.", "S.Sos.", "S.Tr.Stat.", "S.E., M.Si.")
_PLACES = (
    "Jakarta Bandung Surabaya Medan Makassar Semarang Padang Denpasar Manado Kupang Ambon Jayapura "
    "Pontianak Banjarmasin Palembang"
)


@dataclass(frozen=True)
class Population:
    """How many people a side, and from which seed. ``as_of``: the logical date of their extracts."""

    people: int
    as_of: date
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MOST_PEOPLE:
            raise ValueError(f"people: 1 to {MOST_PEOPLE}")


def _pick(salt: int, of: int) -> str:
    """SQL: 0 .. of-1, by the person's number and the seed."""
    return f"((hashint8extended(n, __seed__ * 1000 + {salt}) & 9223372036854775807) % {of})::int"


def _one_of(words: str | tuple[str, ...], salt: int) -> str:
    found = words.split() if isinstance(words, str) else list(words)
    listed = ", ".join(f"'{word}'" for word in found)
    return f"(array[{listed}])[1 + {_pick(salt, len(found))}]"


_PEOPLE = f"""
create unlogged table bench.person as
with numbered as materialized (
    select
        n,
        n / {_BIRTH_DAYS} + 1 as serial,
        date '{_FIRST_BIRTH}' + (n * {_DAY_STEP} % {_BIRTH_DAYS})::int as birth_date,
        {_pick(1, 100)} < 52 as female,
        {_pick(2, 100)} < 36 as pppk,
        {_pick(40, 10_000)} as fate
    from generate_series(0::bigint, __people__::bigint - 1) as n
),
hired as (
    select
        *,
        case when pppk then make_date(2019 + {_pick(3, 7)}, 1, 1)
        else make_date(least(extract(year from birth_date)::int + 22 + {_pick(3, 4)}, 2025), 1 + {_pick(4, 12)}, 1)
        end as hired_on
    from numbered
)
select
    n,
    fate,
    serial,
    female,
    pppk,
    hired_on,
    birth_date,
    to_char(birth_date, 'YYYYMMDD') as birth_digits,
    to_char(hired_on, case when pppk then 'YYYY"21"' else 'YYYYMM' end)
        || case when female then '2' else '1' end as hired_digits,
    lpad((110101 + {_pick(5, 84)} * 10000 + {_pick(6, 70)} * 100 + {_pick(7, 40)})::text, 6, '0')
        || lpad((extract(day from birth_date)::int + case when female then 40 else 0 end)::text, 2, '0')
        || to_char(birth_date, 'MMYY') as nik_digits,
    case when female then {_one_of(_WOMEN, 8)} else {_one_of(_MEN, 8)} end
        || ' ' || {_one_of(_MIDDLE, 9)} || ' ' || {_one_of(_LAST, 10)} as full_name,
    case when {_pick(11, 50)} = 0 then 'Dr.' end as title_front,
    {_one_of(_TITLES, 12)} as title_back,
    {_one_of(_PLACES, 13)} as birth_place,
    {_pick(14, 1_000_000)} as place_pick,
    {_pick(15, 1_000_000)} as position_pick,
    {_pick(16, 2)} as grade_pick,
    {_pick(17, 4)} as education_pick,
    greatest(hired_on, make_date(2018 + {_pick(18, 8)}, 4 + 6 * {_pick(19, 2)}, 1)) as golongan_tmt,
    greatest(hired_on, make_date(2016 + {_pick(20, 9)}, 1 + {_pick(21, 12)}, 1)) as jf_tmt,
    {_pick(22, 20)} = 0 as with_credit,
    upper(md5('bkn/' || n)) as person_id_bkn,
    (100000001 + n)::text as holder_id
from hired
"""  # noqa: S608 - constants of this module

_PLANTED = f"""
create table bench.planted as
select n, attribute, verdict
from bench.person
cross join lateral (
    select 'presence' as attribute, 'only_in_bkn' as verdict where fate < {ONLY_BKN}
    union all
    select 'presence', 'only_in_bps' where fate >= {ONLY_BKN} and fate < {ONLY_BKN + ONLY_BPS}
    union all
    select 'nip', 'modified'
    where fate >= {ONLY_BKN + ONLY_BPS} and fate < {ONLY_BKN + ONLY_BPS + BY_NIK_ALONE}
    union all
    select
        change.attribute,
        case change.attribute {" ".join(f"when '{name}' then {verdict}" for name, verdict in CHANGES.items())} end
    from generate_series(0, {_pick(41, _MOST_CHANGES)}) as nth
    inner join unnest(array[{", ".join(f"'{name}'" for name in CHANGES)}]) with ordinality as change (attribute, place)
        on change.place = 1 + ({_pick(42, 100_000)} + nth * {_STRIDE}) % {len(CHANGES)}
    where
        fate >= {ONLY_BKN + ONLY_BPS + BY_NIK_ALONE}
        and fate < {ONLY_BKN + ONLY_BPS + BY_NIK_ALONE + CHANGED}
) as found
"""  # noqa: S608 - constants of this module

# A person with place and position, and what is planted, as both agencies' inserts read it.
_DRAWN = """
from bench.person
inner join bench.place on place.no = place_pick % (select count(*) from bench.place)
inner join bench.position on position.no = position_pick % (select count(*) from bench.position)
inner join bench.position as next_position
    on next_position.no = (position_pick + 1) % (select count(*) from bench.position)
inner join bench.education on education.skilled = position.skilled and education.no = education_pick
left join (select n, array_agg(attribute) as attributes from bench.planted group by n) as planted using (n)
"""
_NIP = "birth_digits || hired_digits || lpad(serial::text, 3, '0')"
_NIK = "nik_digits || lpad(serial::text, 4, '0')"
_GOLONGAN = (
    "case when pppk then position.golongan_pppk "
    "when grade_pick = 0 then position.golongan_low else position.golongan_high end"
)
_GOLONGAN_ID = (
    "case when pppk then position.golongan_pppk_id "
    "when grade_pick = 0 then position.golongan_low_id else position.golongan_high_id end"
)
_CREDIT = "(50 + n % 150)"


def _dmy(expression: str) -> str:
    return f"to_char({expression}, 'DD-MM-YYYY')"


def _iso(expression: str) -> str:
    return f"({expression})::text"


_DATA_UTAMA = {
    "id": "person_id_bkn", "nip_baru": _NIP, "nip_lama": "''", "nama": "full_name",
    "gelar_depan": "coalesce(title_front, '')", "gelar_belakang": "title_back", "tempat_lahir": "birth_place",
    "tgl_lahir": _dmy("birth_date"), "jenis_kelamin": "case when female then 'F' else 'M' end", "nik": _NIK,
    "valid_nik": "'true'", "kedudukan_pns_id": "case when pppk then '71' else '01' end",
    "kedudukan_pns_nama": "case when pppk then 'PPPK Aktif' else 'Aktif' end",
    "status_pegawai": "case when pppk then 'PPPK' else 'PNS' end", "jenis_pegawai_id": "'12'",
    "tmt_cpns": _dmy("hired_on"), "tmt_pns": f"case when not pppk then {_dmy('hired_on + 365')} end",
    "bup_pensiun": "position.retirement_age::text", "instansi_induk_id": "place.instansi_id",
    "instansi_kerja_id": "place.instansi_id", "instansi_kerja_nama": "place.instansi_name",
    "satuan_kerja_kerja_id": "place.satuan_kerja_id", "unor_id": "place.unor_id", "unor_nama": "place.unor_name",
    "jenis_jabatan_id": "'2'", "jabatan_fungsional_id": "position.id", "jabatan_fungsional_nama": "position.name",
    "tmt_jabatan": _dmy("jf_tmt"), "kode_jenjang_jabatan": "position.jenjang", "gol_ruang_akhir_id": _GOLONGAN_ID,
    "gol_ruang_akhir": _GOLONGAN, "tmt_gol_akhir": _dmy("golongan_tmt"),
    "mk_tahun": "(2025 - extract(year from hired_on))::text", "mk_bulan": "(n % 12)::text",
    "tk_pendidikan_terakhir_id": "education.level", "pendidikan_terakhir_id": "md5(education.name)",
    "pendidikan_terakhir_nama": "education.name", "tahun_lulus": "(extract(year from hired_on) - 1)::text",
}  # fmt: skip
_PORTAL = {
    "pns_id": "person_id_bkn", "nip_baru": _NIP, "nama": "full_name", "gelar_belakang": "title_back",
    "tanggal_lahir": _dmy("birth_date"), "jenis_kelamin": "case when female then 'F' else 'M' end", "nik": _NIK,
    "kedudukan_hukum_id": "case when pppk then '71' else '01' end", "status_cpns_pns": "'P'",
    "gol_akhir_id": _GOLONGAN_ID, "jenis_jabatan_id": "'2'", "jabatan_id": "position.id",
    "jabatan_nama": "position.name", "unor_id": "place.unor_id", "instansi_kerja_id": "place.instansi_id",
}  # fmt: skip


def _unless(attribute: str, same: str, changed: str) -> str:
    """SQL: BPS's value, changed where that is planted."""
    return f"case when planted.attributes @> array['{attribute}'] then {changed} else {same} end"


_HOLDERS = {
    "holder_id": "holder_id",
    "nip_bps": f"birth_digits || hired_digits || lpad({_unless('nip', 'serial', 'serial + 500')}::text, 3, '0')",
    "nip_lama_bps": "(340000000 + n)::text",
    "nik": f"nik_digits || lpad({_unless('nik', 'serial', 'serial + 5000')}::text, 4, '0')",
    "name": _unless("name", "upper(full_name)", "'BERNAMA LAIN ' || upper(full_name)"),
    "title_front": _unless("title_front", "title_front", "'Prof.'"),
    "title_back": _unless("title_back", "replace(title_back, '.', '. ')", "'M.B.A.'"),
    "birth_place": _unless("birth_place", "upper(birth_place)", "null"),
    "birth_date": _iso(_unless("birth_date", "birth_date", "birth_date + 1")),
    "sex": _unless("sex", "case when female then 'P' else 'L' end", "case when female then 'L' else 'P' end"),
    "employment_type": _unless(
        "employment_type", "case when pppk then 'PPPK' else 'PNS' end", "case when pppk then 'PNS' else 'PPPK' end"
    ),
    "employment_status": _unless("employment_status", "case when pppk then 'P3K' else 'AKT' end", "'TBL'"),
    "golongan": _unless("golongan", _GOLONGAN, "'II/a'"),
    "golongan_tmt": _iso(_unless("golongan_tmt", "golongan_tmt", "golongan_tmt + 30")),
    "jf_code": _unless("jabatan_fungsional", "position.code", "next_position.code"),
    "jenjang": _unless("jenjang", "position.jenjang", "'PM'"),
    "jf_tmt": _unless("jf_tmt", "jf_tmt::text", "'2020-02-31'"),
    "credit_total": _unless("credit_total", f"case when with_credit then {_CREDIT}::text end", "'999.5'"),
    "instansi_code": _unless("instansi", "place.instansi_code", f"'{UNMAPPED_INSTANSI_CODE}'"),
    "instansi_name": "place.instansi_name",
    "unit_code": "place.no::text",
    "unit_name": _unless("unit", "place.unor_name", "'Unit Lama ' || place.unor_name"),
    "education_level": _unless("education_level", "education.bps_level", "'S3'"),
    "education_name": "education.bps_name",
    "updated_at": "'2026-01-01T00:00:00Z'",
}

_AT_BKN = f"not (fate >= {ONLY_BKN} and fate < {ONLY_BKN + ONLY_BPS})"
_AT_BPS = f"fate >= {ONLY_BKN}"
# Dataset: who is in it, and its columns; what a list does not name stays empty. Histories only of those with credit,
# the few whom BPS fosters in life.
_DATASETS: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("bkn", "data_utama"): (_AT_BKN, _DATA_UTAMA),
    ("bkn", "portal_export"): (_AT_BKN, _PORTAL),
    ("bkn", "rw_angkakredit"): (
        f"with_credit and {_AT_BKN}",
        {
            "id": "md5('credit/' || n)", "pns": "person_id_bkn", "nomor_sk": "'SK-' || n",
            "tanggal_sk": "'15-01-2025'", "bulan_mulai_penailan": "'1'", "tahun_mulai_penailan": "'2024'",
            "bulan_selesai_penailan": "'12'", "tahun_selesai_penailan": "'2024'",
            "kredit_baru_total": f"{_CREDIT}::text", "nama_jabatan": "position.name", "is_konversi": "'1'",
            "is_integrasi": "'0'", "is_angka_kredit_pertama": "'0'",
        },
    ),
    ("bkn", "rw_jabatan"): (
        f"with_credit and {_AT_BKN}",
        {
            "id": "md5('position/' || n)", "id_pns": "person_id_bkn", "nip_baru": _NIP, "jenis_jabatan": "'2'",
            "instansi_kerja_id": "place.instansi_id", "instansi_kerja_nama": "place.instansi_name",
            "unor_id": "place.unor_id", "unor_nama": "place.unor_name", "jabatan_fungsional_id": "position.id",
            "jabatan_fungsional_nama": "position.name", "tmt_jabatan": _dmy("jf_tmt"),
            "tanggal_sk": _dmy("jf_tmt"), "nomor_sk": "'SK-' || n",
        },
    ),
    ("bkn", "rw_golongan"): (
        f"with_credit and {_AT_BKN}",
        {
            "id": "md5('rank/' || n)", "id_pns": "person_id_bkn", "nip_baru": _NIP, "golongan_id": _GOLONGAN_ID,
            "golongan": _GOLONGAN, "tmt_golongan": _dmy("golongan_tmt"), "sk_tanggal": _dmy("golongan_tmt"),
        },
    ),
    ("bkn", "rw_pendidikan"): (
        f"with_credit and {_AT_BKN}",
        {
            "id": "md5('education/' || n)", "id_pns": "person_id_bkn", "nip_baru": _NIP,
            "tk_pendidikan_id": "education.level", "pendidikan_nama": "education.name",
            "tahun_lulus": "(extract(year from hired_on) - 1)::text",
        },
    ),
    ("bps", "holders"): (_AT_BPS, _HOLDERS),
    ("bps", "position_history"): (
        f"with_credit and {_AT_BPS}",
        {
            "history_id": "holder_id", "holder_id": "holder_id", "jf_code": "position.code",
            "jenjang": "position.jenjang", "instansi_code": "place.instansi_code", "unit_name": "place.unor_name",
            "tmt": _iso("jf_tmt"), "decree_date": _iso("jf_tmt"), "decree_number": "'SK-' || n",
        },
    ),
    ("bps", "competence_tests"): (
        f"with_credit and {_AT_BPS}",
        {
            "test_id": "holder_id", "holder_id": "holder_id", "jf_code": "position.code",
            "target_jenjang": "position.jenjang", "test_date": "'2025-03-10'", "result": "'passed'", "score": "'80'",
        },
    ),
    ("bps", "credits"): (
        f"with_credit and {_AT_BPS}",
        {
            "credit_id": "holder_id", "holder_id": "holder_id", "period_start": "'2024-01-01'",
            "period_end": "'2024-12-31'", "credit_type": "'conversion'", "predicate": "'Baik'",
            "coefficient": "'25'", "credit_points": f"{_CREDIT}::text", "decree_date": "'2025-01-15'",
        },
    ),
}  # fmt: skip

_FORMATIONS = f"""
insert into raw_bps.formations
    (formation_id, instansi_code, jf_code, year, needed, filled, _extract_id, _as_of, _fetched_at, _row_hash)
select
    'FM' || instansi_code || '-' || jf_code, instansi_code, jf_code, '2026', count(*) + 1, count(*),
    1, %s, now(), md5(instansi_code || jf_code)
from raw_bps.holders
where instansi_code <> '{UNMAPPED_INSTANSI_CODE}'
group by instansi_code, jf_code
"""


def prepare(connection: psycopg.Connection, agreement: Agreement, population: Population) -> None:
    """Fill the empty raw tables, and leave what a published extract leaves; the truth goes to bench.planted."""
    connection.execute("drop schema if exists bench cascade; create schema bench")
    connection.execute("set synchronous_commit = off")
    _reference(connection, agreement, population.as_of)
    _places(connection)
    people(connection, agreement, population)
    publish(connection, agreement, population.as_of)


def people(connection: psycopg.Connection, agreement: Agreement, population: Population) -> None:
    """The people themselves and what is planted, where the lists of codes and places are there."""
    for statement in (_PEOPLE, _PLANTED):
        sized = statement.replace("__people__", str(population.people)).replace("__seed__", str(population.seed))
        connection.execute(_trusted(sized))
    connection.execute("analyze bench.person, bench.planted")
    for dataset in agreement.datasets:
        if drawn := _DATASETS.get((dataset.party, dataset.name)):
            _fill(connection, dataset, *drawn, population.as_of)
    connection.execute(_trusted(_FORMATIONS), (population.as_of,))
    connection.execute("drop table bench.person")


def truth(connection: psycopg.Connection, population: Population, attributes: list[str]) -> dict[tuple[str, str], int]:
    """(attribute, verdict): how many of them a right comparison finds."""
    rows = connection.execute("select attribute, verdict, count(*) from bench.planted group by 1, 2").fetchall()
    found = {(attribute, verdict): count for attribute, verdict, count in rows}
    everybody = population.people
    pairs = everybody - sum(count for (attribute, _), count in found.items() if attribute == "presence")
    for attribute in attributes:
        differing = sum(count for (name, _), count in found.items() if name == attribute)
        found[attribute, "identical"] = pairs if attribute == "presence" else pairs - differing
    return {key: count for key, count in found.items() if count}


def publish(connection: psycopg.Connection, agreement: Agreement, as_of: date) -> None:
    """An extract of each party, published on that day with every dataset."""
    for party in ("bkn", "bps"):
        row = connection.execute(
            "insert into landing.extract (party, as_of, agreement_sha256, state, ended_at) "
            "values (%s, %s, 'synthetic', 'published', now()) returning extract_id",
            (party, as_of),
        ).fetchone()
        for dataset in agreement.datasets:
            if dataset.party == party:
                connection.execute(
                    "insert into landing.extract_dataset (extract_id, dataset, mode, completed_at) "
                    "values (%s, %s, %s, now())",
                    (row and row[0], dataset.name, "per_key" if dataset.access == "per_key" else "full"),
                )
    connection.execute("analyze landing.extract, landing.extract_dataset")


def _fill(connection: psycopg.Connection, dataset: Dataset, who: str, columns: dict[str, str], as_of: date) -> None:
    more = {EXTRACT_ID: "1", AS_OF: f"date '{as_of}'", FETCHED_AT: "now()", ROW_HASH: f"md5('{dataset.name}/' || n)"}
    if dataset.access == "per_key":
        more[ASKED_NIP] = _NIP
    values = columns | more
    connection.execute(
        sql.SQL("insert into {} ({}) select {}").format(
            raw_table(dataset),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(_trusted(value) for value in values.values()),
        )
        + _trusted(f"{_DRAWN} where {who} order by n")
    )
    connection.execute(sql.SQL("analyze {}").format(raw_table(dataset)))


def _reference(connection: psycopg.Connection, agreement: Agreement, as_of: date) -> None:
    """Both agencies' lists of codes, those of the sandbox."""
    agencies = build_agencies()
    lists = {f"ref_{name.removeprefix('ref-').replace('-', '_')}": rows for name, rows in siasn_lists(agencies).items()}
    lists["reference_codes"] = [{**row, "updated_at": "2026-01-01T00:00:00Z"} for row in reference_codes(agencies)]
    for dataset in agreement.datasets:
        items = [item for item in dataset.items if dataset.name in lists and item.field in lists[dataset.name][0]]
        if not items:
            continue
        names = [*(item.column for item in items), EXTRACT_ID, AS_OF, FETCHED_AT, ROW_HASH]
        statement = sql.SQL("copy {} ({}) from stdin").format(
            raw_table(dataset), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in lists[dataset.name]:
                copy.write_row((*(row[item.field] for item in items), 1, as_of, f"{as_of}T00:00:00Z", "synthetic"))
        connection.execute(sql.SQL("analyze {}").format(raw_table(dataset)))


def _places(connection: psycopg.Connection) -> None:
    """Units that people work in, positions that they hold, and what they studied, numbered for a hash to choose."""
    connection.execute(
        "create table bench.place (no bigint primary key, instansi_id text, instansi_name text, instansi_code text, "
        "satuan_kerja_id text, unor_id text, unor_name text);"
        "create table bench.position (no bigint primary key, id text, name text, code text, jenjang text, "
        "skilled boolean, retirement_age int, golongan_low_id text, golongan_low text, golongan_high_id text, "
        "golongan_high text, golongan_pppk_id text, golongan_pppk text);"
        "create table bench.education (no bigint, skilled boolean, level text, name text, bps_level text, "
        "bps_name text)"
    )
    places: list[tuple[Any, ...]] = [
        (agency.id, agency.name, agency.code, agency.satuan_kerja_id, unit.id, unit.name)
        for agency in build_agencies()
        for unit in agency.units
        if unit.staffed
    ]
    positions: list[tuple[Any, ...]] = []
    for row in (row for row in FOSTERED if row.status == "N"):
        level = JENJANG[row.jenjang]
        low, high = GOLONGAN[level.golongan[0]], GOLONGAN[level.golongan[-1]]
        pppk = GOLONGAN[level.pppk_golongan or "59"]
        position = (row.id, row.name, row.code, row.jenjang, level.skilled, row.retirement_age)
        positions.append((*position, low.id, low.name, high.id, high.name, pppk.id, pppk.name))
    studies = [
        (0, True, "30", "D-III STATISTIKA", "D3", "Statistika"), (1, True, "30", "D-III KOMPUTER", "D3", "Komputer"),
        (2, True, "35", "D-IV KOMPUTER", "D4", "Komputer"), (3, True, "30", "D-III HUKUM", "D3", "Hukum"),
        (0, False, "40", "S-1 STATISTIKA", "S1", "Statistika"), (1, False, "40", "S-1 FISIKA", "S1", "Fisika"),
        (2, False, "45", "S-2 STATISTIKA", "S2", "Statistika"), (3, False, "35", "D-IV KOMPUTER", "D4", "Komputer"),
    ]  # fmt: skip
    numbered: dict[str, list[tuple[Any, ...]]] = {"place": places, "position": positions}
    with connection.cursor() as cursor:
        for name, listed in numbered.items():
            with cursor.copy(sql.SQL("copy bench.{} from stdin").format(sql.Identifier(name))) as copy:
                for number, values in enumerate(listed):
                    copy.write_row((number, *values))
        with cursor.copy("copy bench.education from stdin") as copy:
            for study in studies:
                copy.write_row(study)
    connection.execute("analyze bench.place, bench.position, bench.education")


def _trusted(text: str) -> sql.SQL:
    """SQL made of this module's constants alone."""
    return sql.SQL(cast(Any, text))


def change(
    connection: psycopg.Connection,
    agreement: Agreement,
    population: Population,
    as_of: date,
    people: int,
    alike: float = 0.25,
) -> int:
    """What a day of ``people`` changed people leaves in raw, and in the truth; return how many there were.

    They are known to both and were alike. The share ``alike`` gets the same golongan date at both (no difference); of
    the others two in three get one at BKN alone, one in three another unit at BPS alone. Besides, planted back titles
    are mended, up to a tenth of ``people``.
    """
    order = f"hashint8extended(n, {population.seed * 1000 + as_of.toordinal()})"
    chosen = min(people, population.people // 4)
    same = round(chosen * alike)
    connection.execute(
        _trusted(
            f"""
            drop table if exists bench.changed;
            create table bench.changed as
            select
                n,
                case when place <= {same} then 'same' when place % 3 = 0 then 'unit' else 'golongan' end as kind,
                upper(md5('bkn/' || n)) as person_id_bkn,
                (100000001 + n)::text as changed_holder_id
            from (
                select n, row_number() over (order by {order}) as place
                from generate_series(0::bigint, {population.people - 1}) as n
                where n not in (select n from bench.planted)
            ) as shuffled
            where place <= {chosen};
            insert into bench.changed
            select n, 'mended', upper(md5('bkn/' || n)), (100000001 + n)::text
            from bench.planted where attribute = 'title_back' order by n limit {people // 10};
            analyze bench.changed
            """
        )
    )
    touched = (
        "_row_hash = md5(raw._row_hash), _as_of = %(as_of)s, _fetched_at = now(), _extract_id = raw._extract_id + 2"
    )
    for statement in (
        f"update raw_bkn.data_utama as raw set tmt_gol_akhir = to_char(%(as_of)s::date, 'DD-MM-YYYY'), {touched} "
        "from bench.changed where kind in ('same', 'golongan') and raw.id = person_id_bkn",
        f"update raw_bps.holders as raw set golongan_tmt = (%(as_of)s::date)::text, {touched} "
        "from bench.changed where kind = 'same' and raw.holder_id = changed_holder_id",
        f"update raw_bps.holders as raw set unit_name = 'Unit Baru ' || raw.unit_name, {touched} "
        "from bench.changed where kind = 'unit' and raw.holder_id = changed_holder_id",
        f"update raw_bps.holders as raw set title_back = data_utama.gelar_belakang, {touched} "
        "from bench.changed inner join raw_bkn.data_utama on data_utama.id = person_id_bkn "
        "where kind = 'mended' and raw.holder_id = changed_holder_id",
        "insert into bench.planted select n, 'golongan_tmt', 'modified' from bench.changed where kind = 'golongan'",
        "insert into bench.planted select n, 'unit', 'modified' from bench.changed where kind = 'unit'",
        "delete from bench.planted using bench.changed where planted.n = changed.n and kind = 'mended' "
        "and planted.attribute = 'title_back'",
    ):
        connection.execute(_trusted(statement), {"as_of": as_of})
    publish(connection, agreement, as_of)
    row = connection.execute("select count(*) from bench.changed").fetchone()
    return int(row[0]) if row else 0
