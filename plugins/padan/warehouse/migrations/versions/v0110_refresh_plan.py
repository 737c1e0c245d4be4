"""Whom SIASN is asked about when a day's calls do not suffice for everybody."""

from alembic import op

revision = "0110"
down_revision = "0050"

STATEMENTS = (
    "alter table landing.roster add column asked boolean not null default true",
    "comment on column landing.roster.asked is "
    "'False: the day''s calls do not suffice; what raw holds about the person stays as it is.'",
    """
    create table landing.person_asked (
        nip text primary key,
        asked_on date not null
    )
    """,
    "comment on table landing.person_asked is "
    "'One row per person of the roster that SIASN was asked about: the logical date of the latest time.'",
    """
    create table landing.person_hint (
        nip text primary key
    )
    """,
    "comment on table landing.person_hint is "
    "'One row per person with an open case that BKN may have mended: to be asked about sooner.'",
    "grant usage on schema landing to transformer",
    "grant select, insert, delete on landing.person_hint to transformer",
    "alter table landing.extract add column people_asked bigint, add column people_carried bigint, "
    "add column oldest_asked_on date",
    "comment on column landing.extract.people_carried is "
    "'People of the roster who were not asked about: raw holds what SIASN said before.'",
)


def upgrade() -> None:
    op.execute("set local role owner")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
