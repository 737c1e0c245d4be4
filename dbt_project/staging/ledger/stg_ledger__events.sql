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
    case when actor = 'data' then reason end as reason,
    event_id,
    actor <> 'data' as is_by_person,
    as_of,
    due_on,
    until
from events
