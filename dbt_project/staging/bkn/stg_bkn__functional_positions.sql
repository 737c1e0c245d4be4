{% set checked = {'bup_usia': 'number'} %}

with source as (
    select * from {{ source('raw_bkn', 'ref_jabatan_fungsional') }}
)

select
    {{ stripped('id') }} as jabatan_fungsional_id,
    {{ stripped('kel_jabatan_id') }} as kel_jabatan_id,
    {{ stripped('min_gol_id') }} as lowest_golongan_id,
    {{ stripped('max_gol_id') }} as highest_golongan_id,
    {{ stripped('cepat_kode') }} as short_code,
    {{ stripped('nama') }} as jabatan_fungsional_name,
    {{ stripped('status') }} as status,
    upper(coalesce({{ stripped('kode_jenjang_jabatan') }}, {{ stripped('jenjang') }})) as jenjang,
    parsed_bup_usia as bup,
    {{ findings(checked) }} as findings
from {{ parsed(checked) }}
