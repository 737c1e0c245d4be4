-- What a liaison unit is told in totals is what its worklist holds, party by party.
with worklist as (
    select * from {{ ref('rpt_difference_worklist') }}
),

totals as (
    select * from {{ ref('rpt_worklist_totals') }}
),

listed as (
    select
        owner_party,
        count(*) as cases
    from worklist
    group by owner_party
),

counted as (
    select
        owner_party,
        sum(cases) as cases
    from totals
    group by owner_party
)

select
    listed.cases as listed_cases,
    counted.cases as counted_cases
from listed
full join counted on listed.owner_party = counted.owner_party
where listed.cases is distinct from counted.cases
