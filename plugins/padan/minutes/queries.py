"""Every question that the papers ask of the warehouse, in one place.

What became of a case, whose duty it is and until when is read from the events of the ledger up to the cut, which are
only ever added: asked again years later, they answer the same. The values of the differences open at the cut are proved
by dbt's snapshot (SCD2 on logical dates).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from padan.errors import StepFailed
from padan.warehouse.connection import Connection

Row = dict[str, Any]

MARTS_CUT = "select max(as_of) as cut from quality.verdict where stage = 'marts'"

PEOPLE = """
    select
        count(*) filter (where known_to in ('both', 'bkn')) as bkn,
        count(*) filter (where known_to in ('both', 'bps')) as bps,
        count(*) filter (where known_to = 'bkn') as only_bkn,
        count(*) filter (where known_to = 'bps') as only_bps
    from integration.int_matching__people
"""
TIERS = "select tier, count(*) as pairs from integration.int_matching__pairs group by tier order by pairs desc, tier"

VALUES = """
    select
        coalesce(sum(people), 0)::bigint as compared,
        coalesce(sum(people) filter (where verdict = 'identical'), 0)::bigint as identical
    from integration.int_comparison__verdict_counts where attribute <> 'presence'
"""

ATTRIBUTES = """
    with compared as (
        select attribute, sum(people)::bigint as compared
        from integration.int_comparison__verdict_counts group by attribute
    ),
    cases as (
        select
            attribute,
            count(*) filter (where verdict = 'modified') as modified,
            count(*) filter (where verdict = 'only_in_bkn') as only_bkn,
            count(*) filter (where verdict = 'only_in_bps') as only_bps,
            count(*) filter (where verdict = 'not_comparable') as not_comparable
        from frozen_case group by attribute
    )
    select
        registry.attribute,
        registry.label_id as label,
        registry.authority,
        registry.severity,
        coalesce(compared.compared, 0) as compared,
        coalesce(cases.modified, 0) as modified,
        coalesce(cases.only_bkn, 0) as only_bkn,
        coalesce(cases.only_bps, 0) as only_bps,
        coalesce(cases.not_comparable, 0) as not_comparable
    from reference.attribute_registry as registry
    left join compared using (attribute)
    left join cases using (attribute)
    order by
        coalesce(cases.modified + cases.only_bkn + cases.only_bps + cases.not_comparable, 0) desc, registry.attribute
"""

# One row per time that a case was open, from its opening, or from when the data differed again, to when they agreed: by
# the events of the ledger up to the end of the day %(cut)s. Its term is the last one set; due_on is its last day.
_LIVES = """
    told as (
        select
            event.*,
            min(attribute) over (partition by case_id) as known_attribute,
            count(*) filter (where kind = 'opened' or reason = 'differs_again')
                over (partition by case_id order by event_id) as life
        from ledger.event
        where as_of <= %(cut)s
    ),
    lives as (
        select
            case_id,
            known_attribute as attribute,
            life,
            min(as_of) as since,
            max(as_of) filter (where kind = 'resolved') as until,
            (array_agg(owner_party order by event_id desc) filter (where owner_party is not null))[1] as owner,
            (array_agg(severity order by event_id desc) filter (where severity is not null))[1] as severity,
            (array_agg(due_on order by event_id desc) filter (where due_on is not null))[1] as due_on,
            (array_agg(kind order by event_id desc)
                filter (where kind in ('opened', 'reopened', 'rescheduled', 'paused', 'escalated')))[1] as term,
            max(as_of) filter (where kind = 'escalated') as escalated_on,
            (array_agg(kind order by event_id desc)
                filter (where kind not in ('changed', 'reassigned', 'rescheduled', 'paused', 'escalated')))[1] as state
        from told group by case_id, known_attribute, life
    )
"""

# The cases of the papers: the marts' open differences, less those that a reviewed correction withdrew; owner, first
# sight and term by the ledger.
FROZEN_CASE = f"""
    create temporary table frozen_case on commit drop as
    with {_LIVES}
    select
        lives.case_id, lives.owner, lives.attribute, registry.label_id as label, differences.verdict, lives.severity,
        coalesce(differences.instansi_name, 'Instansi tidak dikenal') as agency,
        lives.since as first_seen,
        lives.due_on,
        lives.term = 'paused' as paused,
        case when lives.term = 'escalated' then lives.escalated_on end as escalated_on,
        case lives.state when 'opened' then 'open' else lives.state end as state
    from lives
    inner join marts_reconciliation.fct_differences as differences using (case_id)
    inner join reference.attribute_registry as registry on lives.attribute = registry.attribute
    where lives.until is null and not lives.case_id = any(%(withdrawn)s)
