{{ config(materialized='view') }}

with mapping as (
    select * from {{ ref('int_codes__mapping') }}
)

select
    code_key,
    agency,
    list_name,
    code,
    issue,
    md5(row(issue, mapped_code)::text) as difference_hash
from mapping
where issue is not null
