{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['education_row_id'], 'unique': true}, {'columns': ['person_id_bkn']}]
) }}

{% set checked = {'tahun_lulus': 'year', 'tgl_lulus': 'date_dmy', 'is_pendidikan_pertama': 'flag'} %}

with source as (
    select *
    from {{ source('raw_bkn', 'rw_pendidikan') }}
    where {{ of_affected('bkn', 'id_pns') }}
)

select
    {{ stripped('id') }} as education_row_id,
    {{ stripped('id_pns') }} as person_id_bkn,
    {{ stripped('pendidikan_id') }} as education_id,
    {{ stripped('tk_pendidikan_id') }} as education_level_id,
    {{ stripped('pendidikan_nama') }} as education_name,
    {{ stripped('tk_pendidikan_nama') }} as education_level,
    {{ stripped('nomor_ijasah') }} as diploma_number,
    {{ stripped('nama_sekolah') }} as school,
    {{ stripped('gelar_depan') }} as title_front,
    {{ stripped('gelar_belakang') }} as title_back,
    parsed_tahun_lulus as graduation_year,
    parsed_is_pendidikan_pertama as is_first_education,
    parsed_tgl_lulus as graduation_date,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
