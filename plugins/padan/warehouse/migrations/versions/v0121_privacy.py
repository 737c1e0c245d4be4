"""Who looked up which person's trail and why; append-only, under a keyed hash of the person (UU 27/2022 article 31)."""

from alembic import op

revision = "0121"
down_revision = "0120"

STATEMENTS = (
    "create schema privacy",
    """
    create table privacy.subject_access (
        access_id bigint generated always as identity primary key,
        looked_up_on date not null,
        looked_up_by text not null check (looked_up_by <> ''),
        purpose text not null check (purpose <> ''),
        subject text not null check (subject ~ '^[0-9a-f]{64}$'),
        recorded_at timestamptz not null default now(),
        constraint the_text_holds_the_number_of_a_person check (concat_ws(' ', looked_up_by, purpose) !~ '[0-9]{16}')
    )
    """,
    "create index subject_access_by_subject on privacy.subject_access (subject)",
    """
    comment on table privacy.subject_access is
        'One row per look-up of a person''s trail: who, when, why, and a keyed hash of the person. Append-only.'
    """,
    """
    create function privacy.refuse_change() returns trigger language plpgsql as $$
    begin
        raise exception 'privacy.subject_access is append-only';
    end $$
    """,
    """
    create trigger subject_access_append_only before update or delete or truncate on privacy.subject_access
        for each statement execute function privacy.refuse_change()
    """,
    "grant usage on schema privacy to auditor",
    "grant select on privacy.subject_access to auditor",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
