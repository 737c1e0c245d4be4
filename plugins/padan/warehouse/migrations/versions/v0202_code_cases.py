"""Codes whose mapping is wrong are cases of the ledger too: R- instead of K-, a code where there is a person else."""

from alembic import op

revision = "0202"
down_revision = "0201"

STATEMENTS = (
    """
    alter table ledger.event
        drop constraint event_case_id_check,
        add constraint event_case_id_check check (case_id ~ '^[KR]-[0-9A-F]{12}$')
    """,
    """
    create view ledger.code_case as
    select case_id, state, due_on from ledger.difference_case where starts_with(case_id, 'R-')
    """,
    "comment on view ledger.code_case is 'One row per case of a code; nothing of a person.'",
    "grant usage on schema ledger to reference",
    "grant select on ledger.code_case to reference, transformer",
    """
    comment on column ledger.event.case_id is
        'K- a person-pair and attribute; R- a code: asn_key holds agency|list|code, attribute whose codes they are.'
    """,
    """
    comment on table ledger.difference_case is
        'One row per person-pair and attribute, or code, that ever differed: fold of its events, by the event trigger.'
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
