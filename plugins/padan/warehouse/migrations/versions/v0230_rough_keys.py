"""Rough keys of everybody, so that a day's matching looks through numbers, not names (padan.matching.rough)."""

from alembic import op

revision = "0230"
down_revision = "0220"

_TABLE = """
    create table matching.rough_key_{side} (
        unique_id text not null,
        birth_date_initial integer,
        birth_date_place integer,
        name_birth_year integer,
        name_place integer
    )
"""
_COMMENT = """
    comment on table matching.rough_key_{side} is
        'One row per person of {agency} in staging, where a side has so many that not all come into memory: hashes '
        'of what the keys of the tiers are made of, roughly spelt; null where a part is missing. No key of its own: '
        'it is read from end to end.'
"""
_GRANT = "grant select, insert, delete, truncate, maintain on matching.rough_key_{side} to transformer"
STATEMENTS = (
    *(
        statement.format(side=side, agency=agency)
        for side, agency in (("bkn", "BKN"), ("bps", "BPS"))
        for statement in (_TABLE, _COMMENT, _GRANT)
    ),
    """
    create table matching.rough_keys_made (
        only_row boolean primary key default true check (only_row),
        made_by text not null,
        taken bigint not null
    )
    """,
    """
    comment on table matching.rough_keys_made is
        'By what code the rough keys were made, and up to which changes (landing.build.taken).'
    """,
    "grant select, insert, update, delete on matching.rough_keys_made to transformer",
)


def upgrade() -> None:
    op.execute("set local role owner")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
