"""The exchange log becomes a hash chain with seals; rows that were there are chained as they stand."""

import json
from datetime import UTC
from hashlib import sha256

import sqlalchemy
from alembic import op

revision = "0020"
down_revision = "0002"

BEFORE = (
    "alter table landing.exchange_log alter column exchange_id drop identity",
    "alter table landing.exchange_log add column previous_hash text, add column row_hash text",
    """
    create table landing.exchange_seal (
        seal_id bigint primary key,
        day date not null,
        exchange_id bigint not null references landing.exchange_log,
        row_hash text not null,
        seal text not null,
        sealed_at timestamptz not null default now()
    )
    """,
    """
    comment on table landing.exchange_seal is
        'One row per seal of the exchange log''s head, made at the end of each step that exchanged anything.'
    """,
    "comment on column landing.exchange_seal.day is 'Day in Jakarta on which it was sealed.'",
    "comment on column landing.exchange_seal.seal is 'HMAC-SHA256 with a key that the database does not know.'",
    "comment on column landing.exchange_log.previous_hash is 'row_hash of the row before; a constant for the first.'",
    "comment on column landing.exchange_log.row_hash is 'SHA-256 over previous_hash and this row.'",
    """
    create or replace function landing.refuse_change() returns trigger language plpgsql as $$
    begin
        raise exception '%.% is append-only', tg_table_schema, tg_table_name;
    end $$
    """,
)
AFTER = (
    """
    alter table landing.exchange_log alter column previous_hash set not null, alter column row_hash set not null
    """,
    """
    create trigger exchange_log_whole before truncate on landing.exchange_log
        for each statement execute function landing.refuse_change()
    """,
    """
    create trigger exchange_seal_append_only before update or delete on landing.exchange_seal
        for each row execute function landing.refuse_change()
    """,
    """
    create trigger exchange_seal_whole before truncate on landing.exchange_seal
        for each statement execute function landing.refuse_change()
    """,
)
# Written out, not imported: a migration must not change when the code does.
COLUMNS = (
    "extract_id, party, endpoint, dataset, purpose, attempt, status, error, rows, body_bytes, body_sha256, started_at, "
    "duration"
)


def _chain(connection: sqlalchemy.Connection) -> None:
    rows = connection.execute(
        sqlalchemy.text(f"select exchange_id, {COLUMNS} from landing.exchange_log order by 1")  # noqa: S608 - fixed
    ).fetchall()
    previous, chained = sha256(b"padan exchange log").hexdigest(), []
    for number, (former, *values) in enumerate(rows, 1):
        parts = [value.astimezone(UTC).isoformat() if hasattr(value, "astimezone") else value for value in values]
        content = json.dumps([previous, number, *parts], ensure_ascii=False, separators=(",", ":"))
        own = sha256(content.encode()).hexdigest()
        chained.append({"former": former, "number": number, "previous": previous, "own": own})
        previous = own
    if chained:  # numbers only go down, one after the other, so none is taken twice
        connection.execute(
            sqlalchemy.text(
                "update landing.exchange_log set exchange_id = :number, previous_hash = :previous, row_hash = :own "
                "where exchange_id = :former"
            ),
            chained,
        )


def upgrade() -> None:
    for statement in BEFORE:
        op.execute(statement)
    op.execute("alter table landing.exchange_log disable trigger exchange_log_append_only")
    _chain(op.get_bind())
    op.execute("alter table landing.exchange_log enable trigger exchange_log_append_only")
    for statement in AFTER:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
