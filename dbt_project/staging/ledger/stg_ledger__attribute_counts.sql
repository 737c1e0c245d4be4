{{ config(materialized='view') }}

with attribute_counts as (
    select * from {{ source('ledger', 'attribute_count') }}
)

select
    attribute,
    pairs,
    modified,
    as_of
from attribute_counts
