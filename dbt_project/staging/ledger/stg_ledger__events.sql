{{ config(materialized='view') }}

with events as (
    select * from {{ source('ledger', 'event') }}
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
    kind,
    -- Who acted and a person's own words stay in the ledger.
    case when actor in ('data', 'agreement') then reason end as reason,
    event_id,
    actor not in ('data', 'agreement') as is_by_person,
    as_of,
    due_on,
    until
from events
-- Cases of codes (R-) are of no person.
where starts_with(case_id, 'K-')
