{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}},
    indexes=[{'columns': ['holder_id'], 'unique': true}]
) }}

with holders as (
    select *
    from {{ ref('stg_bps__holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

crosswalk as not materialized (
    select * from {{ ref('int_comparison__crosswalk') }}
),

jf_codes as (
    select *
    from crosswalk
    where code_type = 'jf'
),

instansi_codes as (
    select *
    from crosswalk
    where code_type = 'instansi'
),

education_codes as (
    select *
    from crosswalk
    where code_type = 'education_level'
),

status_codes as (
    select *
    from crosswalk
    where code_type = 'employment_status'
)

select
    holders.holder_id,
    instansi_codes.bkn_code as instansi_id,
    jf_codes.bkn_code as jabatan_fungsional_id,
    education_codes.bkn_code as education_level_id,
    status_codes.bkn_code as kedudukan_hukum_id,
    -- Attributes, by the names of the registry. A code without mapping stands as BPS wrote it, and is not comparable.
    holders.nip_bps as nip,
    holders.nik,
    holders.name,
    holders.title_front,
    holders.title_back,
    holders.birth_place,
    holders.sex,
    holders.employment_type,
    coalesce(status_codes.bkn_code, holders.employment_status_code) as employment_status,
    holders.golongan,
    coalesce(instansi_codes.bkn_code, holders.instansi_code) as instansi,
    holders.unit_name as unit,
    coalesce(education_codes.bkn_code, holders.education_level_code) as education_level,
    coalesce(jf_codes.bkn_code, holders.jf_code) as jabatan_fungsional,
    holders.jenjang,
    nullif(holders.credit_total, 0) as credit_total,
    holders.birth_date,
    holders.golongan_tmt,
    holders.jf_tmt,
    -- Nearly nobody has one: told without building an array. A code that is mapped was given.
    case
        when
            holders.findings <> '{}'
            or num_nonnulls(
                holders.jf_code, holders.instansi_code, holders.education_level_code, holders.employment_status_code
            ) > num_nonnulls(jf_codes.bkn_code, instansi_codes.bkn_code, education_codes.bkn_code, status_codes.bkn_code)
            then
                nullif(to_jsonb(array_remove(
                    array[
                        case when holders.findings ? 'sex' then 'sex' end,
                        case when holders.findings ? 'birth_date' then 'birth_date' end,
                        case when holders.findings ? 'golongan_tmt' then 'golongan_tmt' end,
                        case when holders.findings ? 'jf_tmt' then 'jf_tmt' end,
                        case when holders.findings ? 'credit_total' then 'credit_total' end,
                        case when holders.jf_code is not null and jf_codes.bkn_code is null then 'jabatan_fungsional' end,
                        case when holders.instansi_code is not null and instansi_codes.bkn_code is null then 'instansi' end,
                        case
                            when holders.education_level_code is not null and education_codes.bkn_code is null
                                then 'education_level'
                        end,
                        case
                            when holders.employment_status_code is not null and status_codes.bkn_code is null
                                then 'employment_status'
                        end
                    ],
                    null
                )), '[]')
    end as not_comparable_attributes
from holders
left join jf_codes on holders.jf_code = jf_codes.bps_code
left join instansi_codes on holders.instansi_code = instansi_codes.bps_code
left join education_codes on holders.education_level_code = education_codes.bps_code
left join status_codes on holders.employment_status_code = status_codes.bps_code
