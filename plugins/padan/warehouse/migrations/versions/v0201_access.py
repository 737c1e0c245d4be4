"""Which login of a liaison unit sees the differences of which agencies."""

from alembic import op

revision = "0201"
down_revision = "0200"

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
STATEMENTS = (
    "create schema access",
    """
    create table access.liaison (
        login text not null,
        party text not null check (party in ('bkn', 'bps')),
        instansi_id text not null,
        granted_on date not null,
        granted_by text not null check (granted_by <> ''),
        primary key (login, party, instansi_id),
        constraint the_text_holds_the_number_of_a_person check (concat_ws(' ', login, granted_by) !~ '[0-9]{16}')
    )
    """,
    "comment on table access.liaison is "
    "'One row per login of a liaison unit, party and agency whose differences it sees.'",
    # The caller's own rows, whoever asks; the login that connected counts, whatever role it took since.
    """
    create function access.agencies(of_party text) returns text[]
    language sql stable security definer set search_path = '' as $$
        select coalesce(array_agg(instansi_id), '{}') from access.liaison
        where login = session_user and party = of_party
    $$
    """,
    "comment on function access.agencies(text) is 'The agencies that the login sees of the party''s side.'",
    "grant usage on schema access to liaison_bps_agencies, liaison_bkn_agencies, auditor",
    "grant select on access.liaison to auditor",
)


def upgrade() -> None:
    op.execute("reset role")
    for role in ("liaison_bps_agencies", "liaison_bkn_agencies"):
        op.execute(JOIN.format(role=role).replace(":", r"\:"))
    op.execute("set local role owner")
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
