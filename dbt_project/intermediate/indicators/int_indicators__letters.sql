{{ config(materialized='view') }}

select
    indicator,
    letter_position
from
    (
        values
        {%- for indicator in assessed_indicators() %}
            ('{{ indicator }}', {{ loop.index }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as assessed (indicator, letter_position)
