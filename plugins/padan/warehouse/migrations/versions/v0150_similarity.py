"""Similarity of names, for codes whose meaning changed and for mappings to suggest."""

from alembic import op

revision = "0150"
down_revision = "0140"


def upgrade() -> None:
    # An extension belongs to who makes it, and owner may not: as the login, like pgcrypto before it.
    op.execute("reset role")
    op.execute("create extension if not exists pg_trgm with schema public")
    op.execute("set local role owner")


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
