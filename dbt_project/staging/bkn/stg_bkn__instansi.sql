{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_instansi') }}
)

select
    {{ stripped('id') }} as instansi_id,
    {{ stripped('jenis_instansi_id') }} as jenis_instansi_id,
    {{ stripped('lokasi_id') }} as lokasi_id,
    {{ stripped('cepat_kode') }} as short_code,
    {{ stripped('nama') }} as instansi_name,
    {{ stripped('jenis') }} as jenis,
    {{ stripped('status') }} as status
from source
