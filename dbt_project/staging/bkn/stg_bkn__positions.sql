{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['position_row_id'], 'unique': true}, {'columns': ['person_id_bkn']}]
) }}

{% set checked = {'tmt_jabatan': 'date_dmy', 'tanggal_sk': 'date_dmy', 'tmt_pelantikan': 'date_dmy'} %}

with source as (
    select *
    from {{ source('raw_bkn', 'rw_jabatan') }}
    where {{ of_affected('bkn', 'id_pns') }}
)

select
    {{ stripped('id') }} as position_row_id,
    {{ stripped('id_pns') }} as person_id_bkn,
    {{ stripped('jenis_jabatan') }} as jenis_jabatan_id,
    {{ stripped('instansi_kerja_id') }} as instansi_id,
    {{ stripped('unor_id') }} as unor_id,
    {{ stripped('jabatan_fungsional_id') }} as jabatan_fungsional_id,
    {{ stripped('jenis_mutasi_id') }} as jenis_mutasi_id,
    {{ stripped('jenis_penugasan_id') }} as jenis_penugasan_id,
    {{ stripped('instansi_kerja_nama') }} as instansi_name,
    {{ stripped('unor_nama') }} as unor_name,
    {{ stripped('jabatan_fungsional_nama') }} as jabatan_fungsional_name,
    {{ stripped('nama_jabatan') }} as decreed_position_name,
    {{ stripped('nomor_sk') }} as decree_number,
    parsed_tmt_jabatan as tmt,
    parsed_tanggal_sk as decree_date,
    parsed_tmt_pelantikan as inauguration_date,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
