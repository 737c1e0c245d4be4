with codes as (
    select * from {{ ref('int_codes__listed') }}
),

crosswalk as (
    select * from {{ ref('int_comparison__crosswalk') }}
),

list_pairs as (
    select * from {{ ref('reference_list_pairs') }}
),

reviewed_mappings as (
    select * from {{ ref('reviewed_code_mappings') }}
),

unmapped_codes as (
    select * from {{ ref('int_comparison__unmapped_codes') }}
),

holders as (
    select * from {{ ref('stg_bps__holders') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

scope_positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

bkn_codes as (
    select *
    from codes
    where agency = 'bkn'
),

without_counterpart as (
    select
        bps_list,
        bps_code
    from reviewed_mappings
    where
        bkn_code is null
        and (valid_from is null or valid_from <= {{ as_of() }})
        and (valid_to is null or valid_to >= {{ as_of() }})
),

-- Grouped as they stand first: combinations of codes are few, people are many.
bps_combinations as (
    select
        jf_code,
        jenjang,
        instansi_code,
        golongan,
        employment_status_code,
        education_level_code,
        count(*) as people
    from holders
    group by jf_code, jenjang, instansi_code, golongan, employment_status_code, education_level_code
),

used_by_bps as (
    select
        used.list_name,
        {{ code_shown('used.code') }} as code,
        sum(bps_combinations.people)::bigint as people
    from bps_combinations
    cross join
        lateral (
            values
            ('jf', bps_combinations.jf_code),
            ('jenjang', bps_combinations.jenjang),
            ('instansi', bps_combinations.instansi_code),
            ('golongan', bps_combinations.golongan),
            ('employment_status', bps_combinations.employment_status_code),
            ('education_level', bps_combinations.education_level_code)
        ) as used (list_name, code)
    where used.code is not null
    group by used.list_name, {{ code_shown('used.code') }}
),

bkn_combinations as (
    select
        jabatan_fungsional,
        instansi,
        employment_status,
        education_level,
        count(*) as people
    from bkn_people
    group by jabatan_fungsional, instansi, employment_status, education_level
),

used_by_bkn as (
    select
        used.list_name,
        {{ code_shown('used.code') }} as code,
        sum(bkn_combinations.people)::bigint as people
    from bkn_combinations
    cross join
        lateral (
            values
            ('jabatan_fungsional', bkn_combinations.jabatan_fungsional),
            ('instansi', bkn_combinations.instansi),
            ('kedudukan_hukum', bkn_combinations.employment_status),
            ('tingkat_pendidikan', bkn_combinations.education_level)
        ) as used (list_name, code)
    left join scope_positions on used.code = scope_positions.jabatan_fungsional_id
    -- BPS gives codes of the positions that it fosters, and of no others.
    where used.code is not null and (used.list_name <> 'jabatan_fungsional' or scope_positions.kel_jabatan_id is not null)
    group by used.list_name, {{ code_shown('used.code') }}
),

-- What BPS writes in a row without having it in its list.
not_listed as (
    select distinct
        unmapped_codes.code_type as list_name,
        {{ code_shown('unmapped_codes.bps_code') }} as code
    from unmapped_codes
    left join codes
        on
            codes.agency = 'bps'
            and unmapped_codes.code_type = codes.list_name
            and unmapped_codes.bps_code = codes.code
    where codes.code is null
),

shared_targets as (
    select
        code_type,
        bkn_code
    from crosswalk
    where provenance <> 'reviewed'
    group by code_type, bkn_code
    having count(*) > 1
),

bps_side as (
    select
        list_name,
        code,
        code_name,
        distinctive_name,
        true as is_listed
    from codes
    where agency = 'bps'
    union all
    select
        list_name,
        code,
        null as code_name,
        null as distinctive_name,
        false as is_listed
    from not_listed
),

bps_rows as (
    select
        'bps' as agency,
        bps_side.list_name,
        bps_side.code,
        bps_side.code_name,
        bps_side.distinctive_name,
        list_pairs.bkn_list as paired_list,
        crosswalk.bkn_code as mapped_code,
        targets.code_name as mapped_name,
        crosswalk.provenance,
        crosswalk.valid_from,
        crosswalk.valid_to,
        case
            when without_counterpart.bps_code is not null then null
            when crosswalk.bkn_code is null and not bps_side.is_listed then 'not_listed'
            when crosswalk.bkn_code is null then 'unmapped'
            when targets.code is null then 'target_missing'
            when crosswalk.provenance = 'bps' and namesakes.code is not null then 'another_bears_its_name'
            when shared_targets.bkn_code is not null then 'target_shared'
        end as issue,
        without_counterpart.bps_code is not null as is_without_counterpart
    from bps_side
    inner join list_pairs on bps_side.list_name = list_pairs.bps_list
    left join crosswalk
        on bps_side.list_name = crosswalk.code_type and bps_side.code = crosswalk.bps_code
    left join bkn_codes as targets
        on list_pairs.bkn_list = targets.list_name and crosswalk.bkn_code = targets.code
    left join bkn_codes as namesakes
        on
            list_pairs.bkn_list = namesakes.list_name
            and {{ folded('bps_side.code_name') }} = {{ folded('namesakes.code_name') }}
            and crosswalk.bkn_code <> namesakes.code
            and {{ folded('bps_side.code_name') }} <> {{ folded('targets.code_name') }}
    left join shared_targets
        on bps_side.list_name = shared_targets.code_type and crosswalk.bkn_code = shared_targets.bkn_code
    left join without_counterpart
        on
            bps_side.list_name = without_counterpart.bps_list
            and bps_side.code = without_counterpart.bps_code
            and crosswalk.bkn_code is null
),

-- A code of BKN that people bear and BPS has nothing for.
bkn_rows as (
    select
        'bkn' as agency,
        used_by_bkn.list_name,
        used_by_bkn.code,
        codes.code_name,
        codes.distinctive_name,
        list_pairs.bps_list as paired_list,
        null as mapped_code,
        null as mapped_name,
        null as provenance,
        null::date as valid_from,
        null::date as valid_to,
        case when codes.code is null then 'not_listed' else 'unmapped' end as issue,
        false as is_without_counterpart
    from used_by_bkn
    inner join list_pairs on used_by_bkn.list_name = list_pairs.bkn_list
    left join codes
        on codes.agency = 'bkn' and used_by_bkn.list_name = codes.list_name and used_by_bkn.code = codes.code
    left join crosswalk
        on list_pairs.bps_list = crosswalk.code_type and used_by_bkn.code = crosswalk.bkn_code
    where crosswalk.bkn_code is null
),

unioned as (
    -- Two namesakes at BKN are one conflict.
    select distinct on (list_name, code) * from bps_rows
    union all
    select * from bkn_rows
)

select
    unioned.agency || '|' || unioned.list_name || '|' || unioned.code as code_key,
    unioned.agency,
    unioned.list_name,
    unioned.code,
    unioned.code_name,
    unioned.distinctive_name,
    unioned.paired_list,
    unioned.mapped_code,
    unioned.mapped_name,
    unioned.provenance,
    unioned.valid_from,
    unioned.valid_to,
    unioned.issue,
    unioned.is_without_counterpart,
    coalesce(used_by_bps.people, used_by_bkn.people, 0) as people
from unioned
left join used_by_bps
    on unioned.agency = 'bps' and unioned.list_name = used_by_bps.list_name and unioned.code = used_by_bps.code
left join used_by_bkn
    on unioned.agency = 'bkn' and unioned.list_name = used_by_bkn.list_name and unioned.code = used_by_bkn.code
