{% set checked = {'year': 'year', 'needed': 'number', 'filled': 'number', 'updated_at': 'moment'} %}

with source as (
    select * from {{ source('raw_bps', 'formations') }}
)

select
    {{ stripped('formation_id') }} as formation_id,
    {{ stripped('instansi_code') }} as instansi_code,
    {{ stripped('jf_code') }} as jf_code,
    {{ typed('year', checked) }} as formation_year,
    {{ typed('needed', checked) }} as needed,
    {{ typed('filled', checked) }} as filled,
    {{ typed('updated_at', checked) }} as updated_at,
    {{ findings(checked) }} as findings
from source
