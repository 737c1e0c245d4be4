{{ config(materialized='view') }}

with source as (
    select * from {{ source('raw_bkn', 'ref_kel_jabatan') }}
)

select
    {{ stripped('id') }} as kel_jabatan_id,
    {{ stripped('rumpun_jabatan_id') }} as rumpun_jabatan_id,
    {{ stripped('pembina_id') }} as fostering_instansi_id,
    {{ stripped('nama') }} as group_name,
    {{ stripped('status') }} as status
from source
