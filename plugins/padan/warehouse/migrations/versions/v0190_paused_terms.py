"""Terms of cases stand still while the agreement is suspended, and are moved when its end is recorded (article 10)."""

from alembic import op

revision = "0190"
down_revision = "0180"

TABLES = """
alter table ledger.event drop constraint what_data_may_say_and_what_a_person;
alter table ledger.event add constraint what_data_may_say_and_what_a_person check (
    case actor
        when 'data' then kind in ('opened', 'changed', 'reassigned', 'resolved', 'reopened', 'escalated')
        when 'agreement' then kind in ('paused', 'rescheduled')
        else kind in ('acknowledged', 'disputed', 'waived')
    end
);
alter table ledger.event drop constraint a_term_begins_with_an_opening;
alter table ledger.event add constraint a_term_begins_with_an_opening check (
    (kind in ('opened', 'reopened', 'rescheduled')) = (due_on is not null)
);
comment on column ledger.event.actor is
    'data; agreement, whose suspension moves a term; or the person of a liaison unit who acted.';

alter table ledger.difference_case
    add column calendar_due_on date,
    add column term_set_on date,
    add column paused_on date;
comment on column ledger.difference_case.due_on is 'Last day on which mending is in time.';
comment on column ledger.difference_case.calendar_due_on is
    'What due_on was at the last opening: working days by the calendar, no suspension counted out.';
comment on column ledger.difference_case.term_set_on is 'Logical date of the run that set due_on.';
comment on column ledger.difference_case.paused_on is
    'Logical date since which the term stands still: the agreement is suspended without a recorded end.';
comment on column alerts.escalation.opened_on is 'Day on which the term that passed was set.';
"""

FOLD = """
create or replace function ledger.fold(cases text[]) returns setof ledger.difference_case
language sql stable as $$
    with folded as (
        select
            event.case_id,
            min(event.asn_key) as asn_key,
            min(event.attribute) as attribute,
            (array_agg(event order by event.event_id desc) filter (where event.verdict is not null))[1] as seen,
            (array_agg(event order by event.event_id desc)
                filter (where event.kind not in ('changed', 'reassigned', 'escalated', 'paused', 'rescheduled')))[1]
                as standing,
            (array_agg(event order by event.event_id desc)
                filter (where event.kind in ('opened', 'reopened')))[1] as opening,
            (array_agg(event order by event.event_id desc) filter (where event.due_on is not null))[1] as term,
            (array_agg(event order by event.event_id desc) filter (where event.kind = 'paused'))[1] as pause,
            (array_agg(event order by event.event_id desc) filter (where event.kind = 'escalated'))[1] as escalation,
            min(event.as_of) filter (where event.kind = 'opened') as opened_on,
            count(*) filter (where event.kind = 'reopened') as times_reopened,
            count(*) as events,
            max(event.event_id) as last_event_id
        from unnest(cases) as asked (case_id)
        inner join ledger.event on asked.case_id = event.case_id
        group by event.case_id
    )
    select
        case_id,
        asn_key,
        attribute,
        (seen).instansi_id,
        (seen).verdict,
        (seen).severity,
        (seen).owner_party,
        (seen).value_fingerprint,
        case (standing).kind when 'opened' then 'open' else (standing).kind end as state,
        case when (standing).kind = 'resolved' then (standing).reason end as resolution,
        opened_on,
        (opening).as_of as last_opened_on,
        (term).due_on,
        case
            when (escalation).event_id > greatest((term).event_id, (pause).event_id) then (escalation).as_of
        end as escalated_on,
        case when (standing).kind = 'resolved' then (standing).as_of end as resolved_on,
        case when (standing).kind = 'waived' then (standing).until end as waived_until,
        times_reopened,
        events,
        last_event_id,
        (opening).due_on as calendar_due_on,
        (term).as_of as term_set_on,
        case
            when (standing).kind <> 'resolved' and (pause).event_id > (term).event_id then (pause).as_of
        end as paused_on
    from folded
$$;
"""

# Cases from before this migration, as their events make them.
REFILL = """
delete from ledger.difference_case;
insert into ledger.difference_case select * from ledger.fold(array(select distinct case_id from ledger.event));
alter table ledger.difference_case
    alter column calendar_due_on set not null,
    alter column term_set_on set not null;
"""


def upgrade() -> None:
    for statements in (TABLES, FOLD, REFILL):
        op.execute(statements.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
