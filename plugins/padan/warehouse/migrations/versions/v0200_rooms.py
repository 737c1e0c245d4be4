"""A role for each room: what a connection may do is what its room needs, and a login by itself may do nothing."""

from alembic import op

revision = "0200"
down_revision = "0190"

ROLES = ("ledger", "alerts", "minutes", "obligations", "privacy", "reference", "status")
JOIN = """
do $$ begin
    if not exists (select from pg_roles where rolname = '{role}') then
        create role {role} nologin;
    end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
    -- A superuser, or the administrator who made the login, may have done this before (docs/deployment.md).
    if not pg_has_role(current_user, '{role}', 'set') then
        execute format('grant {role} to %I with inherit false, set true', current_user);
    end if;
end $$
"""
OF_OWNER = (
    # the ledger of differences
    "grant usage on schema ledger to ledger",
    "grant select, insert on ledger.event, ledger.run to ledger",
    "grant select, insert, delete on ledger.difference_case to ledger",
    "grant select, insert, update on ledger.attribute_count to ledger",
    # alerts and the watch; what they tell of
    "grant usage on schema alerts, ledger, landing, quality to alerts",
    "grant select, insert, update on alerts.digest, alerts.letter, alerts.announced_case, alerts.escalation, "
    "alerts.snooze, alerts.run, alerts.watch_problem to alerts",
    "grant select, insert, update, delete on alerts.watch_count to alerts",
    "grant select on ledger.difference_case, ledger.run, landing.extract, quality.verdict to alerts",
    "grant select (extract_id, party, dataset, rule, as_of) on landing.quarantine to alerts",
    # the papers, and what they count; their annexes name people
    "grant usage on schema minutes, landing, quality to minutes",
    "grant select, insert on all tables in schema minutes to minutes",
    "grant update on minutes.edition, minutes.mail to minutes",
    "grant select on landing.extract, landing.extract_dataset, landing.exchange_log, quality.verdict to minutes",
    # the duties, and the evidence of them
    "grant usage on schema obligations, alerts, ledger, landing, minutes, code_lists to obligations",
    "grant select, insert, delete on obligations.standing to obligations",
    "grant select, insert on obligations.reminder to obligations",
    "grant select, insert, update on alerts.letter to obligations",
    "grant select on ledger.difference_case, ledger.run, landing.extract, landing.extract_dataset, minutes.evidence, "
    "code_lists.delivery "
    "to obligations",
    # a person's trail, and the controller's papers
    "grant usage on schema privacy, alerts, ledger, landing, minutes to privacy",
    "grant select, insert on privacy.subject_access to privacy",
    "grant select on ledger.difference_case, ledger.event, alerts.announced_case, alerts.digest, landing.extract, "
    "landing.extract_dataset, landing.exchange_log, landing.quarantine, minutes.edition, minutes.frozen_input "
    "to privacy",
    # codes of both agencies, and what was delivered of them, which is on the exchange log's seal
    "grant usage on schema code_lists, landing to reference",
    "grant select on all tables in schema code_lists to reference",
    "grant insert on code_lists.delivery to reference",
    "grant select, insert on landing.exchange_log to reference",
    "grant select, insert on landing.exchange_seal to reference",
    # counts of everything, and the hash over the contents
    "grant usage on schema raw_bkn, raw_bps, landing, ledger, quality, alerts, matching to status",
    "grant select on all tables in schema raw_bkn, raw_bps to status",
    "alter default privileges for role owner in schema raw_bkn, raw_bps grant select on tables to status",
    "grant select on landing.extract, landing.extract_dataset, landing.dropped_field, ledger.difference_case, "
    "ledger.run, quality.verdict, alerts.digest, matching.review_pair to status",
)
READERS = ROLES
# Relations of dbt, until its next build grants them itself.
OF_TRANSFORMER = (
    f"alter default privileges for role transformer grant usage on schemas to {', '.join(READERS)}",
    "alter default privileges for role transformer grant select on tables to status",
    """
    do $$
    declare
        entry record;
    begin
        for entry in select nspname from pg_namespace where nspowner = 'transformer'::regrole loop
            execute format(
                'grant usage on schema %I to ledger, alerts, minutes, obligations, privacy, reference, status',
                entry.nspname
            );
            execute format('grant select on all tables in schema %I to status', entry.nspname);
        end loop;
        for entry in
            select * from (values
                ('integration.int_comparison__verdicts', 'ledger, privacy'),
                ('integration.int_comparison__attribute_by_instansi', 'ledger'),
                ('integration.int_comparison__unmapped_codes', 'minutes'),
                ('integration.int_matching__pairs', 'minutes'),
                ('integration.int_matching__people', 'minutes, privacy'),
                ('reference.attribute_registry', 'alerts, minutes'),
                ('snapshots.snap_bkn__people', 'privacy'),
                ('snapshots.snap_bps__holders', 'privacy'),
                ('snapshots.snap_comparison__differences', 'minutes, privacy'),
                ('marts_reconciliation.fct_differences', 'ledger, alerts, minutes, privacy'),
                ('marts_reconciliation.fct_findings', 'alerts, minutes'),
                ('marts_reconciliation.rpt_data_quality_index', 'alerts'),
                ('marts_asn.dim_asn', 'privacy'),
                ('marts_reference.dim_reference_code', 'reference'),
                ('marts_reference.fct_reference_differences', 'reference'),
                ('marts_reference.rpt_reference_mapping', 'reference'),
                ('marts_reconciliation.rpt_difference_worklist', 'minutes, status')
            ) as relations (relation, readers)
            where to_regclass(relation) is not null
        loop
            execute format('grant select on %s to %s', entry.relation, entry.readers);
        end loop;
        if to_regclass('marts_reconciliation.rpt_difference_worklist') is not null then
            create policy papers_on_all on marts_reconciliation.rpt_difference_worklist
                for select to minutes, status using (true);
        end if;
    end $$
    """,
)


def upgrade() -> None:
    op.execute("reset role")
    for role in ROLES:
        op.execute(JOIN.format(role=role).replace(":", r"\:"))
    op.execute("set local role transformer")
    for statement in OF_TRANSFORMER:
        op.execute(statement.replace(":", r"\:"))
    op.execute("set local role owner")
    for statement in OF_OWNER:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
