"""The registry of the official papers: editions, their frozen inputs, decisions, documents, mails and evidence."""

from alembic import op

revision = "0040"
down_revision = "0030"

STATEMENTS = (
    "create schema if not exists minutes",
    """
    create table minutes.edition (
        edition_id bigint generated always as identity primary key,
        period text not null check (period ~ '^[0-9]{4}-S[12]$'),
        edition integer not null check (edition >= 1),
        cut date not null,
        state text not null default 'draft' check (state in ('draft', 'approved', 'rejected', 'published', 'replaced')),
        drafted_on date not null,
        manifest text not null,
        manifest_sha256 text not null,
        signed_on date not null,
        number text,
        evaluation_number text,
        approved_by text,
        created_at timestamptz not null default now(),
        published_at timestamptz,
        constraint published_has_numbers check (
            state <> 'published' or (number is not null and evaluation_number is not null)
        )
    )
    """,
    "create unique index edition_once on minutes.edition (period, edition) "
    "where state in ('draft', 'approved', 'published')",
    "create unique index edition_number on minutes.edition (number) where number is not null",
    "comment on table minutes.edition is "
    "'One row per draft of a semester''s papers and what became of it; at most one lives per period and edition.'",
    """
    create table minutes.frozen_input (
        edition_id bigint not null references minutes.edition,
        name text not null check (name in ('inputs', 'personal')),
        content text not null,
        sha256 text not null,
        primary key (edition_id, name)
    )
    """,
    "comment on table minutes.frozen_input is "
    "'One row per edition and part of what its papers count, as canonical JSON; personal holds the annexes'' columns.'",
    """
    create table minutes.document (
        edition_id bigint not null references minutes.edition,
        name text not null,
        kind text not null check (kind in ('berita_acara', 'evaluasi', 'lampiran', 'manifes')),
        sha256 text not null,
        bytes bigint not null,
        primary key (edition_id, name)
    )
    """,
    "comment on table minutes.document is 'One row per file of a published edition, and its SHA-256.'",
    """
    create table minutes.decision (
        decision_id bigint generated always as identity primary key,
        edition_id bigint not null references minutes.edition,
        decision text not null check (decision in ('drafted', 'approved', 'rejected', 'published', 'replaced')),
        decided_by text not null,
        reason text not null default '',
        as_of date not null,
        recorded_at timestamptz not null default now()
    )
    """,
    "comment on table minutes.decision is 'One row per decision on an edition, who took it and why. Append-only.'",
    "create trigger decision_append_only before update or delete on minutes.decision "
    "for each row execute function landing.refuse_change()",
    "create trigger frozen_input_append_only before update or delete on minutes.frozen_input "
    "for each row execute function landing.refuse_change()",
    "create trigger document_append_only before update or delete on minutes.document "
    "for each row execute function landing.refuse_change()",
    """
    create table minutes.mail (
        edition_id bigint not null references minutes.edition,
        party text not null check (party in ('bkn', 'bps')),
        state text not null default 'pending' check (state in ('pending', 'sent')),
        sent_at timestamptz,
        primary key (edition_id, party)
    )
    """,
    "comment on table minutes.mail is 'One row per published edition and liaison unit: whether it was told.'",
    """
    create table minutes.evidence (
        obligation text not null,
        period text not null,
        edition_id bigint not null references minutes.edition,
        number text not null,
        sha256 text not null,
        met_on date not null,
        primary key (obligation, period, edition_id)
    )
    """,
    "comment on table minutes.evidence is "
    "'One row per duty of the agreement (articles 3(2)d and 7), semester and edition that shows it was done.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    raise NotImplementedError("the warehouse is migrated forward only; restore a backup instead")
