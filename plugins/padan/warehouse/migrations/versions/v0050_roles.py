"""Who may do what: no login owns data, each room works under a role that may do just its own work.

`owner` owns what Padan's migrations make and `transformer` what dbt makes; nobody logs in as either. What a later
migration makes is `owner`'s too (padan.warehouse.migrations), and is granted by the defaults below.
"""

from alembic import op

revision = "0050"
down_revision = "0040"

ROLES = ("owner", "loader", "transformer", "quality", "liaison_bps", "liaison_bkn", "bi_reader", "auditor")
OF_DBT = (
    "staging_bkn", "staging_bps", "staging_ledger", "integration", "snapshots", "reference",
    "marts_asn", "marts_functional_position", "marts_reconciliation",
)  # fmt: skip
WRITE = "select, insert, update, delete"
# What only grows: nobody but the owner could change it, and triggers refuse even that.
APPEND_ONLY = "landing.exchange_log, landing.exchange_seal"
FOR_THE_AUDITOR = (
    "landing.exchange_log, landing.exchange_seal, landing.extract, landing.extract_dataset, landing.dropped_field, "
    "quality.verdict, alerts.digest, alerts.announced_case, alerts.letter"
)
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
REASSIGN = """
do $$
declare
    entry record;
    new_owner text;
begin
    for entry in
        select nspname as schema_name from pg_namespace
        where nspowner = current_user::regrole and nspname !~ '^pg_' and nspname <> 'public'
    loop
        new_owner := case when entry.schema_name = any (array['{dbt}']) then 'transformer' else 'owner' end;
        execute format('grant usage, create on schema %I to %I', entry.schema_name, new_owner);
    end loop;
    for entry in
        select nspname as schema_name, relname, relkind from pg_class
        inner join pg_namespace on pg_namespace.oid = relnamespace
        where relowner = current_user::regrole and relkind in ('r', 'v', 'm', 'S', 'p')
            and not exists (  -- a sequence of an identity column follows its table
                select from pg_depend where pg_depend.objid = pg_class.oid and deptype = 'i' and relkind = 'S'
            )
            and nspname !~ '^pg_'
    loop
        new_owner := case when entry.schema_name = any (array['{dbt}']) then 'transformer' else 'owner' end;
        execute format(
            'alter %s %I.%I owner to %I',
            case entry.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                else 'table' end,
            entry.schema_name, entry.relname, new_owner
        );
    end loop;
    for entry in
        select pg_proc.oid::regprocedure as name from pg_proc
        inner join pg_namespace on pg_namespace.oid = pronamespace
        where proowner = current_user::regrole and nspname !~ '^pg_' and nspname <> 'public'
    loop
        execute format('alter function %s owner to owner', entry.name);
    end loop;
    -- Last: the login, which has no rights of theirs, finds nothing in a schema that it gave away.
    for entry in
        select nspname as schema_name from pg_namespace
        where nspowner = current_user::regrole and nspname !~ '^pg_' and nspname <> 'public'
    loop
        new_owner := case when entry.schema_name = any (array['{dbt}']) then 'transformer' else 'owner' end;
        execute format('alter schema %I owner to %I', entry.schema_name, new_owner);
    end loop;
end $$
"""

DBT_SO_FAR = f"""
do $$
declare
    schema_name text;
begin
    for schema_name in select nspname from pg_namespace where nspname = any (array['{"', '".join(OF_DBT)}']) loop
        execute format('grant usage on schema %I to quality', schema_name);
        execute format('grant select on all tables in schema %I to quality', schema_name);
    end loop;
end $$
"""  # noqa: S608 - our own names


def _of_transformer() -> list[str]:
    return [
        "alter default privileges for role transformer grant usage on schemas to quality",
        "alter default privileges for role transformer grant select on tables to quality",
        DBT_SO_FAR,
    ]


def _of_owner() -> list[str]:
    raw = "raw_bkn, raw_bps"
    return [
        # the loader: stages, publishes, and appends to the log
        f"grant usage on schema landing, {raw} to loader",
        f"grant {WRITE}, maintain on all tables in schema {raw} to loader",
        f"grant {WRITE}, truncate, maintain on all tables in schema landing to loader",
        f"revoke update, delete, truncate, maintain on {APPEND_ONLY} from loader",
        "revoke insert, update, delete, truncate, maintain on landing.schema_revision from loader",
        "alter default privileges for role owner in schema raw_bkn, raw_bps "
        f"grant {WRITE}, maintain on tables to loader",
        "alter default privileges for role owner in schema landing "
        f"grant {WRITE}, truncate, maintain on tables to loader",
        # the transformer: reads what was landed, owns what dbt makes
        f"grant usage on schema landing, {raw} to transformer, quality",
        f"grant select on all tables in schema {raw} to transformer, quality",
        "grant select on landing.extract, landing.extract_dataset to transformer",
        f"alter default privileges for role owner in schema {raw} grant select on tables to transformer, quality",
        "grant usage on schema ledger to transformer",
        "grant select on all tables in schema ledger to transformer",
        # quality: reads what it judges, writes verdicts
        "grant usage on schema quality to quality",
        f"grant {WRITE} on quality.verdict to quality",
        # who reads which mart is granted by dbt, with the model
        "grant usage on schema landing, quality, alerts to auditor",
        f"grant select on {FOR_THE_AUDITOR} to auditor",
    ]


def upgrade() -> None:
    op.execute("create extension if not exists pgcrypto")
    for role in ROLES:
        op.execute(JOIN.format(role=role).replace(":", r"\:"))
    op.execute(
        "do $$ begin execute format('grant create on database %I to owner, transformer', current_database()); end $$"
    )
    op.execute("grant create, usage on schema public to owner")
    op.execute(REASSIGN.format(dbt="', '".join(OF_DBT)).replace(":", r"\:"))
    op.execute("set local role transformer")
    for statement in _of_transformer():
        op.execute(statement)
    op.execute("set local role owner")
    for statement in _of_owner():
        op.execute(statement)
    # Rooms that come later and have no role of their own yet; dbt may read what their migrations make.
    op.execute("alter default privileges for role owner grant usage on schemas to transformer, quality")


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
