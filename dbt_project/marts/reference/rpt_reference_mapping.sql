with mapping as (
    select * from {{ ref('int_codes__mapping') }}
),

suggestions as (
    select * from {{ ref('int_codes__suggestions') }}
),

differences as (
    select * from {{ ref('fct_reference_differences') }}
)

select
    mapping.agency,
    mapping.list_name,
    mapping.code,
    mapping.code_name,
    mapping.paired_list,
    mapping.mapped_code,
    mapping.mapped_name,
    mapping.provenance,
    case
        when mapping.is_without_counterpart then 'no_counterpart'
        when differences.issue in ('unmapped', 'not_listed') and suggestions.suggested_code is not null then 'suggested'
        when differences.issue in ('unmapped', 'not_listed') then 'unmapped'
        when differences.issue is not null then 'conflicting'
        else 'mapped'
    end as state,
    differences.issue,
    suggestions.suggested_code,
    suggestions.suggested_name,
    suggestions.similarity::numeric(4, 3) as similarity,
    mapping.people,
    mapping.valid_from,
    mapping.valid_to
from mapping
left join suggestions on mapping.code_key = suggestions.code_key and suggestions.place = 1
left join differences
    on
        mapping.agency = differences.agency
        and mapping.list_name = differences.list_name
        and mapping.code = differences.code
