"""What a digest says: counted from the marts and the ledger in one snapshot. Counts, labels and case ids; no value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from padan.agreement import Agreement
from padan.agreement.model import PartyCode
from padan.agreement.pauses import Pauses
from padan.alerts import changes
from padan.warehouse.connection import Connection

LISTED_CASES = 50
LISTED_AGENCIES = 10
LISTED_CAUSES = 5
KEPT_DIGESTS = 5
_COUNTS = """
    count(*) filter (where change = 'new') as new,
    count(*) filter (where change = 'reopened') as reopened,
    count(*) filter (where change = 'mended') as mended,
    count(*) filter (where is_open) as open,
    count(*) filter (where is_overdue) as overdue
"""
_TABLES = ("digest_case", "digest_code")
_DELAYED = " union all ".join(
    f"select case_id, severity, last_opened_on, term_set_on from {table} where is_delayed"  # noqa: S608 - constants
    for table in _TABLES
)
_ORDER = "order by case when severity = 'critical' then 0 else 1 end, case_id"


@dataclass(frozen=True, slots=True)
class Line:
    """Cases of one attribute or one agency, or of all."""

    label: str
    new: int = 0
    reopened: int = 0
    mended: int = 0
    open: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class CaseList:
    """The first case ids, most severe first, and how many there are."""

    listed: tuple[str, ...] = ()
    total: int = 0

    @property
    def more(self) -> int:
        """Cases that are not listed."""
        return self.total - len(self.listed)


@dataclass(frozen=True, slots=True)
class Cause:
    """What most open cases have in common: an attribute, and in which way it differs."""

    label: str
    verdict: str
    cases: int


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation that failed and concerns the party."""

    label: str
    unexpected: int | None
    evaluated: int | None
    counted: str
    query: str
    """Lists its cases in the marts; empty in a verdict of before queries were required."""


@dataclass(frozen=True, slots=True)
class Staleness:
    """A party whose newest published extract is older than the run."""

    party_name: str
    published_as_of: date | None
    """None: it was never published."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """What the suspension of the agreement did to the terms of open cases (article 10)."""

    paused: int = 0
    """Terms that stand still, since the end of the suspension is not recorded."""
    since: date | None = None
    """First day of that suspension."""
    moved: int = 0
    """Terms that end later by the days of suspensions that are over."""
    spans: tuple[tuple[date, date], ...] = ()
    """First and last day of those suspensions."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where things stood on the day of a digest."""

    as_of: date
    open: int
    quality_index: Decimal | None


@dataclass(frozen=True, slots=True)
class AgencyQuality:
    """BKN's data-quality index of one agency, 0 to 100, and the findings behind it."""

    label: str
    people: int
    findings: int
    quality_index: Decimal


