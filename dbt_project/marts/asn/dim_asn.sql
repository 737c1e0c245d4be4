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
)

select
    people.asn_key,
    {{ by_authority('instansi_id') }} as instansi_id,
    bkn_people.unor_id,
    {{ by_authority('jabatan_fungsional_id') }} as jabatan_fungsional_id,
    {{ by_authority('kedudukan_hukum_id') }} as kedudukan_hukum_id,
    {{ by_authority('education_level_id') }} as education_level_id,
    people.known_to,
    people.tier as match_tier,
    {{ by_authority('sex') }} as sex,
    {{ by_authority('employment_type') }} as employment_type,
    {{ by_authority('golongan') }} as golongan,
    {{ by_authority('jenjang') }} as jenjang,
    extract(year from {{ by_authority('birth_date') }})::integer as birth_year,
    {{ by_authority('credit_total') }}::numeric(12, 3) as credit_total,
    {{ by_authority('golongan_tmt') }} as golongan_tmt,
    {{ by_authority('jf_tmt') }} as jf_tmt
from people
left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
left join bps_people on people.holder_id = bps_people.holder_id
