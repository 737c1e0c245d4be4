"""What was deleted because its term was over or its item left the agreement is on record, without a value of it."""

from alembic import op

revision = "0140"
down_revision = "0130"

STATEMENTS = (
    """
    create table landing.erasure (
        erasure_id bigint generated always as identity primary key,
        as_of date not null,
        relation text not null,
        rule text not null,
        cut_off date,
        rows bigint not null check (rows > 0),
        recorded_at timestamptz not null default now()
    )
    """,
    "comment on table landing.erasure is "
    "'One row per deletion of what may be kept no longer: where, by which rule, how much. Append-only; no value.'",
    "comment on column landing.erasure.as_of is 'Logical date of the run that deleted.'",
    "comment on column landing.erasure.relation is "
    "'schema.table, schema.table.column, or a folder of the archive or of the papers.'",
    "comment on column landing.erasure.rule is 'Id of the agreement''s retention, or item_withdrawn.'",
    "comment on column landing.erasure.cut_off is "
    "'What was received or superseded before it was deleted; or the last day of a term after the end.'",
    "comment on column landing.erasure.rows is 'Rows, values of a withdrawn column, or files.'",
    "create trigger erasure_append_only before update or delete on landing.erasure "
    "for each row execute function landing.refuse_change()",
    "create trigger erasure_whole before truncate on landing.erasure "
    "for each statement execute function landing.refuse_change()",
    "revoke update, delete, truncate, maintain on landing.erasure from loader",
    "grant select on landing.erasure to auditor",
    # The papers' personal columns have a term too; all else of a frozen semester stays as it is.
    """
    create function minutes.refuse_change_but_erasure() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and old.name = 'personal' then
            return old;
        end if;
        raise exception 'minutes.frozen_input is append-only';
    end $$
    """,
    "drop trigger frozen_input_append_only on minutes.frozen_input",
    "create trigger frozen_input_append_only before update or delete on minutes.frozen_input "
    "for each row execute function minutes.refuse_change_but_erasure()",
    "alter table minutes.edition add column personal_erased_on date",
    "comment on column minutes.edition.personal_erased_on is "
    "'Logical date on which the annexes and their personal columns were deleted, their term being over.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
