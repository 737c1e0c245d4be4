-- Row-level security as on the worklist, but nothing goes on record: it counts, and names nobody.
{{ config(post_hook="{{ only_own_side(['bi_reader', 'quality', 'status'], on_record=false) }}") }}

with worklist as (
    select * from {{ ref('rpt_difference_worklist') }}
),

placed as (
    select
        owner_party,
        coalesce(instansi_id, 'unknown') as instansi_id,
        instansi_name,
        attribute,
        label_id,
        severity,
        coalesce(state, 'open') as state,
        is_paused,
        due_on,
        case
            when due_on is null then 'none'
            when due_on < {{ as_of() }} then 'overdue'
            when due_on < {{ as_of() }} + 7 then 'within_7_days'
            when due_on < {{ as_of() }} + 30 then 'within_30_days'
            else 'later'
        end as due
    from worklist
)

select
    owner_party,
    instansi_id,
    attribute,
    severity,
    state,
    is_paused,
    due,
    min(instansi_name) as instansi_name,
    min(label_id) as label_id,
    count(*) as cases,
    min(due_on) as earliest_due_on
from placed
group by owner_party, instansi_id, attribute, severity, state, is_paused, due
