"""Landing's bookkeeping, the verdicts, the digests, the schemas of raw data and the reading roles."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = ("landing", "raw_bkn", "raw_bps", "quality", "alerts")
ROLES = ("bi_reader", "liaison")

LANDING = """
create table landing.extract (
    extract_id bigint generated always as identity primary key,
    party text not null check (party in ('bkn', 'bps')),
    as_of date not null,
    agreement_sha256 text not null,
    opened_at timestamptz not null default now(),
    ended_at timestamptz,
    state text not null default 'open' check (state in ('open', 'published', 'stopped', 'failed', 'abandoned')),
    reason text
);
create unique index extract_one_open_per_party on landing.extract (party) where state = 'open';
comment on table landing.extract is
    'One row per extract of one party: what is open, published, or ended otherwise and why.';

create table landing.extract_dataset (
    extract_id bigint not null references landing.extract,
    dataset text not null,
    mode text not null check (mode in ('full', 'incremental', 'per_key')),
    since text,
    extracted bigint not null default 0,
    landed bigint,
    quarantined bigint not null default 0,
    out_of_scope bigint not null default 0,
    tombstones bigint not null default 0,
    unchanged bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    source_total bigint,
    not_held bigint,
    watermark text,
    next_start bigint,
    archive_files bigint not null default 0,
    note text,
    completed_at timestamptz,
    primary key (extract_id, dataset),
    constraint extracted_is_landed_and_quarantined check (landed is null or extracted = landed + quarantined)
);
comment on table landing.extract_dataset is
    'One row per extract and dataset. extracted = landed + quarantined; out_of_scope rows are counted, never stored.';
comment on column landing.extract_dataset.since is 'updated_since that was asked; null for a full extract.';
comment on column landing.extract_dataset.tombstones is 'Rows that the source reported as deleted.';
comment on column landing.extract_dataset.not_held is
    'Live rows of the source that raw does not hold: out of scope or quarantined.';
comment on column landing.extract_dataset.next_start is 'Where the next page of an unfinished list begins.';
comment on column landing.extract_dataset.watermark is 'Latest updated_at seen; the next updated_since.';

create table landing.checkpoint (
    extract_id bigint not null references landing.extract,
    dataset text not null,
    unit text not null,
    state text not null check (state in ('done', 'failed')),
    primary key (extract_id, dataset, unit)
);
comment on table landing.checkpoint is
    'One row per person that an open extract need not ask again for a dataset; emptied when the extract ends.';

create table landing.roster (
    extract_id bigint not null references landing.extract,
    nip text not null,
    primary key (extract_id, nip)
);
comment on table landing.roster is 'One row per person that an open extract asks about; emptied when the extract ends.';

create table landing.exchange_log (
    exchange_id bigint generated always as identity primary key,
    extract_id bigint references landing.extract,
    party text not null,
    endpoint text not null,
    dataset text not null,
    purpose text not null,
    attempt integer not null,
    status integer,
    error text,
    rows bigint,
    body_bytes bigint not null,
    body_sha256 text,
    started_at timestamptz not null,
    duration double precision not null
);
comment on table landing.exchange_log is
    'One row per request made to an agency, successful or not (PKS article 9). Append-only; endpoints are templates.';
comment on column landing.exchange_log.duration is 'Seconds.';

create table landing.quarantine (
    quarantine_id bigint generated always as identity primary key,
    extract_id bigint not null references landing.extract,
    as_of date not null,
    party text not null,
    dataset text not null,
    unit text,
    row_key text,
    field text,
    rule text not null,
    reason text not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null default now()
);
create index quarantine_by_extract on landing.quarantine (extract_id, dataset);
comment on table landing.quarantine is
    'One row per source row, or person asked, that could not be landed, and why. Agreed fields only.';
comment on column landing.quarantine.row_key is
    'Key columns joined by a vertical bar; null where the row has no usable key.';

create table landing.dropped_field (
    extract_id bigint not null references landing.extract,
    dataset text not null,
    field text not null,
    rows bigint not null,
    primary key (extract_id, dataset, field)
);
comment on table landing.dropped_field is
    'One row per extract, dataset and field that the source sent and the agreement does not list; the name only.';

create function landing.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'landing.exchange_log is append-only';
end $$;
create trigger exchange_log_append_only before update or delete on landing.exchange_log
    for each row execute function landing.refuse_change();
"""

QUALITY = """
create table quality.verdict (
    as_of date not null,
    suite text not null,
    expectation_id text not null,
    expectation_type text not null,
    schema_name text not null,
    table_name text not null,
    column_name text,
    severity text not null check (severity in ('critical', 'warning')),
    owner text not null,
    reason text not null,
    success boolean not null,
    unexpected_count bigint,
    element_count bigint,
    unexpected_share double precision,
    query text,
    recorded_at timestamptz not null default now(),
    primary key (as_of, suite, expectation_id)
);
comment on table quality.verdict is
    'One row per logical date, suite and expectation: its verdict. Counts only; query lists the cases.';
"""

ALERTS = """
create table alerts.digest (
    digest_id text primary key,
    party text not null check (party in ('bkn', 'bps')),
    as_of date not null,
    state text not null default 'pending' check (state in ('pending', 'sent')),
    subject text not null,
    new_cases bigint not null,
    mended_cases bigint not null,
    open_cases bigint not null,
    message_id text,
    sent_at timestamptz
);
comment on table alerts.digest is
    'One row per mail to a liaison unit, made before it is sent and marked when the server took it.';

create table alerts.announced_case (
    party text not null check (party in ('bkn', 'bps')),
    case_id text not null,
    value_fingerprint text not null,
    digest_id text not null references alerts.digest,
    state text not null default 'open' check (state in ('open', 'mended')),
    primary key (party, case_id)
);
comment on table alerts.announced_case is 'One row per difference that a party was told of, as it was last told.';
"""


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"create schema if not exists {schema}")
    for role in ROLES:
        # Roles belong to the server: another database's migration may make the same one at the same moment.
        op.execute(
            f"""do $$ begin
                if not exists (select from pg_roles where rolname = '{role}') then create role {role} nologin; end if;
            exception when duplicate_object or unique_violation then null;
            end $$"""
        )
    for statements in (LANDING, QUALITY, ALERTS):
        op.execute(statements.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