"""
CASES = "select * from frozen_case order by owner, agency, label, case_id"

AGENCIES = """
    select
        agency as name,
        count(*) filter (where owner = 'bps') as bps,
        count(*) filter (where owner = 'bkn') as bkn,
        count(*) filter (where owner = 'both') as both
    from frozen_case group by agency order by count(*) desc, agency
"""

PERSONAL = """
    select
        worklist.case_id,
        coalesce(worklist.nip, '') as nip,
        coalesce(worklist.nip_bps, '') as nip_bps,
        coalesce(worklist.name, '') as name,
        coalesce(worklist.bkn_value, '') as bkn_value,
        coalesce(worklist.bps_value, '') as bps_value
    from marts_reconciliation.rpt_difference_worklist as worklist
    inner join frozen_case using (case_id)
    order by worklist.case_id
"""

# One row per difference that was open at the end of the day %(cut)s.
_OPEN_AT = """
    select case_id, attribute, verdict, unusable_side, value_fingerprint, dbt_valid_from::date as since
    from snapshots.snap_comparison__differences
    where dbt_valid_from::date <= {day} and (dbt_valid_to is null or dbt_valid_to::date > {day})
"""
OPEN_AT_CUT = f"{_OPEN_AT.format(day='%(cut)s')} order by case_id"

# What the ledger said of the differences at the cut, without what people may still add on the same day.
LEDGER_AT_CUT = f"""
    with {_LIVES}
    select case_id, life, since, until, owner, severity, due_on, term from lives order by case_id, life
"""
OPEN_IN_LEDGER = f"with {_LIVES} select case_id from lives where until is null and starts_with(case_id, 'K-')"
LEDGER_DAYS = "select as_of from ledger.run where as_of = %(cut)s"

MOVEMENTS = f"""
    with {_LIVES},
    sides as (
        select
            case_id,
            (array_agg(owner order by life desc))[1] as owner,
            bool_or(since <= %(previous_cut)s and coalesce(until > %(previous_cut)s, true)) as was_open,
            bool_or(until is null) as is_open
        from lives
        where starts_with(case_id, 'K-') and not case_id = any(%(withdrawn)s)
        group by case_id
    )
    select
        owners.owner,
        count(*) filter (where was_open) as before,
        count(*) filter (where was_open and not is_open) as resolved,
        count(*) filter (where is_open and not was_open) as new
    from (values ('bps', 1), ('bkn', 2), ('both', 3)) as owners (owner, rank)
    left join sides using (owner)
    group by owners.owner, owners.rank order by owners.rank
"""

MONTHS = f"""
    with {_LIVES}
    select
        day,
        count(*) filter (
            where since <= day and coalesce(until > day, true)
            and starts_with(case_id, 'K-') and not case_id = any(%(withdrawn)s)
        ) as open
    from unnest(%(days)s::date[]) as day left join lives on true
    group by day order by day
"""

# A waived case and one whose term stands still are late for nobody.
DURATIONS = f"""
    with {_LIVES},
    counted as (
        select owner, severity, until, until - since as days, due_on,
            until is null and due_on < %(cut)s and term <> 'paused' and state <> 'waived' as overdue
        from lives
        where
            starts_with(case_id, 'K-') and not case_id = any(%(withdrawn)s)
            and coalesce(until > %(since)s, true)
    )
    select
        owner, severity,
        count(*) filter (where until is not null) as closed,
        count(*) filter (where until <= due_on) as closed_in_time,
        (percentile_disc(0.5) within group (order by days) filter (where until is not null))::int as median_days,
        (max(days) filter (where until is not null))::int as longest_days,
        count(*) filter (where overdue) as overdue_open
    from counted group by owner, severity order by array_position(array['bps', 'bkn', 'both'], owner), severity
"""

# Codes whose mapping is wrong, by who must mend them (cases R- of the ledger).
CODES_DUE = f"""
    with {_LIVES}
    select
        owner,
        count(*) as cases,
        min(due_on) as first_due,
        max(due_on) as last_due,
        count(*) filter (where due_on < %(cut)s and term <> 'paused' and state <> 'waived') as overdue
    from lives where until is null and starts_with(case_id, 'R-')
    group by owner order by array_position(array['bps', 'bkn', 'both'], owner)
"""

_EXTRACTS_OF_SEMESTER = "extract.as_of > %(since)s and extract.as_of <= %(cut)s and extract.state <> 'open'"

EXTRACTS = f"""
    select extract_id, party, as_of, state, agreement_sha256
    from landing.extract where {_EXTRACTS_OF_SEMESTER} order by extract_id
