"""What the agreement gives cause to tell the liaison units, each told once."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    """
    create table alerts.letter (
        key text not null,
        party text not null check (party in ('bkn', 'bps')),
        as_of date not null,
        state text not null default 'pending' check (state in ('pending', 'sent')),
        subject text not null,
        body_text text not null,
        created_at timestamptz not null,
        sent_at timestamptz,
        primary key (key, party)
    )
    """,
    """
    comment on table alerts.letter is
        'One row per stop of the exchange, or notice that is due, and party: told once, made before it is sent.'
    """,
    "comment on column alerts.letter.key is 'The same on every day of one stop or one notice.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
