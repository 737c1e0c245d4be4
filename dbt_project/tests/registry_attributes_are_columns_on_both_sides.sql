-- An attribute without its column would be null on both sides, and so look identical for everybody.
{% set sides = [ref('int_comparison__bkn_people'), ref('int_comparison__bps_people')] %}

with registry as (
    select * from {{ ref('attribute_registry') }}
),

columns_found as (
    select column_name
    from information_schema.columns
    where
        table_schema = '{{ sides[0].schema }}'
        and table_name in ('{{ sides[0].identifier }}', '{{ sides[1].identifier }}')
)

select registry.attribute
from registry
left join columns_found on registry.attribute = columns_found.column_name
where registry.attribute <> 'presence'
group by registry.attribute
having count(columns_found.column_name) <> 2
