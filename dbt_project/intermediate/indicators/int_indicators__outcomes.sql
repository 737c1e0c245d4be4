with inputs as (
    select * from {{ ref('int_indicators__inputs') }}
)

select
    asn_key,
    person_id_bkn,
    instansi_id,
    jf_group,
    concat(
        {%- for applies, fails in assessed_indicators().values() %}
            case when not coalesce({{ applies }}, false) then '-' when {{ fails }} then 'F' else '.' end{{ "," if not loop.last }}
        {%- endfor %}
    ) as outcomes
from inputs
