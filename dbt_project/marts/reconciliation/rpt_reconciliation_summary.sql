with differences as (
    select * from {{ ref('fct_differences') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

verdict_counts as (
    select * from {{ ref('int_comparison__verdict_counts') }}
),

compared as (
    select
        attribute,
        sum(people)::bigint as compared
    from verdict_counts
    group by attribute
),

cases as (
    select
        attribute,
        owner_party,
        verdict,
        count(*) as cases
    from differences
    group by attribute, owner_party, verdict
)

select
    cases.attribute,
    cases.owner_party,
    cases.verdict,
    registry.label_id,
    registry.severity,
    cases.cases,
    compared.compared,
    round(cases.cases::numeric / compared.compared, 6)::numeric(9, 6) as share
from cases
inner join compared on cases.attribute = compared.attribute
inner join registry on cases.attribute = registry.attribute
