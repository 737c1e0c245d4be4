"""Published lists of codes as imported, and what was delivered of the codes to which agency."""

from alembic import op

revision = "0170"
down_revision = "0150"

TABLES = """
create schema code_lists;

create table code_lists.import (
    import_id bigint generated always as identity primary key,
    as_of date not null,
    agency text not null check (agency in ('bkn', 'bps')),
    list_name text not null,
    file_name text not null,
    sha256 text not null check (sha256 ~ '^([0-9a-f]{64})?$'),
    encoding text not null,
    rows bigint not null,
    imported bigint not null,
    failure text,
    recorded_at timestamptz not null default now()
);
comment on table code_lists.import is
    'One row per file of a published list that was imported or refused; the same file again adds none.';
comment on column code_lists.import.sha256 is 'Of the unpacked bytes; empty where they could not be unpacked.';
comment on column code_lists.import.failure is 'Rule that the whole file broke; null where its rows were taken.';

create table code_lists.published_code (
    agency text not null check (agency in ('bkn', 'bps')),
    list_name text not null,
    code text not null,
    valid_from date not null,
    valid_to date check (valid_to > valid_from),
    code_name text not null,
    belongs_to text,
    status text,
    import_id bigint not null references code_lists.import,
    primary key (agency, list_name, code, valid_from)
);
create unique index one_version_of_a_code_stands on code_lists.published_code (agency, list_name, code)
    where valid_to is null;
comment on table code_lists.published_code is
    'One row per agency, list, code and version as published: from the file that brought it to the one that ends it.';
comment on column code_lists.published_code.valid_to is 'First day on which it no longer stood; null while it stands.';

create table code_lists.finding (
    import_id bigint not null references code_lists.import,
    row_number bigint not null,
    rule text not null,
    is_quarantined boolean not null,
    code text,
    primary key (import_id, row_number, rule)
);
comment on table code_lists.finding is
    'One row per row of a file and rule that it broke: quarantined, or imported though odd. No content but the code.';

create table code_lists.delivery (
    delivery_id text primary key,
    as_of date not null,
    since date,
    obligation text not null,
    owed_by text not null check (owed_by in ('bkn', 'bps')),
    recipient_party text not null check (recipient_party in ('bkn', 'bps') and recipient_party <> owed_by),
    lists bigint not null,
    codes bigint not null,
    changes bigint not null,
    manifest_sha256 text not null check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default now()
);
comment on table code_lists.delivery is
    'One row per delivery of one agency''s codes to the other: evidence for reference_codes_delivered. Append-only.';
comment on column code_lists.delivery.since is 'Day of the delivery before; changes since are in it. Null: the first.';

create function code_lists.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'code_lists.delivery is append-only';
end $$;
create trigger append_only before update or delete or truncate on code_lists.delivery
    for each statement execute function code_lists.refuse_change();
"""
GRANTS = """
grant usage on schema code_lists to loader, auditor;
grant select, insert on all tables in schema code_lists to loader;
grant update, delete on code_lists.published_code to loader;
grant select on all tables in schema code_lists to auditor;
"""


def upgrade() -> None:
    for statements in (TABLES, GRANTS):
        op.execute(statements.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
