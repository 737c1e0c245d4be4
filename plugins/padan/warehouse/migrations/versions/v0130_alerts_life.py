"""Alerts with a life: what was told of each case, pauses, escalation, and mails that a crash cannot repeat."""

from alembic import op

revision = "0130"
down_revision = "0121"

OUTBOX = """
alter table alerts.digest
    alter column party drop not null,
    add column kind text not null default 'digest' check (kind in ('digest', 'escalation', 'watch')),
    add column reopened_cases bigint not null default 0,
    add column overdue_cases bigint not null default 0,
    add column snoozed_cases bigint not null default 0,
    add column quality_index numeric(6, 2),
    add column handed_over_at timestamptz,
    add column attempts integer not null default 0,
    add column last_error text,
    add column settled_by text,
    add constraint only_a_watch_mail_is_of_no_party check ((kind = 'watch') = (party is null)),
    drop constraint digest_state_check,
    add constraint digest_state_check check (state in ('pending', 'handing_over', 'sent'));
comment on table alerts.digest is
    'One row per mail, made before it is sent: digest to a liaison unit, escalation to its superior, watch report.';
comment on column alerts.digest.state is
    'pending; handing_over: the server was given it and nobody knows whether it took it; sent: it did.';
comment on column alerts.digest.last_error is 'Kind of the last failure; no address, no answer of the server.';
comment on column alerts.digest.settled_by is 'Who said of a mail handing_over whether it arrived.';
comment on column alerts.digest.quality_index is 'Data-quality index over all agencies on that day.';

alter table alerts.letter
    add column settled_by text,
    drop constraint letter_state_check,
    add constraint letter_state_check check (state in ('pending', 'handing_over', 'sent'));
"""
CASES = """
alter table alerts.announced_case
    add column times_reopened bigint not null default 0,
    add column verdict text,
    add column instansi_id text;
comment on column alerts.announced_case.times_reopened is 'How often the ledger had reopened it when it was last told.';

create table alerts.escalation (
    party text not null check (party in ('bkn', 'bps')),
    case_id text not null,
    level smallint not null check (level in (1, 2)),
    opened_on date not null,
    as_of date not null,
    digest_id text not null references alerts.digest,
    primary key (party, case_id, level, opened_on)
);
comment on table alerts.escalation is
    'One row per case, opening and level at which its delay was told: 1 the liaison unit, 2 its superior. Once each.';
comment on column alerts.escalation.opened_on is 'Day on which the case last opened: a new opening begins at level 1.';

create table alerts.snooze (
    snooze_id bigint generated always as identity primary key,
    party text check (party in ('bkn', 'bps')),
    case_id text check (case_id ~ '^K-[0-9A-F]{12}$'),
    attribute text,
    instansi_id text,
    starts_on date not null,
    until date not null,
    reason text not null check (reason <> ''),
    requested_by text not null check (requested_by <> ''),
    reviewed_by text not null check (reviewed_by <> ''),
    recorded_at timestamptz not null default now(),
    ended_on date,
    ended_by text,
    constraint it_names_what_is_silenced check (num_nonnulls(party, case_id, attribute, instansi_id) > 0),
    constraint it_ends_after_it_begins check (until >= starts_on),
    constraint it_lasts_92_days_at_most check (until - starts_on <= 92),
    constraint another_person_reviews_it check (lower(trim(requested_by)) <> lower(trim(reviewed_by))),
    constraint the_text_holds_the_number_of_a_person check (
        concat_ws(' ', reason, requested_by, reviewed_by, ended_by) !~ '[0-9]{16}'
    ),
    constraint who_ended_it_is_known check ((ended_on is null) = (ended_by is null))
);
comment on table alerts.snooze is
    'One row per pause of alerts: a liaison unit, a case, an attribute or an agency is not told of until a day. Kept.';
comment on column alerts.snooze.until is 'Last day of the pause; what happened in it is told by the first run after.';
"""
WATCH = """
create table alerts.run (
    as_of date primary key,
    recorded_at timestamptz not null default now()
);
comment on table alerts.run is 'One row per logical date on which it was decided whether there is anything to tell.';

create table alerts.watch_count (
    as_of date not null,
    side text not null,
    dataset text not null,
    rule text not null,
    findings bigint not null,
    primary key (as_of, side, dataset, rule)
);
comment on table alerts.watch_count is
    'One row per logical date, side, dataset and rule: findings and quarantined rows, by which a later day is judged.';

create table alerts.watch_problem (
    problem_key text primary key,
    text text not null,
    opened_on date not null,
    cleared_on date,
    digest_id text references alerts.digest
);
comment on table alerts.watch_problem is
    'One row per thing that the watch found wrong: told once when it opens, and once when it is gone.';
"""
GRANTS = """
grant select on alerts.escalation, alerts.snooze, alerts.run, alerts.watch_count, alerts.watch_problem to auditor
"""


def upgrade() -> None:
    for statements in (OUTBOX, CASES, WATCH, GRANTS):
        op.execute(statements.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
