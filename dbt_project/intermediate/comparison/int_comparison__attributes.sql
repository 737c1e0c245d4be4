{{ config(materialized='view') }}

with registry as (
    select * from {{ ref('attribute_registry') }}
)

select
    attribute,
    comparator,
    row_number() over (order by {{ attribute_order() }})::integer as letter_position
from registry
