"""Take the differences of a run into the ledger: one statement for what the data say, one for what is overdue."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import psycopg

from padan.agreement.clauses import Suspension
from padan.agreement.pauses import Pauses
from padan.agreement.working_days import after
from padan.errors import StepFailed
from padan.warehouse.connection import Connection, exclusive

logger = logging.getLogger(__name__)
LOCK = "ledger"

# A case closes because both sides agree, or because the person or the attribute is no longer compared: never because
# a row is missing while its verdict still says that they differ. A code's case (R-) closes when the mart has it no
# longer: whatever mends the mapping takes it from there.
_OBSERVE = """
    with present as (
        select case_id, asn_key, attribute, verdict, severity, owner_party, instansi_id, value_fingerprint
        from marts_reconciliation.fct_differences
        union all
        select
            case_id,
            concat_ws('|', agency, list_name, code),
            attribute,
            case issue
                when 'unmapped' then 'only_in_' || agency
                when 'not_listed' then 'not_comparable'
                else 'modified'
            end,
            severity,
            owner_party,
            null,
            encode(sha256(convert_to(case_id || issue, 'UTF8')), 'hex')
        from marts_reference.fct_reference_differences
    ),
    missed as materialized (
        select case_id, asn_key, attribute
        from ledger.difference_case as known
        where known.state <> 'resolved' and not exists (select from present where present.case_id = known.case_id)
    ),
    -- Looked up case by case through the index of its person: the view has a row per person and attribute.
    gone as materialized (
        select missed.case_id, verdicts.verdict
        from missed
        left join lateral (
            select verdict
            from integration.int_comparison__verdicts as verdicts
            where verdicts.asn_key = missed.asn_key and verdicts.attribute = missed.attribute
            offset 0
        ) as verdicts on true
    ),
    compared as (
        select
            present.*,
            coalesce(present.case_id, known.case_id) as observed_case_id,
            case
                when known.case_id is null then 'opened'
                when present.case_id is null and known.state = 'resolved' then null
                when present.case_id is null and coalesce(gone.verdict, 'identical') = 'identical' then 'resolved'
                when present.case_id is null then null
                when known.state = 'resolved' then 'reopened'
                when known.state in ('disputed', 'waived') and known.value_fingerprint <> present.value_fingerprint
                    then 'reopened'
                when known.state = 'waived' and known.waived_until < %(as_of)s then 'reopened'
                when known.value_fingerprint <> present.value_fingerprint then 'changed'
                when
                    (known.owner_party, known.severity, known.instansi_id)
                    is distinct from (present.owner_party, present.severity, present.instansi_id)
                    then 'reassigned'
            end as kind,
            case
                when present.case_id is null and gone.verdict is null and starts_with(known.case_id, 'K-')
                    then 'no_longer_compared'
                when present.case_id is null then 'agreed'
                when known.state = 'resolved' then 'differs_again'
                when known.value_fingerprint <> present.value_fingerprint then 'values_changed'
                when known.state = 'waived' then 'waiver_ended'
            end as reason
        from present
        full join ledger.difference_case as known on present.case_id = known.case_id
        left join gone on known.case_id = gone.case_id
    )
    insert into ledger.event
        (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party, instansi_id,
            value_fingerprint, due_on, reason)
    select
        observed_case_id,
        %(as_of)s,
        kind,
        'data',
        case when kind = 'opened' then asn_key end,
        case when kind = 'opened' then attribute end,
        verdict,
        severity,
        owner_party,
        instansi_id,
        value_fingerprint,
        case
            when kind in ('opened', 'reopened')
                then case severity when 'critical' then %(critical_due_on)s::date else %(warning_due_on)s::date end
        end,
        case when kind in ('resolved', 'reopened') then reason end
    from compared
    where kind is not null
    order by observed_case_id
"""
_TERMS = """
    select distinct last_opened_on, calendar_due_on from ledger.difference_case where state <> 'resolved'
"""
# By the suspensions as they are recorded now: one that is mended in the agreement file mends the terms.
_SUSPEND = """
    insert into ledger.event (case_id, as_of, kind, actor, due_on, reason)
    select
        known.case_id,
        %(as_of)s,
        case when term.stands_still then 'paused' else 'rescheduled' end,
        'agreement',
        case when not term.stands_still then term.due_on end,
        'suspension'
    from ledger.difference_case as known
    inner join
        unnest(%(opened)s::date[], %(calendar_due)s::date[], %(due)s::date[], %(still)s::boolean[])
            as term (opened_on, calendar_due_on, due_on, stands_still)
        on known.last_opened_on = term.opened_on and known.calendar_due_on = term.calendar_due_on
    where
        known.state <> 'resolved'
        and case
            when term.stands_still then known.paused_on is null
            else known.paused_on is not null or known.due_on <> term.due_on
        end
    order by known.case_id
