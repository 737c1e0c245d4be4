{% set checked = {'valid_from': 'date_iso', 'valid_to': 'date_iso', 'updated_at': 'moment'} %}

with source as (
    select * from {{ source('raw_bps', 'reference_codes') }}
)

select
    {{ stripped('code_type') }} as code_type,
    {{ stripped('code') }} as code,
    {{ stripped('bkn_code') }} as bkn_code,
    {{ stripped('name') }} as code_name,
    parsed_valid_from as valid_from,
    parsed_valid_to as valid_to,
    parsed_updated_at as updated_at,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