"""

# An exchange is an attempt; a request is answered when one of its attempts is: 2xx, or SIASN's 404 for no rows.
SERVICES = f"""
    with extracts as (select * from landing.extract where {_EXTRACTS_OF_SEMESTER}),
    exchanges as (
        select
            log.party,
            log.attempt,
            log.status between 200 and 299 or log.status = 404 as answered,
            log.status = 429 as throttled,
            log.duration
        from landing.exchange_log as log inner join extracts using (extract_id)
    ),
    asked as (
        select
            party,
            count(*) filter (where attempt = 1) as requests,
            count(*) filter (where answered) as answered,
            count(*) filter (where answered and attempt = 1) as first_time,
            count(*) filter (where throttled) as throttled,
            count(*) filter (where answered is not true and throttled is not true) as failed,
            round(1000 * percentile_disc(0.5) within group (order by duration))::int as median_ms,
            round(1000 * percentile_disc(0.95) within group (order by duration))::int as p95_ms
        from exchanges group by party
    ),
    published as (select distinct party, as_of from extracts where state = 'published'),
    -- From the semester's first day to its cut: the longest stretch without a published extract.
    gaps as (
        select party, max(as_of - coalesce(before, %(since)s::date)) as gap
        from (
            select party, as_of, lag(as_of) over (partition by party order by as_of) as before
            from (select * from published union select party, %(cut)s from unnest(array['bkn', 'bps']) as party) as days
        ) as followed group by party
    )
    select
        parties.party,
        coalesce(asked.requests, 0) as requests,
        coalesce(asked.answered, 0) as answered,
        coalesce(asked.first_time, 0) as first_time,
        coalesce(asked.throttled, 0) as throttled,
        coalesce(asked.failed, 0) as failed,
        asked.median_ms,
        asked.p95_ms,
        (select count(*) from extracts where extracts.party = parties.party) as extracts,
        (select count(*) from extracts where extracts.party = parties.party and state = 'published') as published,
        (select count(*) from published where published.party = parties.party) as days_published,
        coalesce(gaps.gap, 0) as longest_gap_days,
        (select max(as_of) from landing.extract where extract.party = parties.party and state = 'published'
            and as_of <= %(cut)s) as newest
    from (values ('bps'), ('bkn')) as parties (party)
    left join asked using (party)
    left join gaps using (party)
    order by parties.party desc
"""

VOLUMES = f"""
    select
        extract.party,
        dataset.dataset,
        count(*) as extracts,
        sum(dataset.extracted)::bigint as extracted,
        sum(dataset.landed)::bigint as landed,
        sum(dataset.quarantined)::bigint as quarantined,
        sum(dataset.out_of_scope)::bigint as out_of_scope,
        sum(
            coalesce(dataset.inserted, 0) + coalesce(dataset.updated, 0) + coalesce(dataset.deleted, 0)
        )::bigint as changed,
        dataset.dataset like 'ref\\_%%' or dataset.dataset = 'reference_codes' as codes
    from landing.extract inner join landing.extract_dataset as dataset using (extract_id)
    where {_EXTRACTS_OF_SEMESTER} and extract.state = 'published' and dataset.landed is not null
    group by extract.party, dataset.dataset order by extract.party desc, codes, dataset.dataset
"""

PROBLEMS = f"""
    select party, as_of, state, count(*) as extracts
    from landing.extract where {_EXTRACTS_OF_SEMESTER} and state <> 'published'
    group by party, as_of, state order by as_of, party desc, state
"""

QUALITY = """
    select
        stage,
        count(*) filter (where success) as passed,
        count(*) filter (where not success and severity = 'warning') as warnings,
        count(*) filter (where not success and severity = 'critical') as critical
    from quality.verdict where as_of = %(cut)s
    group by stage order by array_position(array['raw', 'staging', 'comparison', 'marts'], stage)
"""
VERDICTS = """
    select suite, expectation_id, severity, success, unexpected_count
    from quality.verdict where as_of = %(cut)s order by suite, expectation_id
"""

UNMAPPED = """
    select code_type, count(distinct bps_code) as codes, count(*) as uses
    from integration.int_comparison__unmapped_codes group by code_type order by code_type
"""

FINDINGS = """
    select side, dataset, field, rule, count(*) as count
    from marts_reconciliation.fct_findings group by side, dataset, field, rule
    order by side desc, dataset, field, rule
"""

# What can be asked again of the warehouse years later; each is hashed in the manifest.
LASTING = {
    "differences": OPEN_AT_CUT,
    "ledger": LEDGER_AT_CUT,
    "extracts": EXTRACTS,
    "volumes": VOLUMES,
    "verdicts": VERDICTS,
}


def ask(connection: Connection, query: str, values: Mapping[str, Any] | None = None) -> list[Row]:
    """Rows of a query as dictionaries.

    Raises:
        StepFailed: a table of the warehouse is not there yet.
    """
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query, values or {})
            return cursor.fetchall()
    except psycopg.errors.UndefinedTable:
        raise StepFailed("the marts are not built yet; there is nothing to draft from") from None


def marts_cut(connection: Connection) -> date | None:
    """The logical date at which the marts stand, or None before they were ever checked."""
    found: date | None = ask(connection, MARTS_CUT)[0]["cut"]
    return found
