with standing as (
    select * from {{ ref('stg_obligations__standing') }}
)

select
    obligation,
    party,
    period,
    array_to_string(cites, ', ') as articles,
    duty,
    kind,
    state,
    evidence,
    evidence_count,
    -- Negative once the due date has passed.
    (due_on - as_of)::bigint as days_left,
    since,
    due_on,
    evidence_on,
    as_of
from standing