"""
_ESCALATE = """
    insert into ledger.event (case_id, as_of, kind, actor)
    select case_id, %(as_of)s, 'escalated', 'data'
    from ledger.difference_case
    where
        state not in ('resolved', 'waived')
        and due_on < %(as_of)s and paused_on is null and escalated_on is null
    order by case_id
"""
_COUNT_ATTRIBUTES = """
    insert into ledger.attribute_count (as_of, attribute, pairs, modified)
    select %(as_of)s, attribute, sum(pairs), sum(modified)
    from integration.int_comparison__attribute_by_instansi
    group by attribute
    on conflict (as_of, attribute) do update set pairs = excluded.pairs, modified = excluded.modified
    where (attribute_count.pairs, attribute_count.modified) is distinct from (excluded.pairs, excluded.modified)
"""
_KINDS = """
    select kind, count(*) from ledger.event where event_id > %s group by kind order by kind
"""
_FOLD = "select * from ledger.fold(array(select distinct case_id from ledger.event))"
_REBUILD = f"""
    with folded as materialized (
        {_FOLD}
    ),
    wrong as (
        select case_id from (table ledger.difference_case except table folded) as stored
        union
        select case_id from (table folded except table ledger.difference_case) as due
    ),
    removed as (
        delete from ledger.difference_case where case_id in (select case_id from wrong) returning case_id
    )
    select count(*), (select count(*) from removed) from wrong
"""  # noqa: S608 - the constant above""


@dataclass(frozen=True, slots=True)
class LedgerUpdate:
    """What one run did to the ledger."""

    as_of: date
    late: bool
    """An earlier logical date than one already taken in: nothing was changed."""
    events: dict[str, int] = field(default_factory=dict)
    """Kind of event: how many."""


def _suspend(connection: Connection, as_of: date, pauses: Pauses) -> None:
    """Let the terms stand still or move as the suspensions of the agreement want it."""
    terms = connection.execute(_TERMS).fetchall()
    moved = [pauses.moved(opened, due) for opened, due in terms]
    connection.execute(
        _SUSPEND,
        {
            "as_of": as_of,
            "opened": [opened for opened, _ in terms],
            "calendar_due": [due for _, due in terms],
            "due": moved,
            "still": [pauses.standing_still(due) for due in moved],
        },
    )


def update(
    connection: Connection,
    as_of: date,
    *,
    critical_term: int,
    warning_term: int,
    suspensions: Iterable[Suspension] = (),
) -> LedgerUpdate:
    """Take in the differences that the marts hold for ``as_of``; the same differences again add nothing.

    ``critical_term`` and ``warning_term`` are the working days that the owner of a case has; days within one of the
    agreement's ``suspensions`` do not count (article 10). A date before the newest one taken in is late: the marts no
    longer tell of that day, so nothing is changed.

    Raises:
        StepFailed: the marts are not there yet, or another run holds the ledger.
    """
    terms = {
        "as_of": as_of,
        "critical_due_on": after(as_of, critical_term).day,
        "warning_due_on": after(as_of, warning_term).day,
    }
    try:
        with exclusive(connection, LOCK), connection.transaction():
            row = connection.execute(
                "select (select max(as_of) from ledger.run), (select coalesce(max(event_id), 0) from ledger.event)"
            ).fetchone()
            newest, before = row if row else (None, 0)
            if newest is not None and as_of < newest:
                logger.warning("the ledger holds a later day than %s: nothing is changed", as_of)
                return LedgerUpdate(as_of, late=True)
            connection.execute("insert into ledger.run (as_of) values (%s) on conflict do nothing", (as_of,))
            connection.execute(_OBSERVE, terms)
            _suspend(connection, as_of, Pauses.known_on(suspensions, as_of))
            connection.execute(_ESCALATE, terms)
            connection.execute(_COUNT_ATTRIBUTES, terms)
            return LedgerUpdate(as_of, late=False, events=dict(connection.execute(_KINDS, (before,)).fetchall()))
    except psycopg.errors.UndefinedTable:
        raise StepFailed("the marts are not built yet; the ledger has nothing to take in") from None


def rebuild(connection: Connection) -> int:
    """Make every case anew from its events where it reads otherwise; return how many did (0 in a sound ledger).

    Raises:
        StepFailed: another run holds the ledger.
    """
    with exclusive(connection, LOCK), connection.transaction():
        row = connection.execute(_REBUILD).fetchone()
        connection.execute(f"insert into ledger.difference_case {_FOLD} on conflict (case_id) do nothing")
        return int(row[0]) if row else 0
