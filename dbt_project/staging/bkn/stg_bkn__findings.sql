{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}, 'anew': "dataset = 'ref_jabatan_fungsional'"},
    indexes=[{'columns': ['person_id_bkn']}]
) }}

with people as (
    select *
    from {{ ref('stg_bkn__people') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

positions as (
    select *
    from {{ ref('stg_bkn__positions') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

ranks as (
    select *
    from {{ ref('stg_bkn__ranks') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

credits as (
    select *
    from {{ ref('stg_bkn__credits') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

educations as (
    select *
    from {{ ref('stg_bkn__educations') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

functional_positions as (
    select * from {{ ref('stg_bkn__functional_positions') }}
),

source as (
    select *
    from {{ source('raw_bkn', 'data_utama') }}
    where {{ of_affected('bkn', 'id') }}
),

all_people as (
    select {{ stripped('id') }} as person_id_bkn from source
),

duplicates as (
    select
        'data_utama' as dataset,
        all_people.person_id_bkn as row_key,
        all_people.person_id_bkn as person_key,
        'nip_baru' as field,
        'duplicate_person' as rule
    from all_people
    left join people on all_people.person_id_bkn = people.person_id_bkn
    where people.person_id_bkn is null
),

unioned as (
    {{ findings_of('people', 'data_utama', 'person_id_bkn', 'person_id_bkn') }}
    union all
    {{ findings_of('positions', 'rw_jabatan', 'position_row_id', 'person_id_bkn') }}
    union all
    {{ findings_of('ranks', 'rw_golongan', 'rank_row_id', 'person_id_bkn') }}
    union all
    {{ findings_of('credits', 'rw_angkakredit', 'credit_row_id', 'person_id_bkn') }}
    union all
    {{ findings_of('educations', 'rw_pendidikan', 'education_row_id', 'person_id_bkn') }}
    union all
    {{ findings_of('functional_positions', 'ref_jabatan_fungsional', 'jabatan_fungsional_id', 'null::text') }}
    union all
    select * from duplicates
)

select
    dataset,
    row_key,
    person_key as person_id_bkn,
    field,
    rule
from unioned
