{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}},
    indexes=[{'columns': ['history_id'], 'unique': true}, {'columns': ['holder_id']}]
) }}

{% set checked = {'decree_date': 'date_iso', 'tmt': 'date_iso', 'updated_at': 'moment'} %}

with source as (
    select *
    from {{ source('raw_bps', 'position_history') }}
    where {{ of_affected('bps', 'holder_id') }}
)

select
    {{ stripped('history_id') }} as history_id,
    {{ stripped('holder_id') }} as holder_id,
    {{ stripped('jf_code') }} as jf_code,
    {{ stripped('instansi_code') }} as instansi_code,
    upper({{ stripped('jenjang') }}) as jenjang,
    {{ stripped('unit_name') }} as unit_name,
    {{ stripped('decree_number') }} as decree_number,
    {{ stripped('appointment_type') }} as appointment_type,
    parsed_decree_date as decree_date,
    parsed_tmt as tmt,
    parsed_updated_at as updated_at,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
