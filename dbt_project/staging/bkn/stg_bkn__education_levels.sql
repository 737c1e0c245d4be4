{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_tingkat_pendidikan') }}
)

select
    {{ stripped('id') }} as education_level_id,
    {{ stripped('nama') }} as education_level
from source
