"""What changed in the codes between two days, where a service and the published list part, and how the agencies map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from padan.reference.published import LIKE_NAMES
from padan.warehouse.connection import Connection

# From the services' lists, which the mart keeps by version, and from the lists as published.
_BETWEEN = """
    with published as (
        select
            *,
            lag(code_name) over by_code as previous_name,
            lag(valid_to) over by_code as previous_valid_to,
            coalesce(lead(valid_from) over by_code <> valid_to, true) as is_last,
            min(valid_from) over (partition by agency, list_name) as list_known_from
        from code_lists.published_code
        window by_code as (partition by agency, list_name, code order by valid_from)
    ),
    changed as (
        select 'service' as source, agency, list_name, code, change_kind as change, previous_name as name_before,
            code_name as name_after, valid_from as changed_on
        from marts_reference.dim_reference_code
        where change_kind <> 'initial'
        union all
        select 'service', agency, list_name, code, 'retired', code_name, null, valid_to
        from marts_reference.dim_reference_code
        where is_retired
        union all
        select 'published', agency, list_name, code,
            case
                when previous_name is null then 'added'
                when lower(code_name) <> lower(previous_name)
                    and public.similarity(code_name, previous_name) < %(like_names)s then 'id_reused'
                when previous_valid_to < valid_from then 'returned'
                when lower(code_name) <> lower(previous_name) then 'renamed'
                else 'changed'
            end,
            previous_name, code_name, valid_from
        from published
        where valid_from > list_known_from
        union all
        select 'published', agency, list_name, code, 'retired', code_name, null, valid_to
        from published
        where valid_to is not null and is_last
    )
    select * from changed
    where (%(since)s::date is null or changed_on > %(since)s) and changed_on <= %(until)s
        and (%(agency)s::text is null or agency = %(agency)s)
        and (%(list_name)s::text is null or list_name = %(list_name)s)
    order by source desc, agency, list_name, changed_on, code collate "C", change
"""
_AGAINST_PUBLISHED = r"""
    with ours as (
        select agency, list_name, code, btrim(regexp_replace(code_name, '[\s\u00a0]+', ' ', 'g')) as code_name
        from marts_reference.dim_reference_code
        where is_current
    ),
    published as (
        select agency, list_name, code, code_name from code_lists.published_code where valid_to is null
    ),
    both_have as (
        select agency, list_name from ours intersect select agency, list_name from published
    )
    select
        'published', agency, list_name, code,
        case
            when ours.code_name is null then 'only_published'
            when published.code_name is null then 'only_in_service'
            else 'named_otherwise'
        end,
        published.code_name, ours.code_name, null::date
    from (select * from ours natural join both_have) as ours
    full join (select * from published natural join both_have) as published using (agency, list_name, code)
    where ours.code_name is distinct from published.code_name
        and (%(agency)s::text is null or agency = %(agency)s)
        and (%(list_name)s::text is null or list_name = %(list_name)s)
    order by 2, 3, code collate "C"
"""
_MAPPINGS = """
    select
        mapping.agency, mapping.list_name, mapping.code, mapping.code_name, mapping.state, mapping.issue,
        differences.owner_party, mapping.people, mapping.mapped_code, mapping.mapped_name, mapping.suggested_code,
        mapping.suggested_name, mapping.similarity, differences.first_seen_on, differences.case_id,
        cases.state, cases.due_on
    from marts_reference.rpt_reference_mapping as mapping
    left join marts_reference.fct_reference_differences as differences using (agency, list_name, code)
    left join ledger.code_case as cases using (case_id)
    where mapping.state not in ('mapped', 'no_counterpart')
        and (%(agency)s::text is null or mapping.agency = %(agency)s)
        and (%(list_name)s::text is null or mapping.list_name = %(list_name)s)
    order by mapping.agency, mapping.list_name, mapping.people desc, mapping.code collate "C"
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One code that changed: its names before and after, and the logical date where there is one.

    ``change``: a ``change_kind`` of ``dim_reference_code`` or ``retired``; against published lists ``only_published``,
    ``only_in_service`` or ``named_otherwise``, the published name being the one before.
    """

    source: str  # service, or published
    agency: str
    list_name: str
    code: str
    change: str
    name_before: str | None
    name_after: str | None
    changed_on: date | None


@dataclass(frozen=True, slots=True)
class WrongMapping:
    """One code that the other agency has nothing for, or that is mapped wrongly, as the marts were last built."""

    agency: str
    list_name: str
    code: str
    code_name: str | None
    state: str
    issue: str | None
    owner_party: str | None
    people: int
    mapped_code: str | None
    mapped_name: str | None
    suggested_code: str | None
    suggested_name: str | None
    similarity: float | None
    first_seen_on: date | None
    case_id: str | None
    case_state: str | None
    due_on: date | None


def between(
    connection: Connection, since: date | None, until: date, agency: str | None = None, list_name: str | None = None
) -> Iterator[Change]:
    """What changed in either agency's codes after ``since`` (ever, without it), up to and with ``until``."""
    words = {"since": since, "until": until, "agency": agency, "list_name": list_name, "like_names": LIKE_NAMES}
    for row in connection.execute(_BETWEEN.encode(), words):
        yield Change(*row)


def against_published(
    connection: Connection, agency: str | None = None, list_name: str | None = None
) -> Iterator[Change]:
    """Where a service and the lists as published say otherwise; only lists that both have."""
    words = {"agency": agency, "list_name": list_name}
    for row in connection.execute(_AGAINST_PUBLISHED.encode(), words):
        yield Change(*row)


def wrong_mappings(
    connection: Connection, agency: str | None = None, list_name: str | None = None
) -> Iterator[WrongMapping]:
    """Codes of one agency that are unmapped at the other, or conflict with it."""
    words = {"agency": agency, "list_name": list_name}
    for row in connection.execute(_MAPPINGS.encode(), words):
        yield WrongMapping(*row)
