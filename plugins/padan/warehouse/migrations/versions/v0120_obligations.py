"""How the agreement's duties stand, and who was reminded of which."""

from alembic import op

revision = "0120"
down_revision = "0110"

STATEMENTS = (
    "create schema obligations",
    """
    create table obligations.standing (
        obligation text not null,
        party text not null check (party in ('bkn', 'bps')),
        period text not null,
        as_of date not null,
        cites text[] not null,
        duty text not null,
        kind text not null check (kind in ('continuous', 'periodic', 'on_event')),
        since date not null,
        due_on date,
        state text not null check (state in ('met', 'open', 'late', 'no_event')),
        evidence_count bigint not null,
        evidence_on date,
        evidence text not null,
        primary key (obligation, party, period)
    )
    """,
    """
    comment on table obligations.standing is
        'One row per duty, party and period that is current, was due lately or is late, as of the latest review.'
    """,
    """
    create table obligations.reminder (
        obligation text not null,
        party text not null check (party in ('bkn', 'bps')),
        due_on date not null,
        told_on date not null,
        letter_key text not null,
        primary key (obligation, party, due_on),
        foreign key (letter_key, party) references alerts.letter (key, party)
    )
    """,
    "comment on table obligations.reminder is 'One row per duty, party and due date that the unit was reminded of.'",
    "grant usage on schema obligations to transformer, auditor",
    "grant select on obligations.standing to transformer, auditor",
    "grant select on obligations.reminder to auditor",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
