{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}},
    indexes=[{'columns': ['test_id'], 'unique': true}, {'columns': ['holder_id']}]
) }}

{% set checked = {'score': 'number', 'test_date': 'date_iso', 'updated_at': 'moment'} %}

with source as (
    select *
    from {{ source('raw_bps', 'competence_tests') }}
    where {{ of_affected('bps', 'holder_id') }}
)

select
    {{ stripped('test_id') }} as test_id,
    {{ stripped('holder_id') }} as holder_id,
    {{ stripped('jf_code') }} as jf_code,
    upper({{ stripped('target_jenjang') }}) as target_jenjang,
    {{ stripped('result') }} as result,
    parsed_score as score,
    parsed_test_date as test_date,
    parsed_updated_at as updated_at,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
