-- Row-level security decides who sees which rows: macro only_own_side.
{{ config(post_hook="{{ only_own_side(['quality', 'minutes', 'status']) }}") }}

with differences as (
    select * from {{ ref('fct_differences') }}
),

open_differences as (
    select * from {{ ref('int_comparison__open_differences') }}
),

compared as (
    select * from {{ ref('int_comparison__differences') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

cases as (
    select * from {{ ref('stg_ledger__cases') }}
),

code_names as (
    select * from {{ ref('int_comparison__code_names') }}
)

select
    differences.case_id,
    compared.nip,
    compared.nip_bps,
    compared.name,
    differences.instansi_id,
    differences.instansi_name,
    differences.attribute,
    registry.label_id,
    differences.verdict,
    differences.severity,
    differences.owner_party,
    cases.state,
    -- A code is shown with its name, as a person reads it.
    coalesce(bkn_names.code_name || ' (' || compared.bkn_value || ')', compared.bkn_value) as bkn_value,
    coalesce(bps_names.code_name || ' (' || compared.bps_value || ')', compared.bps_value) as bps_value,
    case
        when registry.comparator = 'set' and differences.verdict = 'modified'
            then
                concat_ws('; ', 'hanya BKN: ' || compared.bkn_elements, 'hanya BPS: ' || compared.bps_elements)
    end as differing_elements,
    cases.paused_on is not null as is_paused,
    differences.first_seen_on,
    cases.due_on
from differences
inner join open_differences on differences.case_id = open_differences.case_id
inner join compared on open_differences.case_key = compared.case_key
inner join registry on differences.attribute = registry.attribute
-- What the ledger still holds as resolved is open again, and it will say so next.
left join cases on differences.case_id = cases.case_id and cases.state <> 'resolved'
left join code_names as bkn_names
    on compared.attribute = bkn_names.attribute and compared.bkn_value = bkn_names.code
left join code_names as bps_names
    on compared.attribute = bps_names.attribute and compared.bps_value = bps_names.code
