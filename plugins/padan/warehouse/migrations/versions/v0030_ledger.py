"""The ledger of differences: events that are only ever added, and cases as their fold."""

from alembic import op

revision = "0030"
down_revision = "0021"

TABLES = """
create schema if not exists ledger;

create table ledger.run (
    as_of date primary key,
    recorded_at timestamptz not null default now()
);
comment on table ledger.run is
    'One row per logical date on which the ledger took in the differences; a run of an earlier date is late.';

create table ledger.event (
    event_id bigint generated always as identity primary key,
    case_id text not null check (case_id ~ '^K-[0-9A-F]{12}$'),
    as_of date not null,
    kind text not null,
    actor text not null check (actor <> ''),
    asn_key text,
    attribute text,
    verdict text check (verdict in ('modified', 'only_in_bkn', 'only_in_bps', 'not_comparable')),
    severity text check (severity in ('critical', 'warning')),
    owner_party text check (owner_party in ('bkn', 'bps', 'both')),
    instansi_id text,
    value_fingerprint text check (value_fingerprint ~ '^[0-9a-f]{64}$'),
    due_on date,
    until date,
    reason text,
    recorded_at timestamptz not null default now(),
    constraint what_data_may_say_and_what_a_person check (
        case when actor = 'data'
            then kind in ('opened', 'changed', 'reassigned', 'resolved', 'reopened', 'escalated')
            else kind in ('acknowledged', 'disputed', 'waived')
        end
    ),
    constraint an_opening_names_its_key check ((kind = 'opened') = (asn_key is not null and attribute is not null)),
    constraint a_term_begins_with_an_opening check ((kind in ('opened', 'reopened')) = (due_on is not null)),
    constraint what_is_seen_is_seen_whole check (
        (kind in ('opened', 'changed', 'reassigned', 'reopened'))
        = (verdict is not null and severity is not null and owner_party is not null and value_fingerprint is not null)
    ),
    constraint a_waiver_needs_a_last_day check (
        (kind = 'waived') = (until is not null) and (until is null or until >= as_of)
    ),
    constraint it_needs_a_reason check (
        kind not in ('disputed', 'waived', 'resolved', 'reopened') or coalesce(reason, '') <> ''
    ),
    constraint the_text_holds_the_number_of_a_person check (concat_ws(' ', actor, reason) !~ '[0-9]{16}')
);
create index event_by_case on ledger.event (case_id, event_id);
comment on table ledger.event is
    'One row per thing that happened to a case, in order of arrival. Append-only; values as salted fingerprints only.';
comment on column ledger.event.actor is 'data, or the person of a liaison unit who acted.';
comment on column ledger.event.reason is
    'agreed, no_longer_compared (resolved); differs_again, values_changed, waiver_ended (reopened); a person''s words.';
comment on column ledger.event.until is 'Last day of a waiver.';
comment on column ledger.event.due_on is 'Last day on which mending is in time.';

create table ledger.difference_case (
    case_id text primary key,
    asn_key text not null,
    attribute text not null,
    instansi_id text,
    verdict text not null,
    severity text not null,
    owner_party text not null,
    value_fingerprint text not null,
    state text not null check (state in ('open', 'acknowledged', 'disputed', 'resolved', 'reopened', 'waived')),
    resolution text,
    opened_on date not null,
    last_opened_on date not null,
    due_on date not null,
    escalated_on date,
    resolved_on date,
    waived_until date,
    times_reopened bigint not null,
    events bigint not null,
    last_event_id bigint not null,
    unique (asn_key, attribute)
);
comment on table ledger.difference_case is
    'One row per person-pair and attribute that ever differed: fold of its events, written by the trigger on event.';

create table ledger.attribute_count (
    as_of date not null,
    attribute text not null,
    pairs bigint not null,
    modified bigint not null,
    primary key (as_of, attribute)
);
comment on table ledger.attribute_count is
    'One row per logical date and attribute: pairs compared and how many were modified. The next run is held to it.';
"""

FUNCTIONS = """
create function ledger.fold(cases text[]) returns setof ledger.difference_case
language sql stable as $$
    with folded as (
        select
            event.case_id,
            min(event.asn_key) as asn_key,
            min(event.attribute) as attribute,
            (array_agg(event order by event.event_id desc) filter (where event.verdict is not null))[1] as seen,
            (array_agg(event order by event.event_id desc)
                filter (where event.kind not in ('changed', 'reassigned', 'escalated')))[1] as standing,
            (array_agg(event order by event.event_id desc) filter (where event.due_on is not null))[1] as opening,
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
        (opening).due_on,
        case when (escalation).event_id > (opening).event_id then (escalation).as_of end as escalated_on,
        case when (standing).kind = 'resolved' then (standing).as_of end as resolved_on,
        case when (standing).kind = 'waived' then (standing).until end as waived_until,
        times_reopened,
        events,
        last_event_id
    from folded
$$;
comment on function ledger.fold(text[]) is 'The cases of these ids, each id once, as their events make them.';

create function ledger.may_follow(state text, kind text) returns boolean
language sql immutable as $$
    select coalesce(
        case kind
            when 'opened' then state is null
            when 'reopened' then state in ('resolved', 'disputed', 'waived')
            when 'acknowledged' then state in ('open', 'reopened', 'disputed', 'waived')
            when 'disputed' then state in ('open', 'reopened', 'acknowledged')
            when 'waived' then state in ('open', 'reopened', 'acknowledged', 'disputed')
            else state <> 'resolved'
        end,
        false
    )
$$;
comment on function ledger.may_follow(text, text) is 'Whether such an event may happen to a case in this state.';

create function ledger.take_in() returns trigger language plpgsql as $$
declare
    touched text[];
    refused text;
begin
    select array_agg(distinct case_id) into touched from new_event;
    if touched is null then
        return null;
    end if;
    if cardinality(touched) <> (select count(*) from new_event) then
        raise exception 'ledger: two events of one case at once' using errcode = 'check_violation';
    end if;
    select format('case %s is %s: it cannot be %s', new_event.case_id, coalesce(before.state, 'not there'), kind)
    into refused
    from new_event
    left join ledger.difference_case as before on new_event.case_id = before.case_id
    where not ledger.may_follow(before.state, new_event.kind)
    limit 1;
    if refused is not null then
        raise exception 'ledger: %', refused using errcode = 'check_violation';
    end if;
    delete from ledger.difference_case as before using new_event where before.case_id = new_event.case_id;
    insert into ledger.difference_case select * from ledger.fold(touched);
    return null;
end $$;
create trigger take_in after insert on ledger.event
    referencing new table as new_event for each statement execute function ledger.take_in();

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger.event is append-only';
end $$;
create trigger append_only before update or delete or truncate on ledger.event
    for each statement execute function ledger.refuse_change();
"""


def upgrade() -> None:
    for statements in (TABLES, FUNCTIONS):
        op.execute(statements.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
