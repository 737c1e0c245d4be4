{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}, 'anew': "dataset = 'formations'"},
    indexes=[{'columns': ['holder_id']}]
) }}

with holders as (
    select *
    from {{ ref('stg_bps__holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

positions as (
    select *
    from {{ ref('stg_bps__positions') }}
    where {{ of_affected('bps', 'holder_id') }}
),

formations as (
    select * from {{ ref('stg_bps__formations') }}
),

crosswalk as (
    select * from {{ ref('int_comparison__crosswalk') }}
),

codes_in_use as (
    select
        'holders' as dataset,
        holders.holder_id as row_key,
        holders.holder_id,
        used.code_type,
        used.field,
        used.bps_code
    from holders
    cross join
        lateral (
            values
            ('jf', 'jf_code', holders.jf_code),
            ('instansi', 'instansi_code', holders.instansi_code),
            ('education_level', 'education_level', holders.education_level_code),
            ('employment_status', 'employment_status', holders.employment_status_code)
        ) as used (code_type, field, bps_code)
    union all
    select
        'position_history' as dataset,
        positions.history_id as row_key,
        positions.holder_id,
        used.code_type,
        used.field,
        used.bps_code
    from positions
    cross join
        lateral (
            values
            ('jf', 'jf_code', positions.jf_code),
            ('instansi', 'instansi_code', positions.instansi_code)
        ) as used (code_type, field, bps_code)
    union all
    select
        'formations' as dataset,
        formations.formation_id as row_key,
        null::text as holder_id,
        used.code_type,
        used.field,
        used.bps_code
    from formations
    cross join lateral (
        values
        ('jf', 'jf_code', formations.jf_code),
        ('instansi', 'instansi_code', formations.instansi_code)
    ) as used (code_type, field, bps_code)
)

select
    codes_in_use.dataset,
    codes_in_use.row_key,
    codes_in_use.holder_id,
    codes_in_use.code_type,
    codes_in_use.field,
    codes_in_use.bps_code
from codes_in_use
left join crosswalk
    on
        codes_in_use.code_type = crosswalk.code_type
        and codes_in_use.bps_code = crosswalk.bps_code
where codes_in_use.bps_code is not null and crosswalk.bps_code is null
