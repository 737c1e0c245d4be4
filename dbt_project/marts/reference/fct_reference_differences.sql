with mapping as (
    select * from {{ ref('int_codes__mapping') }}
),

difference_history as (
    select * from {{ ref('snap_codes__differences') }}
),

code_versions as (
    select * from {{ ref('dim_reference_code') }}
),

list_pairs as (
    select * from {{ ref('reference_list_pairs') }}
),

reviewed_mappings as (
    select * from {{ ref('reviewed_code_mappings') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

reused_codes as (
    select *
    from code_versions
    where change_kind = 'id_reused' and is_current
),

-- A mapping of before the id was given another meaning; until a person, or a new mapping, says what it now stands for.
reused_on_a_side as (
    select distinct on (mapping.code_key)
        mapping.code_key,
        mapping.agency,
        mapping.list_name,
        mapping.code,
        mapping.code_name,
        mapping.people,
        'id_reused' as issue,
        reused_codes.agency as owner_party,
        reused_codes.valid_from as first_seen_on
    from mapping
    inner join reused_codes
        on
            (
                mapping.list_name = reused_codes.list_name
                and mapping.code = reused_codes.code
                and reused_codes.agency = 'bps'
                and coalesce(reused_codes.mapped_code, '') = coalesce(reused_codes.previous_mapped_code, '')
            )
            or (
                mapping.paired_list = reused_codes.list_name
                and mapping.mapped_code = reused_codes.code
                and reused_codes.agency = 'bkn'
            )
    left join reviewed_mappings
        on
            mapping.list_name = reviewed_mappings.bps_list
            and mapping.code = reviewed_mappings.bps_code
            and reused_codes.valid_from <= reviewed_mappings.valid_from
            and reviewed_mappings.valid_from <= {{ as_of() }}
    left join code_versions as mapped_since
        on
            reused_codes.agency = 'bkn'
            and mapped_since.agency = 'bps'
            and mapping.list_name = mapped_since.list_name
            and mapping.code = mapped_since.code
            and mapped_since.is_current
            and mapped_since.change_kind in ('remapped', 'id_reused')
            and reused_codes.valid_from <= mapped_since.valid_from
    where
        mapping.agency = 'bps'
        and mapping.issue is null
        and mapping.mapped_code is not null
        and reviewed_mappings.bps_code is null
        and mapped_since.code is null
    order by mapping.code_key asc, reused_codes.valid_from asc, reused_codes.agency asc
),

open_differences as (
    select
        mapping.code_key,
        mapping.agency,
        mapping.list_name,
        mapping.code,
        mapping.code_name,
        mapping.people,
        mapping.issue,
        -- The crosswalk is BPS's list: what it lacks or has wrong is mended there; a code that BKN itself does not list, at BKN.
        case when mapping.agency = 'bkn' and mapping.issue = 'not_listed' then 'bkn' else 'bps' end as owner_party,
        difference_history.dbt_valid_from::date as first_seen_on
    from mapping
    inner join difference_history
        on mapping.code_key = difference_history.code_key and difference_history.dbt_valid_to is null
    where mapping.issue is not null
    union all
    select
        code_key,
        agency,
        list_name,
        code,
        code_name,
        people,
        issue,
        owner_party,
        first_seen_on
    from reused_on_a_side
)

select
    'R-' || upper(left({{ sha256_hex('open_differences.code_key') }}, 12)) as case_id,
    open_differences.agency,
    open_differences.list_name,
    open_differences.code,
    open_differences.code_name,
    list_pairs.attribute,
    list_pairs.label_id,
    open_differences.issue,
    registry.severity,
    open_differences.owner_party,
    open_differences.people,
    open_differences.first_seen_on
from open_differences
inner join list_pairs
    on
        open_differences.list_name
        = case when open_differences.agency = 'bps' then list_pairs.bps_list else list_pairs.bkn_list end
inner join registry on list_pairs.attribute = registry.attribute
