"""What the step link_people finds: pairs that no exact key settles, and those that wait for a person."""

from alembic import op

revision = "0180"
down_revision = "0170"

TABLES = """
create schema if not exists matching;

create table matching.person_pair (
    person_id_bkn text primary key,
    holder_id text not null unique,
    tier text not null,
    score numeric(7, 6) not null check (score between 0 and 1),
    evidence text not null
);
comment on table matching.person_pair is
    'One row per pair of the latest run that no exact key settles, one-to-one; rewritten only where it changed.';
comment on column matching.person_pair.evidence is 'What agreed and how, without any value.';

create table matching.review_pair (
    person_id_bkn text not null,
    holder_id text not null,
    tier text not null,
    score numeric(7, 6) not null check (score between 0 and 1),
    evidence text not null,
    reason text not null check (reason in ('uncertain', 'fits_several', 'suspected_duplicate')),
    primary key (person_id_bkn, holder_id)
);
comment on table matching.review_pair is
    'One row per uncertain pair of the latest run, for a person to decide in dbt_project/seeds/matching_decisions.csv.';
comment on column matching.review_pair.reason is
    'uncertain: the score is below what is accepted; fits_several: another fits about as well; '
    'suspected_duplicate: one of the two is matched already.';

grant usage on schema matching to transformer;
grant select, insert, update, delete on all tables in schema matching to transformer;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
