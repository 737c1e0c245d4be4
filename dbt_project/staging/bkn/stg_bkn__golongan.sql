{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_golongan') }}
)

select
    {{ stripped('id') }} as golongan_id,
    {{ stripped('nama') }} as golongan,
    {{ stripped('nama_pangkat') }} as pangkat
from source
