{{ config(materialized='view') }}

with events as (
    select * from {{ ref('stg_ledger__events') }}
),

-- An event names only what it changes: what it leaves is that of the last event that named it.
numbered as (
    select
        *,
        count(verdict) over (partition by case_id order by event_id) as seen_number,
        count(due_on) over (partition by case_id order by event_id) as opening_number,
        count(*) filter (where kind not in ('changed', 'reassigned', 'escalated', 'paused', 'rescheduled'))
            over (partition by case_id order by event_id)
            as standing_number
    from events
),

told as (
    select
        event_id,
        case_id,
        kind,
        reason,
        is_by_person,
        as_of,
        until,
        first_value(asn_key) over (partition by case_id order by event_id) as asn_key,
        first_value(attribute) over (partition by case_id order by event_id) as attribute,
        first_value(instansi_id) over (partition by case_id, seen_number order by event_id) as instansi_id,
        first_value(verdict) over (partition by case_id, seen_number order by event_id) as verdict,
        first_value(severity) over (partition by case_id, seen_number order by event_id) as severity,
        first_value(owner_party) over (partition by case_id, seen_number order by event_id) as owner_party,
        first_value(value_fingerprint) over (partition by case_id, seen_number order by event_id) as value_fingerprint,
        first_value(due_on) over (partition by case_id, opening_number order by event_id) as due_on,
        first_value(case kind when 'opened' then 'open' else kind end)
            over (partition by case_id, standing_number order by event_id)
            as state
    from numbered
)

select
    event_id,
    case_id,
    asn_key,
    instansi_id,
    attribute,
    kind,
    verdict,
    severity,
    owner_party,
    lag(owner_party) over (partition by case_id order by event_id) as previous_owner_party,
    state,
    lag(state) over (partition by case_id order by event_id) as previous_state,
    reason,
    value_fingerprint,
    lag(value_fingerprint) over (partition by case_id order by event_id) as previous_value_fingerprint,
    is_by_person,
    as_of,
    due_on,
    until as waived_until
from told
