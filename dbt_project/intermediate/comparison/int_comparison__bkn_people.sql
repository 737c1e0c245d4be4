{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn'}},
    indexes=[{'columns': ['person_id_bkn'], 'unique': true}]
) }}

with people as (
    select *
    from {{ ref('stg_bkn__people') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

credits as (
    select *
    from {{ ref('stg_bkn__credits') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

credit_totals as (
    select
        person_id_bkn,
        sum(total_credit) as credit_total,
        bool_or(findings ? 'kredit_baru_total') as is_unusable
    from credits
    group by person_id_bkn
)

select
    people.person_id_bkn,
    people.instansi_id,
    people.unor_id,
    -- Attributes, by the names of the registry.
    people.nip,
    people.nik,
    people.name,
    people.title_front,
    people.title_back,
    people.birth_place,
    people.sex,
    -- What SIASN says; without it the legal standing, then digits 13-14 of the NIP (a month for PNS, 21 and up for PPPK).
    case
        when people.status_pegawai like '%PPPK%' or people.status_pegawai like 'P3K%' then 'PPPK'
        when people.status_pegawai in ('PNS', 'CPNS', 'P', 'C') then 'PNS'
        when people.kedudukan_hukum_id in ('71', '72') then 'PPPK'
        when substr(people.nip, 13, 2) between '01' and '12' then 'PNS'
        when substr(people.nip, 13, 2) >= '21' then 'PPPK'
    end as employment_type,
    people.kedudukan_hukum_id as employment_status,
    people.golongan,
    people.instansi_id as instansi,
    people.unor_name as unit,
    people.education_level_id as education_level,
    people.jabatan_fungsional_id as jabatan_fungsional,
    people.jenjang,
    -- No credit and 0 are the same, on both sides.
    nullif(credit_totals.credit_total, 0) as credit_total,
    people.birth_date,
    people.golongan_tmt,
    people.jf_tmt,
    -- Nearly nobody has one: told without building an array.
    case
        when people.findings <> '{}' or credit_totals.is_unusable
            then
                nullif(to_jsonb(array_remove(
                    array[
                        case when people.findings ? 'jenis_kelamin' then 'sex' end,
                        case when people.findings ? 'tgl_lahir' then 'birth_date' end,
                        case when people.findings ? 'tmt_gol_akhir' then 'golongan_tmt' end,
                        case when people.findings ? 'tmt_jabatan' then 'jf_tmt' end,
                        case when credit_totals.is_unusable then 'credit_total' end
                    ],
                    null
                )), '[]')
    end as not_comparable_attributes
from people
left join credit_totals on people.person_id_bkn = credit_totals.person_id_bkn
