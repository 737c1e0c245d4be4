{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['person_id_bkn'], 'unique': true}]
) }}

with source as (
    select *
    from {{ source('raw_bkn', 'portal_export') }}
    where {{ of_affected('bkn', 'pns_id') }}
)

select
    {{ stripped('pns_id') }} as person_id_bkn,
    {{ digits('nip_baru') }} as nip,
    {{ stripped('jenis_jabatan_id') }} as jenis_jabatan_id,
    {{ stripped('jabatan_id') }} as jabatan_id,
    {{ stripped('instansi_kerja_id') }} as instansi_id,
    {{ stripped('unor_id') }} as unor_id,
    {{ stripped('kedudukan_hukum_id') }} as kedudukan_hukum_id
from source
