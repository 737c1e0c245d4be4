{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_pendidikan') }}
)

select
    {{ stripped('id') }} as education_id,
    {{ stripped('tingkat_pendidikan_id') }} as education_level_id,
    {{ stripped('nama') }} as education_name,
    {{ stripped('status') }} as status
from source
