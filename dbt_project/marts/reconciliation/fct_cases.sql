{{ config(materialized='view') }}

with cases as (
    select * from {{ ref('stg_ledger__cases') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
)

select
    cases.case_id,
    cases.asn_key,
    cases.instansi_id,
    instansi.instansi_name,
    cases.attribute,
    cases.verdict,
    cases.severity,
    cases.owner_party,
    cases.state,
    cases.resolution,
    cases.times_reopened,
    coalesce(cases.resolved_on, {{ as_of() }}) - cases.last_opened_on as age_days,
    cases.state not in ('resolved', 'waived')
    and cases.paused_on is null
    and cases.due_on < {{ as_of() }}
        as is_overdue,
    cases.paused_on is not null as is_paused,
    cases.opened_on,
    cases.last_opened_on,
    cases.due_on,
    cases.calendar_due_on,
    cases.escalated_on,
    cases.resolved_on,
    cases.waived_until
from cases
left join instansi on cases.instansi_id = instansi.instansi_id
