{% set checked = {'year': 'year', 'needed': 'number', 'filled': 'number', 'updated_at': 'moment'} %}

with source as (
    select * from {{ source('raw_bps', 'formations') }}
)

select
    {{ stripped('formation_id') }} as formation_id,
    {{ stripped('instansi_code') }} as instansi_code,
    {{ stripped('jf_code') }} as jf_code,
    parsed_year as formation_year,
    parsed_needed as needed,
    parsed_filled as filled,
    parsed_updated_at as updated_at,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
