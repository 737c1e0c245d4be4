{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}},
    indexes=[{'columns': ['holder_id'], 'unique': true}, {'columns': ['nip_bps'], 'unique': true}, {'columns': ['nik']}]
) }}

{% set checked = {
    'birth_date': 'date_iso', 'golongan_tmt': 'date_iso', 'jf_tmt': 'date_iso', 'credit_total': 'number',
    'sex': 'sex_lp', 'nik': 'nik', 'updated_at': 'moment',
} %}

-- Inlined, or PostgreSQL would write the rows down and read them with one process.
with source as not materialized (
    select *
    from {{ source('raw_bps', 'holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

typed as (
    select
        {{ stripped('holder_id') }} as holder_id,
        {{ digits('nip_bps') }} as nip_bps,
        {{ stripped('nip_lama_bps') }} as nip_lama_bps,
        parsed_nik as nik,
        {{ stripped('employment_status') }} as employment_status_code,
        {{ stripped('jf_code') }} as jf_code,
        {{ stripped('instansi_code') }} as instansi_code,
        {{ stripped('unit_code') }} as unit_code,
        {{ stripped('education_level') }} as education_level_code,
        {{ stripped('name') }} as name,
        {{ stripped('title_front') }} as title_front,
        {{ stripped('title_back') }} as title_back,
        {{ stripped('birth_place') }} as birth_place,
        parsed_sex as sex,
        upper({{ stripped('employment_type') }}) as employment_type,
        {{ stripped('golongan') }} as golongan,
        upper({{ stripped('jenjang') }}) as jenjang,
        {{ stripped('instansi_name') }} as instansi_name,
        {{ stripped('unit_name') }} as unit_name,
        {{ stripped('education_name') }} as education_name,
        parsed_credit_total as credit_total,
        parsed_birth_date as birth_date,
        parsed_golongan_tmt as golongan_tmt,
        parsed_jf_tmt as jf_tmt,
        {{ findings(checked) }} as findings
    from {{ parsed(checked) }}
    -- Typed once: without this, PostgreSQL would type each value anew for the hash of the row.
    limit all -- noqa: AM09
),

keys as (
    select
        {{ stripped('holder_id') }} as holder_id,
        {{ digits('nip_bps') }} as nip_bps
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
            coalesce(keys.nip_bps, '') = coalesce(typed.nip_bps, '')
            and keys.holder_id <> typed.holder_id
            and {{ comes_before('keys.holder_id', 'typed.holder_id') }}
    )
)

select
    *,
    {{ row_hash('one_per_nip') }} as row_hash
from one_per_nip
