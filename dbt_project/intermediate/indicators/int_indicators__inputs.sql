{{ config(materialized='view') }}

with scope_people as (
    select * from {{ ref('int_matching__people') }}
),

people as (
    select * from {{ ref('stg_bkn__people') }}
),

educations as (
    select * from {{ ref('stg_bkn__educations') }}
),

units as (
    select * from {{ ref('stg_bkn__units') }}
),

kedudukan_hukum as (
    select * from {{ ref('stg_bkn__kedudukan_hukum') }}
),

positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

-- Joined, not asked of each person by a subquery, which PostgreSQL would not do in parallel.
with_education_history as (
    select distinct person_id_bkn
    from educations
),

-- Each name is looked at once, not once a person.
standings as (
    select
        kedudukan_hukum_id,
        kedudukan_hukum,
        kedudukan_hukum ~* '\m(dpk|dpb)\M|dipekerjakan|diperbantukan' as is_seconded
    from kedudukan_hukum
    limit all -- noqa: AM09
),

kinds as (
    select
        *,
        length(nip) = 18 as is_nip_whole,
        coalesce(status_pegawai in ('CPNS', 'C'), false) as is_cpns,
        -- Not by the legal standing, which is itself held against it.
        case
            when status_pegawai like '%PPPK%' or status_pegawai like 'P3K%' then 'PPPK'
            when status_pegawai in ('PNS', 'CPNS', 'P', 'C') then 'PNS'
            when substr(nip, 13, 2) between '01' and '12' then 'PNS'
            when substr(nip, 13, 2) >= '21' then 'PPPK'
        end as employment_type
    from people
)

select
    scope_people.asn_key,
    kinds.person_id_bkn,
    kinds.nip,
    kinds.nik,
    kinds.instansi_id,
    kinds.instansi_induk_id,
    kinds.unor_id,
    kinds.jabatan_fungsional_id,
    kinds.kedudukan_hukum_id,
    kinds.education_level_id,
    standings.kedudukan_hukum,
    kinds.title_front,
    kinds.title_back,
    kinds.sex,
    kinds.employment_type,
    coalesce(positions.jf_group, 'unknown') as jf_group,
    -- SLTA for keterampilan, D-IV for keahlian: BKN's ids rise with the level.
    case
        when positions.jenjang in ('PM', 'TR', 'MH', 'PY') then '15'
        when positions.jenjang in ('PT', 'MU', 'MA', 'UT') then '35'
    end as lowest_education_level_id,
    kinds.is_nik_confirmed,
    kinds.is_nip_whole,
    kinds.is_cpns,
    coalesce(standings.is_seconded, false) as is_seconded,
    with_education_history.person_id_bkn is not null as has_education_history,
    units.unor_id is not null as is_unit_listed,
    kinds.birth_date,
    kinds.cpns_tmt,
    kinds.pns_tmt,
    -- The first of the month after the birthday (PP 11/2017); the age is that of the position.
    (
        date_trunc('month', kinds.birth_date + make_interval(years => coalesce(positions.bup, kinds.bup)::integer))
        + interval '1 month'
    )::date as retires_on
from scope_people
inner join kinds on scope_people.person_id_bkn = kinds.person_id_bkn
left join with_education_history on kinds.person_id_bkn = with_education_history.person_id_bkn
left join units on kinds.unor_id = units.unor_id
left join standings on kinds.kedudukan_hukum_id = standings.kedudukan_hukum_id
left join positions on kinds.jabatan_fungsional_id = positions.jabatan_fungsional_id
