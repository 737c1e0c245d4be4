with source as (
    select * from {{ source('raw_bkn', 'ref_unor') }}
)

select
    {{ stripped('id') }} as unor_id,
    {{ stripped('instansi_id') }} as instansi_id,
    {{ stripped('diatasan_id') }} as parent_unor_id,
    {{ stripped('induk_unor_id') }} as main_unor_id,
    {{ stripped('eselon_id') }} as eselon_id,
    {{ stripped('jenis_unor_id') }} as jenis_unor_id,
    {{ stripped('cepat_kode') }} as short_code,
    -- Leading dashes show the depth in SIASN's own lists.
    {{ stripped("regexp_replace(nama_unor, '^[-\\s]+', '')") }} as unor_name,
    {{ stripped('nama_jabatan') }} as head_position_name
from source
