{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_satuan_kerja') }}
)

select
    {{ stripped('id') }} as satuan_kerja_id,
    {{ stripped('instansi_id') }} as instansi_id,
    {{ stripped('parent_id') }} as parent_satuan_kerja_id,
    {{ stripped('kanreg_id') }} as kanreg_id,
    {{ stripped('nama') }} as satuan_kerja_name
from source
