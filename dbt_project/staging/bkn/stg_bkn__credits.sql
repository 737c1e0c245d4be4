{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['credit_row_id'], 'unique': true}, {'columns': ['person_id_bkn']}]
) }}

{% set checked = {
    'tanggal_sk': 'date_dmy', 'bulan_mulai_penailan': 'month', 'tahun_mulai_penailan': 'year',
    'bulan_selesai_penailan': 'month', 'tahun_selesai_penailan': 'year', 'kredit_utama_baru': 'number',
    'kredit_penunjang_baru': 'number', 'kredit_baru_total': 'number', 'is_angka_kredit_pertama': 'flag',
    'is_integrasi': 'flag', 'is_konversi': 'flag', 'updated_at': 'moment',
} %}

with source as (
    select *
    from {{ source('raw_bkn', 'rw_angkakredit') }}
    where {{ of_affected('bkn', 'pns') }}
),

typed as (
    select
        {{ stripped('id') }} as credit_row_id,
        {{ stripped('pns') }} as person_id_bkn,
        {{ stripped('rw_jabatan') }} as position_row_id,
        {{ stripped('nomor_sk') }} as decree_number,
        {{ stripped('nama_jabatan') }} as position_name,
        {{ stripped('sumber') }} as source_system,
        parsed_bulan_mulai_penailan as first_month,
        parsed_tahun_mulai_penailan as first_year,
        parsed_bulan_selesai_penailan as last_month,
        parsed_tahun_selesai_penailan as last_year,
        parsed_kredit_utama_baru as main_credit,
        parsed_kredit_penunjang_baru as supporting_credit,
        parsed_kredit_baru_total as total_credit,
        parsed_is_angka_kredit_pertama as is_first_credit,
        parsed_is_integrasi as is_integration,
        parsed_is_konversi as is_conversion,
        parsed_tanggal_sk as decree_date,
        parsed_updated_at as updated_at,
        {{ findings(checked) }} as findings
    from {{ parsed(checked) }}
)

select
    credit_row_id,
    person_id_bkn,
    position_row_id,
    decree_number,
    position_name,
    source_system,
    case
        when is_first_credit then 'first'
        when is_integration then 'integration'
        when is_conversion then 'conversion'
    end as credit_type,
    main_credit,
    supporting_credit,
    total_credit,
    decree_date,
    make_date(first_year, first_month, 1) as period_start,
    (make_date(last_year, last_month, 1) + interval '1 month' - interval '1 day')::date as period_end,
    updated_at,
    findings
from typed
