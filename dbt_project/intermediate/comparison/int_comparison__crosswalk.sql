{{ config(post_hook="{{ affect_recoded() }}") }}

with bps_codes as (
    select * from {{ ref('stg_bps__reference_codes') }}
),

codes as (
    select * from {{ ref('int_codes__listed') }}
),

list_pairs as (
    select * from {{ ref('reference_list_pairs') }}
),

reviewed_mappings as (
    select * from {{ ref('reviewed_code_mappings') }}
),

-- A name that two codes of a list bear says nothing.
names as (
    select
        agency,
        list_name,
        {{ folded('code_name') }} as folded_name,
        min(code) as code,
        min(code_name) as code_name
    from codes
    group by agency, list_name, {{ folded('code_name') }}
    having count(*) = 1
),

claimed as (
    select
        1 as precedence,
        'reviewed' as provenance,
        bps_list as code_type,
        bps_code,
        bkn_code,
        null as code_name,
        valid_from,
        valid_to
    from reviewed_mappings
    union all
    select
        2 as precedence,
        'bps' as provenance,
        code_type,
        code as bps_code,
        bkn_code,
        code_name,
        valid_from,
        valid_to
    from bps_codes
    where bkn_code is not null
    union all
    select
        3 as precedence,
        'name' as provenance,
        list_pairs.bps_list as code_type,
        bps_names.code as bps_code,
        bkn_names.code as bkn_code,
        bps_names.code_name,
        null as valid_from,
        null as valid_to
    from list_pairs
    inner join names as bps_names on bps_names.agency = 'bps' and list_pairs.bps_list = bps_names.list_name
    inner join names as bkn_names
        on
            bkn_names.agency = 'bkn'
            and list_pairs.bkn_list = bkn_names.list_name
            and bps_names.folded_name = bkn_names.folded_name
),

in_force as (
    select distinct on (code_type, bps_code) *
    from claimed
    where
        (valid_from is null or valid_from <= {{ as_of() }})
        and (valid_to is null or valid_to >= {{ as_of() }})
    order by code_type asc, bps_code asc, precedence asc
)

select
    code_type,
    bps_code,
    bkn_code,
    code_name,
    provenance,
    valid_from,
    valid_to
from in_force
-- A person may have decided that there is no counterpart.
where bkn_code is not null
