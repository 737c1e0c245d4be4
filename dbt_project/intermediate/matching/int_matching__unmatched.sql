{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn', 'bps': 'holder_id'}},
    indexes=[{'columns': ['person_id_bkn']}, {'columns': ['holder_id']}]
) }}

with bkn_people as (
    select *
    from {{ ref('stg_bkn__people') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

holders as (
    select *
    from {{ ref('stg_bps__holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

scope_positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

pairs as (
    select *
    from {{ ref('int_matching__pairs') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

only_bkn as (
    select
        'bkn' as side,
        bkn_people.person_id_bkn,
        null::text as holder_id
    from bkn_people
    inner join scope_positions on bkn_people.jabatan_fungsional_id = scope_positions.jabatan_fungsional_id
    left join pairs on bkn_people.person_id_bkn = pairs.person_id_bkn
    where pairs.person_id_bkn is null
),

only_bps as (
    select
        'bps' as side,
        null::text as person_id_bkn,
        holders.holder_id
    from holders
    left join pairs on holders.holder_id = pairs.holder_id
    where pairs.holder_id is null
)

select * from only_bkn
union all
select * from only_bps
