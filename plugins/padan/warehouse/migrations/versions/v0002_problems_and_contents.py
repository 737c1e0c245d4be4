"""Why an expectation could not be evaluated; what a pending digest says, so that a resend is the same mail."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("alter table quality.verdict add column problem text")
    op.execute(
        "comment on column quality.verdict.problem is "
        "'Why it could not be evaluated; such a verdict never passes and stops publication.'"
    )
    op.execute(
        """
        alter table alerts.digest
            add column body_text text not null default '',
            add column body_html text not null default '',
            add column created_at timestamptz not null default now()
        """
    )
    op.execute(
        "comment on column alerts.digest.body_text is "
        "'As sent, kept so that a resend is the same mail; counts and case ids only.'"
    )


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
