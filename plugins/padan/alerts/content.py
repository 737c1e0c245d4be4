"""What a digest says: counted from the marts in one snapshot. Counts, labels and case ids; no personal value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.warehouse.connection import Connection

LISTED_CASES = 50
LISTED_AGENCIES = 10

# One row per case that concerns the party: open now or announced as open, and what became of it since.
_CASES = """
    create temporary table digest_case on commit drop as
    with present as (
        select case_id, attribute, instansi_name, severity, value_fingerprint
        from marts_reconciliation.fct_differences
        where owner_party in (%(party)s, 'both')
    ),
    announced as (
        select case_id, attribute, instansi_name, value_fingerprint
        from alerts.announced_case
        where party = %(party)s and state = 'open'
    )
    select
        case_id,
        coalesce(present.attribute, announced.attribute) as attribute,
        coalesce(present.instansi_name, announced.instansi_name) as instansi_name,
        present.severity,
        present.value_fingerprint,
        case
            when present.case_id is null then 'mended'
            when announced.value_fingerprint = present.value_fingerprint then 'still_open'
            else 'new'
        end as change
    from present
    full join announced using (case_id)
"""
_COUNTS = """
    count(*) filter (where change = 'new') as new,
    count(*) filter (where change = 'mended') as mended,
    count(*) filter (where change <> 'mended') as open
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Cases of one attribute or one agency."""

    label: str
    new: int
    mended: int
    open: int


@dataclass(frozen=True, slots=True)
class CaseList:
    """The first case ids, most severe first, and how many more there are."""

    listed: tuple[str, ...]
    total: int

    @property
    def more(self) -> int:
        """Cases that are not listed."""
        return self.total - len(self.listed)


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation that failed and concerns the party."""

    label: str
    unexpected: int | None
    evaluated: int | None
    counted: str


@dataclass(frozen=True, slots=True)
class Staleness:
    """A party whose newest published extract is older than the run."""

    party_name: str
    published_as_of: date | None
    """None: it was never published."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that one digest says."""

    party: PartyCode
    as_of: date
    new: int
    mended: int
    open: int
    attributes: tuple[Line, ...]
    agencies: tuple[Line, ...]
    more_agencies: int
    new_cases: CaseList
    mended_cases: CaseList
    findings: tuple[Finding, ...]
    stale: tuple[Staleness, ...]
    overdue: int = 0
    """Open cases past the day by which they were to be mended."""
    oldest_days: int = 0
    """Age of the oldest case that is not resolved, in days."""

    @property
    def worth_sending(self) -> bool:
        """Whether anything changed since the last digest."""
        return bool(self.new or self.mended)


def _case_list(connection: Connection, change: str, total: int) -> CaseList:
    rows = connection.execute(
        """
        select case_id from digest_case where change = %s
        order by case when severity = 'critical' then 0 else 1 end, case_id limit %s
        """,
        (change, LISTED_CASES),
    ).fetchall()
    return CaseList(tuple(case_id for (case_id,) in rows), total)


def _attributes(connection: Connection) -> tuple[Line, ...]:
    rows = connection.execute(
        f"""
        select coalesce(max(registry.label_id), attribute) as label, {_COUNTS}
        from digest_case left join reference.attribute_registry as registry using (attribute)
        group by attribute
        order by open desc, new desc, label
        """  # noqa: S608 - the counts are the constant above
    ).fetchall()
    return tuple(Line(*row) for row in rows)


def _agencies(connection: Connection) -> tuple[tuple[Line, ...], int]:
    rows = connection.execute(
        f"""
        select coalesce(nullif(trim(instansi_name), ''), 'Instansi tidak diketahui') as label, {_COUNTS}
        from digest_case
        group by label
        order by open desc, new desc, label
        """  # noqa: S608 - the counts are the constant above
    ).fetchall()
    lines = tuple(Line(*row) for row in rows)
    return lines[:LISTED_AGENCIES], max(0, len(lines) - LISTED_AGENCIES)


def _findings(connection: Connection, party: PartyCode, as_of: date) -> tuple[Finding, ...]:
    rows = connection.execute(
        """
        select label_id, unexpected_count, element_count, counted
        from quality.verdict
        where as_of = %s and not success and severity = 'warning' and problem is null
            and label_id is not null and owner = any(%s)
        order by suite, unexpected_count desc nulls last, expectation_id
        """,
        (as_of, [f"liaison-{party}", "liaison-both"]),
    ).fetchall()
    return tuple(Finding(*row) for row in rows)


def _stale(connection: Connection, agreement: Agreement, as_of: date) -> tuple[Staleness, ...]:
    rows = connection.execute(
        "select party, max(as_of) from landing.extract where state = 'published' and as_of <= %s group by party",
        (as_of,),
    ).fetchall()
    newest: dict[str, date] = dict(rows)
    return tuple(
        Staleness(agreement.parties[party].name, newest.get(party))
        for party in sorted(agreement.parties)
        if newest.get(party) != as_of
    )


def _ageing(connection: Connection, party: PartyCode, as_of: date) -> tuple[int, int]:
    row = connection.execute(
        """
        select
            count(*) filter (where state <> 'waived' and due_on < %(as_of)s),
            coalesce(max(%(as_of)s::date - last_opened_on), 0)
        from ledger.difference_case
        where state <> 'resolved' and owner_party in (%(party)s, 'both')
        """,
        {"party": party, "as_of": as_of},
    ).fetchone()
    return row if row else (0, 0)


def collect(connection: Connection, agreement: Agreement, party: PartyCode, as_of: date) -> Content:
    """Count what concerns ``party`` since its last digest; leaves the table ``digest_case`` for :func:`announce`.

    The connection must be in a transaction; one snapshot holds for the counts and for what is then recorded.
    """
    connection.execute("drop table if exists digest_case")
    connection.execute(_CASES, {"party": party})
    row = connection.execute(f"select {_COUNTS} from digest_case").fetchone()  # noqa: S608 - the constant above
    new, mended, still_open = row if row else (0, 0, 0)
    agencies, more_agencies = _agencies(connection)
    overdue, oldest_days = _ageing(connection, party, as_of)
    return Content(
        party=party,
        as_of=as_of,
        new=new,
        mended=mended,
        open=still_open,
        attributes=_attributes(connection),
        agencies=agencies,
        more_agencies=more_agencies,
        new_cases=_case_list(connection, "new", new),
        mended_cases=_case_list(connection, "mended", mended),
        findings=_findings(connection, party, as_of),
        stale=_stale(connection, agreement, as_of),
        overdue=overdue,
        oldest_days=oldest_days,
    )


def announce(connection: Connection, party: PartyCode, digest_id: str) -> None:
    """Record in the transaction of :func:`collect` that ``digest_id`` tells ``party`` of what changed."""
    connection.execute(
        """
        insert into alerts.announced_case
            (party, case_id, value_fingerprint, digest_id, state, attribute, instansi_name)
        select %(party)s, case_id, value_fingerprint, %(digest_id)s, 'open', attribute, instansi_name
        from digest_case where change = 'new'
        on conflict (party, case_id) do update set
            value_fingerprint = excluded.value_fingerprint, digest_id = excluded.digest_id, state = 'open',
            attribute = excluded.attribute, instansi_name = excluded.instansi_name
        """,
        {"party": party, "digest_id": digest_id},
    )
    connection.execute(
        """
        update alerts.announced_case as announced set state = 'mended', digest_id = %(digest_id)s
        from digest_case
        where announced.party = %(party)s and announced.case_id = digest_case.case_id and digest_case.change = 'mended'
        """,
        {"party": party, "digest_id": digest_id},
    )
