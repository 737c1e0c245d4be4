with differences as (
    select * from {{ ref('fct_differences') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

verdicts as (
    select * from {{ ref('int_comparison__verdicts') }}
),

compared as (
    select
        attribute,
        count(*) as compared
    from verdicts
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
