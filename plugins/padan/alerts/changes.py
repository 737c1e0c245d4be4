"""What became of each case since its party was last told, as one temporary table that every count is taken from."""

from __future__ import annotations

from datetime import date

from padan.agreement.model import PartyCode
from padan.warehouse.connection import Connection

# Asked alike of cases of people and of codes; a case of a code has no agency.
_SNOOZE = """
select from alerts.snooze
    where
        snooze.starts_on <= %(as_of)s
        and least(snooze.until, snooze.ended_on - 1) >= %(as_of)s
        and coalesce(snooze.party = %(party)s, true)
        and coalesce(snooze.case_id = {row}.case_id, true)
        and coalesce(snooze.attribute = {row}.attribute, snooze.attribute is null)
        and coalesce(snooze.instansi_id = {row}.instansi_id, snooze.instansi_id is null)
"""
_DELAY = """
coalesce((
        select min(escalation.as_of) from alerts.escalation
        where
            escalation.party = %(party)s and escalation.case_id = {row}.case_id and escalation.level = 1
            and escalation.opened_on = {row}.term_set_on
    ), 'infinity'::date) as delay_told_on
"""
# Announced: what the party was told last. The ledger knows of waivers, terms and reopenings; snoozes silence all of it.
_CASES = f"""
    create temporary table digest_case on commit drop as
    with present as (
        select case_id, attribute, instansi_id, instansi_name, severity, verdict, value_fingerprint
        from marts_reconciliation.fct_differences
        where owner_party in (%(party)s, 'both')
    ),
    announced as (
        select case_id, attribute, instansi_id, instansi_name, verdict, value_fingerprint, times_reopened, state
        from alerts.announced_case
        where party = %(party)s
    ),
    joined as (
        select
            case_id,
            coalesce(present.attribute, announced.attribute) as attribute,
            coalesce(present.instansi_id, announced.instansi_id) as instansi_id,
            coalesce(present.instansi_name, announced.instansi_name) as instansi_name,
            coalesce(present.verdict, announced.verdict) as verdict,
            present.severity,
            present.value_fingerprint,
            present.case_id is not null as is_present,
            announced.state as announced_state,
            announced.value_fingerprint as announced_fingerprint,
            announced.times_reopened as announced_times_reopened,
            known.state as ledger_state,
            known.due_on,
            known.last_opened_on,
            known.calendar_due_on,
            known.term_set_on,
            known.paused_on,
            coalesce(known.times_reopened, 0) as times_reopened
        from present
        full join announced using (case_id)
        left join ledger.difference_case as known using (case_id)
        where present.case_id is not null or announced.state = 'open'
    ),
    judged as (
        select
            joined.*,
            case
                when exists (
                    {_SNOOZE.format(row="joined")}
                ) then 'snoozed'
                when not is_present then 'mended'
                when ledger_state = 'waived' then 'waived'
                when announced_state is null then 'new'
                when announced_state = 'mended' or times_reopened > announced_times_reopened then 'reopened'
                when announced_fingerprint <> value_fingerprint then 'changed'
                else 'still_open'
            end as change
        from joined
    )
    select
        *,
        change in ('new', 'reopened', 'changed', 'still_open') as is_open,
        change in ('new', 'reopened', 'changed', 'still_open')
            and ledger_state <> 'resolved' and paused_on is null and coalesce(due_on < %(as_of)s, false)
            as is_overdue,
        {_DELAY.format(row="judged")}
    from judged
"""  # noqa: S608 - constants above
# Codes whose mapping is wrong (R-), by the ledger alone: what the party was told last is what its last digest counted.
_CODES = f"""
    create temporary table digest_code on commit drop as
    with last as (
        select coalesce(max(as_of), '-infinity') as told_on
        from alerts.digest where party = %(party)s and kind = 'digest'
    )
    select
        case_id, attribute, severity, state, times_reopened, last_opened_on, resolved_on, due_on, term_set_on, told_on,
        state not in ('resolved', 'waived') as is_open,
        state not in ('resolved', 'waived') and paused_on is null and due_on < %(as_of)s as is_overdue,
        {_DELAY.format(row="known")}
    from ledger.difference_case as known
    cross join last
    where
        starts_with(case_id, 'R-') and owner_party in (%(party)s, 'both')
        and not exists (
            {_SNOOZE.format(row="known")}
        )
"""  # noqa: S608 - constants above


def find(connection: Connection, party: PartyCode, as_of: date) -> None:
    """Make the temporary table ``digest_case``: one row per case that concerns ``party``, with its ``change``.

    And ``digest_code``: one row per case of a code that the party has to mend, or had, unless it is snoozed.

    The connection must be in a transaction, at whose end the table is gone. Changes: ``new``, ``reopened`` (mended and
    back, or reopened by the ledger), ``changed`` (other values, still apart), ``still_open``, ``mended``, ``waived``,
    ``snoozed``.
    """
    connection.execute("drop table if exists digest_case, digest_code")
    connection.execute(_CASES.encode(), {"party": party, "as_of": as_of})
    connection.execute(_CODES.encode(), {"party": party, "as_of": as_of})


def announce(connection: Connection, party: PartyCode, digest_id: str, as_of: date) -> None:
    """Record, in the transaction of :func:`find`, that ``digest_id`` tells ``party`` of what changed."""
    words = {"party": party, "digest_id": digest_id, "as_of": as_of}
    connection.execute(
        """
        insert into alerts.announced_case as announced (
            party, case_id, value_fingerprint, digest_id, state, attribute, instansi_id, instansi_name, verdict,
            times_reopened
        )
        select %(party)s, case_id, value_fingerprint, %(digest_id)s, 'open', attribute, instansi_id, instansi_name,
            verdict, times_reopened
        from digest_case where change in ('new', 'reopened', 'changed')
        on conflict (party, case_id) do update set
            value_fingerprint = excluded.value_fingerprint, digest_id = excluded.digest_id, state = 'open',
            attribute = excluded.attribute, instansi_id = excluded.instansi_id,
            instansi_name = excluded.instansi_name, verdict = excluded.verdict,
            times_reopened = excluded.times_reopened
        """,
        words,
    )
    connection.execute(
        """
        update alerts.announced_case as announced set state = 'mended', digest_id = %(digest_id)s
        from digest_case
        where announced.party = %(party)s and announced.case_id = digest_case.case_id and digest_case.change = 'mended'
        """,
        words,
    )
    connection.execute(
        """
        insert into alerts.escalation (party, case_id, level, opened_on, as_of, digest_id)
        select %(party)s, case_id, 1, term_set_on, %(as_of)s, %(digest_id)s
        from (
            select case_id, term_set_on, is_overdue, delay_told_on from digest_case
            union all select case_id, term_set_on, is_overdue, delay_told_on from digest_code
        ) as told
        where is_overdue and delay_told_on = 'infinity'
        """,
        words,
    )
