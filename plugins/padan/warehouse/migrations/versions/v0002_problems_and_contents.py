"""What verdicts and digests carry for the people who read them."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    alter table quality.verdict
        add column stage text not null check (stage in ('raw', 'staging', 'comparison', 'marts')),
        add column label_id text,
        add column counted text,
        add column problem text
    """,
    "comment on column quality.verdict.label_id is 'The finding in Bahasa Indonesia, as its liaison unit reads it.'",
    "comment on column quality.verdict.counted is 'What the counts count, in Bahasa Indonesia, e.g. baris.'",
    """
    comment on column quality.verdict.problem is
        'Why it could not be evaluated; such a verdict never passes and stops publication.'
    """,
    """
    alter table alerts.digest
        add column body_text text not null,
        add column body_html text not null,
        add column created_at timestamptz not null
    """,
    """
    comment on column alerts.digest.body_text is
        'As sent, kept so that a resend is the same mail. Counts and case ids only.'
    """,
    "comment on column alerts.digest.created_at is 'The Date of the mail, also of a resend.'",
    """
    alter table alerts.announced_case
        add column attribute text not null,
        add column instansi_name text
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
