{{ config(materialized='view') }}

with difference_cases as (
    select * from {{ source('ledger', 'difference_case') }}
)

select
    case_id,
    asn_key,
    attribute,
    instansi_id,
    verdict,
    severity,
    owner_party,
    value_fingerprint,
    state,
    resolution,
    times_reopened,
    opened_on,
    last_opened_on,
    due_on,
    calendar_due_on,
    paused_on,
    escalated_on,
    resolved_on,
    waived_until
from difference_cases
-- Cases of codes (R-) are of no person.
where starts_with(case_id, 'K-')
