"""What changed in raw since the last build, and whom the running one works through anew (padan.warehouse.changes)."""

from alembic import op

revision = "0220"
down_revision = "0210"

STATEMENTS = (
    """
    create table landing.changed (
        side text not null check (side in ('bkn', 'bps', 'unor', 'list')),
        key text not null
    )
    """,
    """
    comment on table landing.changed is
        'One row per change that a trigger of raw noted since a build took such notes: whose row it was; a unit or a '
        'whole list of codes where of no person. Without a key: a build takes away nothing that another session adds.'
    """,
    """
    create table landing.affected (
        side text not null check (side in ('bkn', 'bps', 'unor', 'asn')),
        key text not null,
        primary key (side, key)
    )
    """,
    """
    comment on table landing.affected is
        'One row per person whom the running build works through anew: who changed, and whoever shares a NIP, a NIK '
        'or a pair with one. Emptied when a build has ended well.'
    """,
    """
    create table landing.build (
        only_row boolean primary key default true check (only_row),
        whole boolean not null default true,
        reason text not null default 'first',
        affected bigint,
        as_of date,
        fingerprint text,
        taken bigint not null default 0,
        raw_checked bigint not null default 0,
        staged bigint not null default 0,
        staging_checked bigint not null default 0,
        kept bigint not null default 0,
        linked bigint not null default 0,
        integrated bigint not null default 0,
        comparison_checked bigint not null default 0,
        published bigint not null default 0,
        finished boolean not null default false,
        built_as_of date,
        built_fingerprint text,
        built_crosswalk text,
        whole_on date
    )
    """,
    """
    comment on table landing.build is
        'One row per warehouse: the running build or the last one, whether it makes everything anew and why, and of '
        'what the last good one was.'
    """,
    """
    comment on column landing.build.taken is
        'How often notes were taken; after it: up to which time each stage, and those before it, worked them in.'
    """,
    "insert into landing.build default values",
    # Told by the trigger: side, person column. Set-based, and whoever changes raw is seen.
    """
    create function landing.note_change() returns trigger language plpgsql security definer
    set search_path = landing, pg_temp as $$
    declare
        key text := case tg_argv[0] when 'list' then quote_literal(tg_table_name)
            else format('coalesce(btrim(%I, E'' \\t\\r\\n\\u00a0''), '''')', tg_argv[1]) end;
    begin
        if tg_op <> 'INSERT' then
            execute format('insert into landing.changed select distinct %L, %s from old_rows', tg_argv[0], key);
        end if;
        if tg_op <> 'DELETE' then
            execute format('insert into landing.changed select distinct %L, %s from new_rows', tg_argv[0], key);
        end if;
        return null;
    end
    $$
    """,
    "revoke all on function landing.note_change() from public",
    "revoke all on landing.changed, landing.affected, landing.build from loader",
    "grant select, delete on landing.changed to transformer",
    "grant select, insert, delete, maintain on landing.affected to transformer",
    "grant select, update on landing.build to transformer",
    "grant usage on schema landing to quality, status",
    "grant select on landing.affected, landing.build to quality",
    "grant select on landing.build to status",
)


def upgrade() -> None:
    op.execute("set local role owner")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
