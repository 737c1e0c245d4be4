"""Made inside PostgreSQL: millions of BKN's people and holders of BPS among them, with what a matching reads.

Set-based and the same each time. Every holder is one of BKN's people (``holder_id`` is ``H`` and the person's number);
``left`` of them bear a wrong NIP and NIK, and a name, birth date, agency or place may be wrong besides.
"""

from __future__ import annotations

from psycopg import Connection

_ONSETS = "'b','d','g','h','j','k','l','m','n','p','r','s','t','w','y','kh','sy','dj','tj','st'"
_VOWELS = "'a','i','u','e','o','oe'"
# A number from 0 on for each person and purpose, from a hash: no order of generation matters.
_FUNCTIONS = f"""
create schema if not exists made;
create or replace function made.draw(n bigint, purpose int, many int) returns int language sql immutable parallel safe
    return mod(hashint8extended(n * 64 + purpose, 7), many::bigint)::int
        + case when hashint8extended(n * 64 + purpose, 7) < 0 then many - 1 else 0 end;
create or replace function made.word(n int) returns text language sql immutable parallel safe
    return initcap((array[{_ONSETS}])[1 + n % 20] || (array[{_VOWELS}])[1 + n / 20 % 6]
        || (array['n','r','t','s','l','k','m','ng','h',''])[1 + n / 120 % 10]
        || (array['','d','t','w','y','n','s','g'])[1 + n / 1200 % 8] || (array['i','a','o'])[1 + n / 9600 % 3]);
"""
_PEOPLE = """
create table staging_bkn.stg_bkn__people as
select
    'P' || n as person_id_bkn,
    to_char(birth_date, 'YYYYMMDD') || (2000 + made.draw(n, 4, 24))::text
        || lpad((1 + made.draw(n, 5, 12))::text, 2, '0')
        || case sex when 'M' then '1' else '2' end || lpad(made.draw(n, 6, 1000)::text, 3, '0') as nip,
    null::text as nip_lama,
    lpad((110101 + made.draw(n, 7, 800000))::text, 6, '0') || to_char(birth_date, 'DDMMYY')
        || lpad(made.draw(n, 8, 10000)::text, 4, '0') as nik,
    -- Some given names are borne by very many.
    made.word(least(made.draw(n, 9, 28000), made.draw(n, 10, 28000)) * made.draw(n, 11, 28000) / 28000)
        || case when made.draw(n, 12, 10) = 0 then '' else ' ' || made.word(made.draw(n, 13, 28000)) end as name,
    birth_date, sex, 'Kab. ' || made.word(made.draw(n, 14, 514)) as birth_place, 'PNS' as status_pegawai,
    'I' || least(made.draw(n, 15, 600), made.draw(n, 16, 600)) as instansi_id,
    'J' || least(made.draw(n, 17, 40), made.draw(n, 18, 40)) as jabatan_fungsional_id
from (
    select n, date '1966-01-01' + made.draw(n, 1, 13880) as birth_date,
        case when made.draw(n, 3, 2) = 0 then 'M' else 'F' end as sex
    from generate_series(1, %(people)s::bigint) as n
) as person
"""
# As in staging, which keeps one person per NIP: a holder fits one of them.
_ONE_PER_NIP = """
delete from staging_bkn.stg_bkn__people as later using staging_bkn.stg_bkn__people as earlier
where later.nip = earlier.nip and later.person_id_bkn > earlier.person_id_bkn
"""
_HOLDERS = """
create table staging_bps.stg_bps__holders as
select
    'H' || n as holder_id,
    case when is_left then left(nip, 8) || lpad(made.draw(n, 30, 1000000)::text, 6, '0') || right(nip, 4) else nip end
        as nip_bps,
    null::text as nip_lama_bps,
    case when is_left then left(nik, 12) || lpad(made.draw(n, 31, 10000)::text, 4, '0') else nik end as nik,
    case when not is_left then name when wrong = 0 then overlay(name placing 'x' from 3 for 1)
        when wrong = 1 then replace(replace(name, 'oe', 'u'), 'dj', 'j') else upper(name) end as name,
    case when is_left and wrong = 2 then birth_date + 1 else birth_date end as birth_date,
    sex,
    case when is_left and wrong = 3 then 'Jakarta' else replace(birth_place, 'Kab. ', '') end as birth_place,
    'PNS' as employment_type,
    case when is_left and wrong = 4 then 'I1' else instansi_id end as instansi_code, jabatan_fungsional_id as jf_code
from (
    select people.*, n, place > %(holders)s - %(left)s as is_left, made.draw(n, 32, 20) as wrong
    from (
        select place, place * (%(people)s / %(holders)s) as n from generate_series(1, %(holders)s::bigint) as place
    ) as chosen
    inner join staging_bkn.stg_bkn__people as people on people.person_id_bkn = 'P' || n
) as holder
"""
_CODES = """
create table staging_bps.stg_bps__reference_codes as
select 'instansi' as code_type, 'I' || n as code, 'I' || n as bkn_code from generate_series(0, 599) as n
union all select 'jf', 'J' || n, 'J' || n from generate_series(0, 39) as n
"""
SCHEMAS = ("staging_bkn", "staging_bps")


def make(connection: Connection, people: int, holders: int, left: int) -> None:
    """Fill a migrated database, as the role that owns dbt's relations."""
    connection.execute("set role transformer")
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}".encode())
    connection.execute(_FUNCTIONS.encode())
    sizes = {"people": people, "holders": holders, "left": left}
    for statement in (_PEOPLE, _ONE_PER_NIP, _HOLDERS, _CODES):
        for name, value in sizes.items():
            statement = statement.replace(f"%({name})s", str(value))
        connection.execute(statement.encode())
    for schema, table in (("staging_bkn", "stg_bkn__people"), ("staging_bps", "stg_bps__holders")):
        connection.execute(f"analyze {schema}.{table}".encode())


def again(connection: Connection, people: int, holders: int, left: int) -> None:
    """Other holders among the same people."""
    connection.execute("set role transformer")
    connection.execute("drop table staging_bps.stg_bps__holders cascade")
    statement = _HOLDERS
    for name, value in {"people": people, "holders": holders, "left": left}.items():
        statement = statement.replace(f"%({name})s", str(value))
    connection.execute(statement.encode())
    connection.execute("analyze staging_bps.stg_bps__holders")
