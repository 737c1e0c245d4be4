{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_jenis_jabatan') }}
)

select
    {{ stripped('id') }} as jenis_jabatan_id,
    {{ stripped('nama') }} as jenis_jabatan
from source
