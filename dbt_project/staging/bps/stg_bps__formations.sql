{% set checked = {'year': 'year', 'needed': 'number', 'filled': 'number', 'updated_at': 'moment'} %}

with source as (
    select * from {{ source('raw_bps', 'formations') }}
)

select
    {{ stripped('formation_id') }} as formation_id,
    {{ stripped('instansi_code') }} as instansi_code,
    {{ stripped('jf_code') }} as jf_code,
    parsed.year as formation_year,
    parsed.needed,
    parsed.filled,
    parsed.updated_at,
    {{ findings(checked) }} as findings
from source
{{ parsed(checked) }}
