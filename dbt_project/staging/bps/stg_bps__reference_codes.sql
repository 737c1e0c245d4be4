{% set checked = {'valid_from': 'date_iso', 'valid_to': 'date_iso', 'updated_at': 'moment'} %}

with source as (
    select * from {{ source('raw_bps', 'reference_codes') }}
)

select
    {{ stripped('code_type') }} as code_type,
    {{ stripped('code') }} as code,
    {{ stripped('bkn_code') }} as bkn_code,
    {{ stripped('name') }} as code_name,
    parsed.valid_from,
    parsed.valid_to,
    parsed.updated_at,
    {{ findings(checked) }} as findings
from source
{{ parsed(checked) }}
