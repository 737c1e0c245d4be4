"""Every question that the papers ask of the warehouse, in one place.

What happened between two semesters is read from dbt's snapshot of differences (SCD2 on logical dates), so that it can
be asked again years later with the same answer. A ledger of differences, once there is one, replaces these constants.
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

# The cases of the papers: the marts' open differences, less those that a reviewed correction withdrew.
FROZEN_CASE = """
    create temporary table frozen_case on commit drop as
    select
        differences.case_id, differences.owner_party as owner, differences.attribute, registry.label_id as label,
        differences.verdict, differences.severity,
        coalesce(differences.instansi_name, 'Instansi tidak dikenal') as agency,
        differences.first_seen_on as first_seen
    from marts_reconciliation.fct_differences as differences
    inner join reference.attribute_registry as registry using (attribute)
    where not differences.case_id = any(%(withdrawn)s)
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

MOVEMENTS = f"""
    with before as ({_OPEN_AT.format(day="%(previous_cut)s")}),
    after as ({_OPEN_AT.format(day="%(cut)s")}),
    sides as (
        select
            coalesce(before.attribute, after.attribute) as attribute,
            case when after.case_id is null then before.unusable_side else after.unusable_side end as unusable_side,
            before.case_id is not null as was_open,
            after.case_id is not null as is_open
        from before full join after using (case_id)
        where not coalesce(before.case_id, after.case_id) = any(%(withdrawn)s)
    )
    select
        owners.owner,
        count(*) filter (where was_open) as before,
        count(*) filter (where was_open and not is_open) as resolved,
        count(*) filter (where is_open and not was_open) as new
    from (values ('bps', 1), ('bkn', 2), ('both', 3)) as owners (owner, rank)
    left join (
        select
            sides.*,
            coalesce(
                sides.unusable_side,
                case registry.authority when 'bkn' then 'bps' when 'bps' then 'bkn' else 'both' end
            ) as owner
        from sides inner join reference.attribute_registry as registry using (attribute)
    ) as owned using (owner)
    group by owners.owner, owners.rank order by owners.rank
"""

MONTHS = """
    select day, (
        select count(*) from snapshots.snap_comparison__differences as version
        where
            version.dbt_valid_from::date <= day
            and (version.dbt_valid_to is null or version.dbt_valid_to::date > day)
            and not version.case_id = any(%(withdrawn)s)
    ) as open
    from unnest(%(days)s::date[]) as day order by day
"""

# A case whose values change goes on: its versions follow without a gap. Each such run of versions is one life of it.
DURATIONS = """
    with versions as (
        select
            case_id, attribute, unusable_side, dbt_valid_from::date as since, dbt_valid_to::date as until,
            lag(dbt_valid_to) over case_history is distinct from dbt_valid_from as begins
        from snapshots.snap_comparison__differences
        where dbt_valid_from::date <= %(cut)s and not case_id = any(%(withdrawn)s)
        window case_history as (partition by case_id order by dbt_valid_from)
    ),
    numbered as (
        select versions.*, sum(begins::int) over (partition by case_id order by since) as life from versions
    ),
    lives as (
        select
            case_id, attribute, min(since) as since,
            (array_agg(unusable_side order by since desc))[1] as unusable_side,
            case when bool_or(until is null or until > %(cut)s) then null else max(until) end as until
        from numbered group by case_id, attribute, life
    ),
    owned as (
        select
            lives.*, registry.severity,
            coalesce(
                lives.unusable_side,
                case registry.authority when 'bkn' then 'bps' when 'bps' then 'bkn' else 'both' end
            ) as owner,
            coalesce(until, %(cut)s::date) - since as days,
            (%(due_days)s::jsonb ->> registry.severity)::int as due_days
        from lives inner join reference.attribute_registry as registry using (attribute)
        where lives.until is null or lives.until > %(since)s
    )
    select
        owner, severity, due_days,
        count(*) filter (where until is not null) as closed,
        count(*) filter (where until is not null and days <= due_days) as closed_in_time,
        (percentile_disc(0.5) within group (order by days) filter (where until is not null))::int as median_days,
        (max(days) filter (where until is not null))::int as longest_days,
        count(*) filter (where until is null and days > due_days) as overdue_open
    from owned group by owner, severity, due_days order by array_position(array['bps', 'bkn', 'both'], owner), severity
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
LASTING = {"differences": OPEN_AT_CUT, "extracts": EXTRACTS, "volumes": VOLUMES, "verdicts": VERDICTS}


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
