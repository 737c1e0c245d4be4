"""Each reading of the worklist by a liaison unit is on record; records about people have a term after which they go."""

from alembic import op

revision = "0210"
down_revision = "0203"

STATEMENTS = (
    """
    create table access.reading (
        reading_id bigint generated always as identity primary key,
        read_at timestamptz not null default clock_timestamp(),
        login text not null,
        party text not null check (party in ('bkn', 'bps')),
        agencies text[],
        worklist_of date not null
    )
    """,
    "create index reading_by_worklist on access.reading (worklist_of)",
    "comment on table access.reading is 'One row per query of a liaison unit''s login on the worklist: who, when, "
    "which part of which day''s list it could see. Append-only until its term is over; no value, no filter.'",
    "comment on column access.reading.reading_id is "
    "'A number that is lacking is a reading whose transaction was taken back or failed.'",
    "comment on column access.reading.login is 'The login that connected, whatever role it took since.'",
    "comment on column access.reading.agencies is "
    "'Agencies whose rows it saw, BKN''s ids; null: the party''s whole side.'",
    "comment on column access.reading.worklist_of is 'Logical date of the worklist that was read.'",
    # PostgreSQL has no trigger on select: the worklist's policies ask this, once a query, before any row is seen.
    """
    create function access.note_reading(of_party text, of_agencies text[], of_day date) returns boolean
    language plpgsql volatile security definer set search_path = '' as $$
    begin
        if current_setting('transaction_read_only')::boolean then
            raise exception 'reading the worklist is put on record: it needs a transaction that may write'
                using errcode = 'read_only_sql_transaction';
        end if;
        insert into access.reading (login, party, agencies, worklist_of)
        values (session_user, of_party, of_agencies, of_day);
        return true;
    end $$
    """,
    "comment on function access.note_reading(text, text[], date) is "
    "'Puts on record that this login reads the worklist now; always true.'",
    "revoke execute on function access.note_reading(text, text[], date) from public",
    "grant execute on function access.note_reading(text, text[], date) "
    "to liaison_bps, liaison_bkn, liaison_bps_agencies, liaison_bkn_agencies",
    "grant usage on schema access to liaison_bps, liaison_bkn, transformer, privacy",
    "grant select on access.reading to privacy, auditor",
    # Nobody changes a record; the owner alone deletes, which retention does where the agreement's term is over.
    """
    create function privacy.refuse_change_but_erasure() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and current_user = 'owner' then
            return null;
        end if;
        raise exception '%.% is append-only', tg_table_schema, tg_table_name;
    end $$
    """,
    """
    create trigger append_only before update or delete or truncate on access.reading
        for each statement execute function privacy.refuse_change_but_erasure()
    """,
    "drop trigger subject_access_append_only on privacy.subject_access",
    "drop function privacy.refuse_change()",
    """
    create trigger append_only before update or delete or truncate on privacy.subject_access
        for each statement execute function privacy.refuse_change_but_erasure()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
