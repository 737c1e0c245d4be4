{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}},
    indexes=[{'columns': ['credit_id'], 'unique': true}, {'columns': ['holder_id']}]
) }}

{% set checked = {
    'coefficient': 'number', 'credit_points': 'number', 'period_start': 'date_iso', 'period_end': 'date_iso',
    'decree_date': 'date_iso', 'updated_at': 'moment',
} %}

with source as (
    select *
    from {{ source('raw_bps', 'credits') }}
    where {{ of_affected('bps', 'holder_id') }}
)

select
    {{ stripped('credit_id') }} as credit_id,
    {{ stripped('holder_id') }} as holder_id,
    {{ stripped('credit_type') }} as credit_type,
    {{ stripped('predicate') }} as predicate,
    {{ stripped('decree_number') }} as decree_number,
    parsed_coefficient as coefficient,
    parsed_credit_points as credit_points,
    parsed_period_start as period_start,
    parsed_period_end as period_end,
    parsed_decree_date as decree_date,
    parsed_updated_at as updated_at,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
