"""The refresh plan: whom to ask SIASN about when a day's calls do not suffice for everybody.

BKN publishes no limit, yet may set one: 20,000 people are 100,000 calls. A limited budget goes where it tells most: to
people never asked about, to those whom BPS or the portal export changed since, to those with an open case that BKN may
have mended; a fifth of it always goes to whoever was asked longest ago, so that nobody is forgotten.
"""

from __future__ import annotations

import logging
from typing import LiteralString

from psycopg import sql

from padan.landing.extracts import Work
from padan.landing.scope import HOLDERS, PORTAL_EXPORT
from padan.warehouse.connection import Connection
from padan.warehouse.raw_tables import raw_table, staged_table

logger = logging.getLogger(__name__)
_SHARE_FOR_THE_OLDEST = 0.2

# A call is counted when it was made, also one that failed; whoever was begun with in this extract is finished.
_CALLS_OF_THE_DAY: LiteralString = (
    "select count(*) from landing.exchange_log inner join landing.extract using (extract_id) "
    "where extract.as_of = %(as_of)s and exchange_log.dataset = any(%(datasets)s)"
)
_PLAN: LiteralString = """
with answered as (
    select distinct unit as nip
    from landing.checkpoint
    where extract_id = %(extract)s and dataset = any(%(datasets)s)
),
candidate as (
    select
        roster.nip,
        person_asked.asked_on,
        case
            when person_asked.asked_on is null then 1
            when holders._as_of > person_asked.asked_on then 2
            when export._row_hash is distinct from staged_export._row_hash then 2
            when person_hint.nip is not null then 3
        end as urgency
    from landing.roster
    left join landing.person_asked on roster.nip = person_asked.nip
    left join landing.person_hint on roster.nip = person_hint.nip
    left join (select nip_bps, max(_as_of) as _as_of from {holders} group by nip_bps) as holders
        on roster.nip = holders.nip_bps
    left join {export} as export on roster.nip = export.nip_baru
    left join {staged_export} as staged_export on roster.nip = staged_export.nip_baru
    where roster.extract_id = %(extract)s and roster.nip not in (select nip from answered)
),
urgent as (
    select nip
    from candidate
    where urgency is not null
    order by urgency, asked_on nulls first, nip
    limit %(people)s - %(for_the_oldest)s
),
oldest as (
    select nip
    from candidate
    where nip not in (select nip from urgent)
    order by asked_on nulls first, urgency nulls last, nip
    limit %(people)s - (select count(*) from urgent)
)
update landing.roster set asked = false
where extract_id = %(extract)s and nip not in (
    select nip from answered union all select nip from urgent union all select nip from oldest
)
"""
_NOTE_ASKED: LiteralString = """
with gone as (
    delete from landing.person_asked
    where nip not in (select nip from landing.roster where extract_id = %(extract)s)
)
insert into landing.person_asked (nip, asked_on)
select nip, %(as_of)s from landing.roster where extract_id = %(extract)s and asked
on conflict (nip) do update set asked_on = excluded.asked_on where person_asked.asked_on <> excluded.asked_on
"""
_COUNT: LiteralString = """
update landing.extract set (people_asked, people_carried, oldest_asked_on) = (
    select count(*) filter (where roster.asked), count(*) filter (where not roster.asked), min(person_asked.asked_on)
    from landing.roster
    left join landing.person_asked on roster.nip = person_asked.nip
    where roster.extract_id = %(extract)s
)
where extract_id = %(extract)s
"""


def plan(work: Work, daily_calls: int | None) -> None:
    """Mark whom of the roster to ask about; everybody where ``daily_calls`` (calls about people in one day) is None.

    Made once per roster: a run that goes on after a crash keeps it. The budget is of the logical date, whichever
    extract spent it; retries of a planned call may exceed it.
    """
    if daily_calls is None:
        return
    datasets = [dataset.name for dataset in work.datasets("per_key")]
    key = {"extract": work.extract.extract_id, "as_of": work.extract.as_of, "datasets": datasets}
    row = work.connection.execute(_CALLS_OF_THE_DAY, key).fetchone()
    people = max(0, daily_calls - (row[0] if row else 0)) // len(datasets)
    export = work.dataset(PORTAL_EXPORT)
    carried = work.connection.execute(
        sql.SQL(_PLAN).format(
            holders=raw_table(work.agreement.dataset("bps", HOLDERS)),
            export=raw_table(export),
            staged_export=staged_table(export),
        ),
        {**key, "people": people, "for_the_oldest": int(people * _SHARE_FOR_THE_OLDEST)},
    ).rowcount
    if carried:
        logger.info(
            "bkn: %d calls a day are allowed (PADAN_SIASN_DAILY_CALLS): %d people wait for a later day",
            daily_calls,
            carried,
        )


def note_asked(work: Work) -> None:
    """Remember who was asked about in this extract, and count them. Runs inside the publication's transaction."""
    key = {"extract": work.extract.extract_id, "as_of": work.extract.as_of}
    work.connection.execute(_NOTE_ASKED, key)
    work.connection.execute(_COUNT, key)


def hint(connection: Connection) -> int:
    """Take from the ledger who has a case that BKN may have mended; return how many there are.

    Runs after the ledger took in a day's differences. A person's NIP comes from raw, by the id that the case's person
    has at BKN; people of whom BKN knows nothing need no hint.
    """
    with connection.transaction():
        connection.execute("delete from landing.person_hint")
        # Of millions, lookups one by one wait for the disk; among thousands it makes no difference.
        connection.execute("set local enable_nestloop = off")
        return connection.execute(_HINT).rowcount


_HINT: LiteralString = """
insert into landing.person_hint (nip)
select distinct data_utama._nip
from ledger.difference_case
inner join integration.int_matching__people as people on difference_case.asn_key = people.asn_key
inner join raw_bkn.data_utama on people.person_id_bkn = data_utama.id
where difference_case.owner_party in ('bkn', 'both') and difference_case.state not in ('resolved', 'waived')
"""
