{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['rank_row_id'], 'unique': true}, {'columns': ['person_id_bkn']}]
) }}

{% set checked = {
    'sk_tanggal': 'date_dmy', 'tmt_golongan': 'date_dmy', 'masa_kerja_golongan_tahun': 'number',
    'masa_kerja_golongan_bulan': 'number',
} %}

with source as (
    select *
    from {{ source('raw_bkn', 'rw_golongan') }}
    where {{ of_affected('bkn', 'id_pns') }}
)

select
    {{ stripped('id') }} as rank_row_id,
    {{ stripped('id_pns') }} as person_id_bkn,
    {{ stripped('golongan_id') }} as golongan_id,
    {{ stripped('jenis_kp_id') }} as jenis_kp_id,
    {{ stripped('golongan') }} as golongan,
    {{ stripped('pangkat') }} as pangkat,
    {{ stripped('sk_nomor') }} as decree_number,
    parsed_masa_kerja_golongan_tahun as service_years,
    parsed_masa_kerja_golongan_bulan as service_months,
    parsed_sk_tanggal as decree_date,
    parsed_tmt_golongan as tmt,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