@dataclass(frozen=True, slots=True)
class Quality:
    """The data-quality index over all agencies, and the agencies where it is lowest."""

    quality_index: Decimal
    agencies: tuple[AgencyQuality, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Content:
    """All that one digest says."""

    party: PartyCode
    as_of: date
    total: Line
    changed: int = 0
    """Open cases told before whose values are others now."""
    newly_overdue: int = 0
    """Overdue cases of which the party was not told yet that they are."""
    waived: int = 0
    snoozed: int = 0
    suspension: Suspended = Suspended()
    oldest_days: int = 0
    """Age of the oldest open case, in days."""
    attributes: tuple[Line, ...] = ()
    agencies: tuple[Line, ...] = ()
    more_agencies: int = 0
    causes: tuple[Cause, ...] = ()
    new_cases: CaseList = CaseList()
    reopened_cases: CaseList = CaseList()
    overdue_cases: CaseList = CaseList()
    mended_cases: CaseList = CaseList()
    findings: tuple[Finding, ...] = ()
    stale: tuple[Staleness, ...] = ()
    trend: tuple[Point, ...] = ()
    """The newest digests before this one, the oldest first, and then this one."""
    quality: Quality | None = None
    codes: tuple[Line, ...] = ()
    """Codes whose mapping is wrong, by the attribute whose codes they are."""
    code_cases: CaseList = CaseList()
    """Open cases of codes, the soonest due first."""
    codes_overdue_since: int = 0
    """Overdue cases of codes of which the party was not told yet that they are."""

    @property
    def overdue(self) -> int:
        """Overdue cases of people and of codes."""
        return self.total.overdue + sum(line.overdue for line in self.codes)

    @property
    def worth_sending(self) -> bool:
        """Whether anything happened since the last digest that the party must know of."""
        codes = any(line.new or line.reopened or line.mended for line in self.codes) or self.codes_overdue_since
        return bool(codes or self.total.new or self.total.reopened or self.total.mended or self.newly_overdue)


@dataclass(frozen=True, slots=True)
class Delay:
    """What is told to the superior of a liaison unit: cases long past their term."""

    party: PartyCode
    as_of: date
    waited: int
    """Working days that passed since the liaison unit was told."""
    oldest_days: int
    attributes: tuple[Line, ...]
    agencies: tuple[Line, ...]
    more_agencies: int
    cases: CaseList


def _case_list(connection: Connection, condition: str) -> CaseList:
    rows = connection.execute(
        f"select case_id, count(*) over () from digest_case where {condition} {_ORDER} limit %s",  # noqa: S608 - constants
        (LISTED_CASES,),
    ).fetchall()
    return CaseList(tuple(case_id for case_id, _ in rows), rows[0][1] if rows else 0)


def _attributes(connection: Connection, condition: str = "true") -> tuple[Line, ...]:
    rows = connection.execute(
        f"""
        select coalesce(max(registry.label_id), attribute) as label, {_COUNTS}
        from digest_case left join reference.attribute_registry as registry using (attribute)
        where {condition}
        group by attribute
        having count(*) filter (where is_open or change = 'mended') > 0
        order by open desc, new desc, label
        """  # noqa: S608 - constants
    ).fetchall()
    return tuple(Line(*row) for row in rows)


def _agencies(connection: Connection, condition: str = "true") -> tuple[tuple[Line, ...], int]:
    rows = connection.execute(
        f"""
        select coalesce(nullif(trim(instansi_name), ''), 'Instansi tidak diketahui') as label, {_COUNTS}
        from digest_case
        where {condition}
        group by label
        having count(*) filter (where is_open or change = 'mended') > 0
        order by open desc, new desc, label
        """  # noqa: S608 - constants
    ).fetchall()
    lines = tuple(Line(*row) for row in rows)
    return lines[:LISTED_AGENCIES], max(0, len(lines) - LISTED_AGENCIES)


def _causes(connection: Connection) -> tuple[Cause, ...]:
    rows = connection.execute(
        """
        select coalesce(max(registry.label_id), attribute) as label, verdict, count(*) as cases
        from digest_case left join reference.attribute_registry as registry using (attribute)
        where is_open and verdict is not null
        group by attribute, verdict
        order by cases desc, label, verdict
        limit %s
        """,
        (LISTED_CAUSES,),
    ).fetchall()
    return tuple(Cause(*row) for row in rows)


def _findings(connection: Connection, party: PartyCode, as_of: date) -> tuple[Finding, ...]:
    rows = connection.execute(
        """
        select label_id, unexpected_count, element_count, counted, coalesce(query, '')
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


def _quality(connection: Connection) -> Quality | None:
    rows = connection.execute(
        """
        select
            coalesce(nullif(trim(max(instansi_name)), ''), 'Instansi tidak diketahui') as label,
            sum(people)::bigint as people,
            sum(findings)::bigint as findings,
            round(sum(quality_index * people) / sum(people), 2) as quality_index,
            round(sum(sum(quality_index * people)) over () / sum(sum(people)) over (), 2) as overall
        from marts_reconciliation.rpt_data_quality_index
        group by instansi_id
        order by quality_index, findings desc, label
        """
    ).fetchall()
    if not rows:
        return None
    agencies = tuple(AgencyQuality(*row[:4]) for row in rows[:LISTED_AGENCIES])
    return Quality(rows[0][4], agencies, len(rows) - len(agencies))


def _suspended(connection: Connection, agreement: Agreement, as_of: date) -> Suspended:
    row = connection.execute(
        """
        select
            count(*) filter (where paused_on is not null),
            count(*) filter (where due_on > calendar_due_on),
            min(last_opened_on) filter (where due_on > calendar_due_on),
            max(due_on) filter (where due_on > calendar_due_on)
        from digest_case where is_open
        """
    ).fetchone()
    paused, moved, first, last = row or (0, 0, None, None)
    pauses = Pauses.known_on(agreement.suspensions, as_of)
    spans = (
        (one.start, one.end)
        for one in pauses.suspensions
        if one.end is not None and first is not None and one.start <= last and one.end >= first
    )
    return Suspended(paused, pauses.since(), moved, tuple(sorted(spans)))


def _trend(connection: Connection, party: PartyCode, now: Point) -> tuple[Point, ...]:
    """The last digest of each of the newest days before ``now``, and ``now``."""
    rows = connection.execute(
        """
        select as_of, open_cases, quality_index from (
            select distinct on (as_of) as_of, open_cases, quality_index
            from alerts.digest
            where party = %s and kind = 'digest' and as_of < %s
            order by as_of desc, created_at desc, digest_id
            limit %s
        ) as newest
        order by as_of
        """,
        (party, now.as_of, KEPT_DIGESTS),
    ).fetchall()
    return (*(Point(*row) for row in rows), now)


def collect(connection: Connection, agreement: Agreement, party: PartyCode, as_of: date) -> Content:
    """Count what concerns ``party`` since its last digest; leaves the table ``digest_case`` for what follows.

    The connection must be in a transaction; one snapshot holds for the counts and for what is then recorded.
    """
    changes.find(connection, party, as_of)
    row = connection.execute(
        f"""
        select {_COUNTS},
            count(*) filter (where change = 'changed'),
            count(*) filter (where is_overdue and delay_told_on = 'infinity'),
            count(*) filter (where change = 'waived'),
            count(*) filter (where change = 'snoozed' and is_present),
            coalesce(max(%s - last_opened_on) filter (where is_open), 0)
        from digest_case
        """,  # noqa: S608 - constants
        (as_of,),
    ).fetchone()
    *counted, changed, newly_overdue, waived, snoozed, oldest_days = row or (0,) * 10
    total = Line("", *counted)
    quality = _quality(connection)
    agencies, more_agencies = _agencies(connection)
    codes, codes_overdue_since = _codes(connection)
    return Content(
        party,
        as_of,
        total,
        changed=changed,
        newly_overdue=newly_overdue,
        waived=waived,
        snoozed=snoozed,
        suspension=_suspended(connection, agreement, as_of),
        oldest_days=oldest_days,
        attributes=_attributes(connection),
        agencies=agencies,
        more_agencies=more_agencies,
        causes=_causes(connection),
        new_cases=_case_list(connection, "change = 'new'"),
        reopened_cases=_case_list(connection, "change = 'reopened'"),
        overdue_cases=_case_list(connection, "is_overdue"),
        mended_cases=_case_list(connection, "change = 'mended'"),
        findings=_findings(connection, party, as_of),
        stale=_stale(connection, agreement, as_of),
        trend=_trend(connection, party, Point(as_of, total.open, quality.quality_index if quality else None)),
        quality=quality,
        codes=codes,
        code_cases=_code_cases(connection),
        codes_overdue_since=codes_overdue_since,
    )


def _codes(connection: Connection) -> tuple[tuple[Line, ...], int]:
    """What the party has to mend in codes, by the ledger: since its last digest, and how many are late since."""
    rows = connection.execute(
        """
        select
            coalesce(max(registry.label_id), attribute) as label,
            count(*) filter (where is_open and times_reopened = 0 and last_opened_on > told_on) as new,
            count(*) filter (where is_open and times_reopened > 0 and last_opened_on > told_on) as reopened,
            count(*) filter (where state = 'resolved' and resolved_on > told_on) as mended,
            count(*) filter (where is_open) as open,
            count(*) filter (where is_overdue) as overdue,
            count(*) filter (where is_overdue and delay_told_on = 'infinity') as late_since
        from digest_code
        left join reference.attribute_registry as registry using (attribute)
        group by attribute
        having count(*) filter (where is_open or (state = 'resolved' and resolved_on > told_on)) > 0
        order by open desc, new desc, label
        """
    ).fetchall()
    return tuple(Line(*row[:6]) for row in rows), sum(row[6] for row in rows)


def _code_cases(connection: Connection) -> CaseList:
    rows = connection.execute(
        "select case_id, count(*) over () from digest_code where is_open order by due_on, case_id limit %s",
        (LISTED_CASES,),
    ).fetchall()
    return CaseList(tuple(case_id for case_id, _ in rows), rows[0][1] if rows else 0)


def _late_codes(connection: Connection) -> tuple[Line, ...]:
    rows = connection.execute(
        """
        select coalesce(max(registry.label_id), attribute) as label, count(*) as overdue
        from digest_code left join reference.attribute_registry as registry using (attribute)
        where is_delayed group by attribute order by overdue desc, label
        """
    ).fetchall()
    return tuple(Line(f"Kode referensi: {label}", overdue=overdue) for label, overdue in rows)


def collect_delay(
    connection: Connection, agreement: Agreement, party: PartyCode, as_of: date, wait: int
) -> Delay | None:
    """Cases overdue still, ``wait`` working days after the liaison unit was told that they are; None if there are none.

    Days within a suspension of the agreement do not count.
    Takes them from the tables of :func:`collect`, and marks them there for :func:`record_delay`.
    """
    words = {"party": party, "told_before": Pauses.known_on(agreement.suspensions, as_of).before(as_of, wait)}
    for table in _TABLES:
        connection.execute(f"alter table {table} add column is_delayed boolean not null default false")
        connection.execute(
            f"""
            update {table} set is_delayed = true
            where is_overdue and delay_told_on < %(told_before)s and not exists (
                select from alerts.escalation
                where
                    escalation.party = %(party)s and escalation.case_id = {table}.case_id and escalation.level = 2
                    and escalation.opened_on = {table}.term_set_on
            )
            """,  # noqa: S608 - constants
            words,
        )
    rows = connection.execute(
        "select case_id, count(*) over (), max(%s - last_opened_on) over () "  # noqa: S608 - constants
        f"from ({_DELAYED}) as late {_ORDER} limit %s",
        (as_of, LISTED_CASES),
    ).fetchall()
    if not rows:
        return None
    agencies, more_agencies = _agencies(connection, "is_delayed")
    return Delay(
        party,
        as_of,
        waited=wait,
        oldest_days=rows[0][2],
        attributes=(*_attributes(connection, "is_delayed"), *_late_codes(connection)),
        agencies=agencies,
        more_agencies=more_agencies,
        cases=CaseList(tuple(case_id for case_id, *_ in rows), rows[0][1]),
    )


def record_delay(connection: Connection, party: PartyCode, digest_id: str, as_of: date) -> None:
    """Record, in the transaction of :func:`collect_delay`, that ``digest_id`` tells the superior of ``party``."""
    connection.execute(
        "insert into alerts.escalation (party, case_id, level, opened_on, as_of, digest_id) "  # noqa: S608 - constants
        f"select %s, case_id, 2, term_set_on, %s, %s from ({_DELAYED}) as late",
        (party, as_of, digest_id),
    )
