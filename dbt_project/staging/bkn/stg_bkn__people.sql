{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['person_id_bkn'], 'unique': true}, {'columns': ['nip'], 'unique': true}, {'columns': ['nik']}]
) }}

{% set checked = {
    'tgl_lahir': 'date_dmy', 'tmt_cpns': 'date_dmy', 'tmt_pns': 'date_dmy', 'tmt_jabatan': 'date_dmy',
    'tmt_gol_akhir': 'date_dmy', 'tahun_lulus': 'year', 'bup_pensiun': 'number', 'mk_tahun': 'number',
    'mk_bulan': 'number', 'valid_nik': 'flag', 'jenis_kelamin': 'sex_mf', 'nik': 'nik',
} %}

-- Inlined, or PostgreSQL would write the rows down and read them with one process.
with source as not materialized (
    select *
    from {{ source('raw_bkn', 'data_utama') }}
    where {{ of_affected('bkn', 'id') }}
),

typed as (
    select
        {{ stripped('id') }} as person_id_bkn,
        {{ digits('nip_baru') }} as nip,
        {{ stripped('nip_lama') }} as nip_lama,
        parsed_nik as nik,
        {{ stripped('kedudukan_pns_id') }} as kedudukan_hukum_id,
        {{ stripped('jenis_pegawai_id') }} as jenis_pegawai_id,
        {{ stripped('instansi_induk_id') }} as instansi_induk_id,
        {{ stripped('instansi_kerja_id') }} as instansi_id,
        {{ stripped('satuan_kerja_kerja_id') }} as satuan_kerja_id,
        {{ stripped('unor_id') }} as unor_id,
        {{ stripped('jenis_jabatan_id') }} as jenis_jabatan_id,
        {{ stripped('jabatan_fungsional_id') }} as jabatan_fungsional_id,
        {{ stripped('gol_ruang_akhir_id') }} as golongan_id,
        {{ stripped('tk_pendidikan_terakhir_id') }} as education_level_id,
        {{ stripped('pendidikan_terakhir_id') }} as education_id,
        {{ stripped('nama') }} as name,
        {{ stripped('gelar_depan') }} as title_front,
        {{ stripped('gelar_belakang') }} as title_back,
        {{ stripped('tempat_lahir') }} as birth_place,
        parsed_jenis_kelamin as sex,
        {{ stripped('kedudukan_pns_nama') }} as kedudukan_hukum,
        upper({{ stripped('status_pegawai') }}) as status_pegawai,
        {{ stripped('instansi_kerja_nama') }} as instansi_name,
        {{ stripped('unor_nama') }} as unor_name,
        {{ stripped('jabatan_fungsional_nama') }} as jabatan_fungsional_name,
        upper({{ stripped('kode_jenjang_jabatan') }}) as jenjang,
        {{ stripped('gol_ruang_akhir') }} as golongan,
        {{ stripped('pendidikan_terakhir_nama') }} as education_name,
        parsed_bup_pensiun as bup,
        parsed_mk_tahun as service_years,
        parsed_mk_bulan as service_months,
        parsed_tahun_lulus as graduation_year,
        parsed_valid_nik as is_nik_confirmed,
        parsed_tgl_lahir as birth_date,
        parsed_tmt_cpns as cpns_tmt,
        parsed_tmt_pns as pns_tmt,
        parsed_tmt_jabatan as jf_tmt,
        parsed_tmt_gol_akhir as golongan_tmt,
        {{ findings(checked) }} as findings
    from {{ parsed(checked) }}
    -- Typed once: without this, PostgreSQL would type each value anew for the hash of the row.
    limit all -- noqa: AM09
),

keys as (
    select
        {{ stripped('id') }} as person_id_bkn,
        {{ digits('nip_baru') }} as nip
    from source
),

-- Joined, not sorted: to sort whole rows would cost more than to type them.
one_per_nip as (
    select *
    from typed
    where not exists (
        select 1
        from keys
        where
            coalesce(keys.nip, '') = coalesce(typed.nip, '')
            and keys.person_id_bkn <> typed.person_id_bkn
            and {{ comes_before('keys.person_id_bkn', 'typed.person_id_bkn') }}
    )
)

select
    *,
    {{ row_hash('one_per_nip') }} as row_hash
from one_per_nip
