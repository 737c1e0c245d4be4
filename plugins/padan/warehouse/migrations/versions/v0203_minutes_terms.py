"""The papers take owner, first sight, due date and escalation of a case from the ledger; a code may be snoozed."""

from alembic import op

revision = "0203"
down_revision = "0202"

STATEMENTS = (
    "grant usage on schema ledger to minutes",
    "grant select on ledger.event, ledger.run to minutes",
    "alter table alerts.snooze drop constraint snooze_case_id_check, "
    "add constraint snooze_case_id_check check (case_id ~ '^[KR]-[0-9A-F]{12}$')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
