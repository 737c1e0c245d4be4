{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}}
) }}

with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
),

-- A unit is compared by its name; its id is in staging alone.
bkn_staging as (
    select * from {{ ref('stg_bkn__people') }}
)

-- Each value from the attribute's authority first (attribute_registry), from the other agency where that one has none.
select
    people.asn_key,
    coalesce(bkn_people.instansi_id, bps_people.instansi_id) as instansi_id,
    bkn_staging.unor_id,
    coalesce(bps_people.jabatan_fungsional_id, bkn_people.jabatan_fungsional) as jabatan_fungsional_id,
    coalesce(bkn_people.employment_status, bps_people.kedudukan_hukum_id) as kedudukan_hukum_id,
    coalesce(bkn_people.education_level, bps_people.education_level_id) as education_level_id,
    people.known_to,
    people.tier as match_tier,
    coalesce(bkn_people.sex, bps_people.sex) as sex,
    coalesce(bkn_people.employment_type, bps_people.employment_type) as employment_type,
    coalesce(bkn_people.golongan, bps_people.golongan) as golongan,
    coalesce(bps_people.jenjang, bkn_people.jenjang) as jenjang,
    extract(year from coalesce(bkn_people.birth_date, bps_people.birth_date))::integer as birth_year,
    coalesce(bps_people.credit_total, bkn_people.credit_total)::numeric(12, 3) as credit_total,
    coalesce(bkn_people.golongan_tmt, bps_people.golongan_tmt) as golongan_tmt,
    coalesce(bkn_people.jf_tmt, bps_people.jf_tmt) as jf_tmt
from people
left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
left join bps_people on people.holder_id = bps_people.holder_id
left join bkn_staging on people.person_id_bkn = bkn_staging.person_id_bkn
