{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_kedudukan_hukum') }}
)

select
    {{ stripped('id') }} as kedudukan_hukum_id,
    {{ stripped('nama') }} as kedudukan_hukum
from source
