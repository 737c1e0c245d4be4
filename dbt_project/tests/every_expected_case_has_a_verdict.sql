-- A comparison that did not take place must not look like agreement: the index of what must be compared and the verdicts
-- hold the same cases.
with expected as (
    select person_id_bkn, holder_id, attribute from {{ ref('int_comparison__expected_index') }}
),

given as (
    select person_id_bkn, holder_id, attribute from {{ ref('int_comparison__verdicts') }}
)

select 1 as broken
from ((table expected except all table given) union all (table given except all table expected)) as unequal
