{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key'], 'unique': true}, {'columns': ['changes_on']}],
    pre_hook="{{ affect_turned() }}"
) }}

with inputs as (
    select *
    from {{ ref('int_indicators__inputs') }}
    where {{ of_affected('asn', 'asn_key', above_joins=true) }}
),

-- Worked out once: without this, PostgreSQL would do so wherever an indicator names an input.
once as (
    select *
    from inputs
    limit all -- noqa: AM09
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
    ) as outcomes,
    -- The next day on which a date alone makes one of them read otherwise.
    least(
        {%- for indicator, turns_on in indicators_turn_on().items() %}
            case
                when {{ assessed_indicators()[indicator][0] }} and {{ turns_on }} > {{ as_of() }} then {{ turns_on }}
            end{{ "," if not loop.last }}
        {%- endfor %}
    ) as changes_on
from once
