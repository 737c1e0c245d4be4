-- A comparison that did not take place must not look like agreement: the index of what must be compared and the verdicts
-- hold the same cases.
with expected as (
    select * from {{ ref('int_comparison__expected_index') }}
),

verdicts as (
    select * from {{ ref('int_comparison__verdicts') }}
),

balanced as (
    select
        person_id_bkn,
        holder_id,
        attribute,
        1 as side
    from expected
    union all
    select
        person_id_bkn,
        holder_id,
        attribute,
        -1 as side
    from verdicts
)

select 1 as broken
from balanced
group by person_id_bkn, holder_id, attribute
having sum(side) <> 0
