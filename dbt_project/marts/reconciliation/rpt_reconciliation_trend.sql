{{ config(materialized='view') }}

with events as (
    select * from {{ ref('fct_difference_events') }}
),

attribute_counts as (
    select * from {{ ref('stg_ledger__attribute_counts') }}
),

-- A run that finds nothing new has its row too, for each party that has had to mend the attribute by then.
owners as (
    select
        attribute,
        owner_party,
        min(as_of) as first_on
    from events
    group by attribute, owner_party
),

runs as (
    select distinct as_of from attribute_counts
),

-- Presence is compared of each person and counted in no pair: its pairs are null.
grid as (
    select
        runs.as_of as run_date,
        owners.attribute,
        owners.owner_party,
        attribute_counts.pairs
    from runs
    inner join owners on runs.as_of >= owners.first_on
    left join attribute_counts
        on runs.as_of = attribute_counts.as_of and owners.attribute = attribute_counts.attribute
),

-- What each event adds to the open cases of a party, and what it takes from those of the party that had it before.
moves as (
    select
        as_of,
        attribute,
        owner_party,
        kind,
        case when state <> 'resolved' then 1 else 0 end as open_cases
    from events
    union all
    select
        as_of,
        attribute,
        previous_owner_party as owner_party,
        null as kind,
        -1 as open_cases
    from events
    where previous_state <> 'resolved'
),

by_day as (
    select
        as_of,
        attribute,
        owner_party,
        count(*) filter (where kind = 'opened') as opened,
        count(*) filter (where kind = 'reopened') as reopened,
        count(*) filter (where kind = 'resolved') as resolved,
        count(*) filter (where kind = 'escalated') as escalated,
        sum(open_cases) as open_cases
    from moves
    group by as_of, attribute, owner_party
)

select
    grid.run_date,
    grid.attribute,
    grid.owner_party,
    grid.pairs,
    coalesce(by_day.opened, 0) as opened,
    coalesce(by_day.reopened, 0) as reopened,
    coalesce(by_day.resolved, 0) as resolved,
    coalesce(by_day.escalated, 0) as escalated,
    sum(coalesce(by_day.open_cases, 0))
        over (partition by grid.attribute, grid.owner_party order by grid.run_date)::bigint
        as open_at_end
from grid
left join by_day
    on
        grid.run_date = by_day.as_of
        and grid.attribute = by_day.attribute
        and grid.owner_party = by_day.owner_party
