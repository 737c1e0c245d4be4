"""What shows that a duty was done: papers, extracts, the ledger, deliveries of codes, what officers wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from padan.agreement.clauses import PartyCode
from padan.agreement.wording import indonesian
from padan.minutes import registers
from padan.minutes.period import Period
from padan.obligations.duties import Duty
from padan.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found of one duty: how many things, the latest of them, and in words for the unit concerned."""

    count: int
    latest: date | None
    text: str


NOTHING = Evidence(0, None, "")


def _there(connection: Connection, relation: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (relation,)).fetchone()
    return bool(row and row[0])


def _one(connection: Connection, relation: str, query: str, *values: object) -> tuple[int, date | None, str]:
    """A count, a day and a text; nothing where the relation was never made."""
    if not _there(connection, relation):
        return 0, None, ""
    row = connection.execute(query.encode(), values).fetchone()
    return (int(row[0]), row[1], str(row[2] or "")) if row else (0, None, "")


def _papers(connection: Connection, duty: Duty) -> Evidence:
    """A published paper of the period (articles 3 (2) d, 7)."""
    count, latest, number = _one(
        connection,
        "minutes.evidence",
        "select count(*), max(met_on), max(number) from minutes.evidence where obligation = %s and period = %s",
        duty.obligation,
        duty.period,
    )
    return Evidence(count, latest, f"Naskah nomor {number}, {indonesian(latest)}" if latest else "")


def _extracts(connection: Connection, duty: Duty, until: date) -> Evidence:
    """Extracts of the party's data that were published in the period."""
    count, latest, _ = _one(
        connection,
        "landing.extract",
        "select count(*), max(as_of), '' from landing.extract "
        "where party = %s and state = 'published' and as_of between %s and %s",
        duty.party,
        duty.start,
        until,
    )
    text = f"{count} pengambilan data dipublikasikan, terakhir {indonesian(latest)}" if latest else ""
    return Evidence(count, latest, text)


def _codes(connection: Connection, duty: Duty, until: date) -> Evidence:
    """Lists of codes that the party's service delivered, and deliveries of its codes as files."""
    lists, received_on, _ = _one(
        connection,
        "landing.extract_dataset",
        r"select count(*), max(as_of), '' from landing.extract_dataset join landing.extract using (extract_id) "
        r"where party = %s and state = 'published' and as_of between %s and %s "
        r"and (dataset like 'ref\_%%' or dataset = 'reference_codes') and landed > 0",
        duty.party,
        duty.start,
        until,
    )
    files, handed_on, number = _one(
        connection,
        "code_lists.delivery",
        "select count(*), max(as_of), (array_agg(delivery_id order by as_of desc, recorded_at desc))[1] "
        "from code_lists.delivery where obligation = %s and owed_by = %s and as_of between %s and %s",
        duty.obligation,
        duty.party,
        duty.start,
        until,
    )
    texts = []
    if received_on:
        texts.append(f"{lists} daftar kode referensi diterima, terakhir {indonesian(received_on)}")
    if handed_on:
        texts.append(f"{files} penyerahan kode referensi, terakhir {number} {indonesian(handed_on)}")
    days = [day for day in (received_on, handed_on) if day]
    return Evidence(lists + files, max(days, default=None), "; ".join(texts))


def _differences(connection: Connection, duty: Duty, until: date) -> tuple[Evidence, bool]:
    """Cases addressed to the party that were resolved, are open, are overdue (articles 3 (2) e, 4 (2) d)."""
    if not _there(connection, "ledger.difference_case"):
        return NOTHING, False
    row = connection.execute(
        """
        select
            count(*) filter (where resolved_on between %(start)s and %(day)s),
            count(*) filter (where state not in ('resolved', 'waived')),
            count(*) filter (where state not in ('resolved', 'waived') and paused_on is null and due_on < %(day)s),
            max(resolved_on) filter (where resolved_on between %(start)s and %(day)s)
        from ledger.difference_case where owner_party in (%(party)s, 'both')
        """,
        {"start": duty.start, "day": until, "party": duty.party},
    ).fetchone()
    resolved, open_, overdue, latest = row or (0, 0, 0, None)
    if not open_ and not resolved:
        ran = connection.execute("select max(as_of) from ledger.run where as_of <= %s", (until,)).fetchone()
        return (Evidence(1, ran[0], "tidak ada perbedaan yang terbuka"), False) if ran and ran[0] else (NOTHING, False)
    text = f"{resolved} perbedaan selesai, {open_} terbuka, {overdue} melewati tenggat"
    return Evidence(resolved, latest, text), overdue > 0


def _register(folder: Path, duty: Duty, until: date) -> Evidence:
    """What officers keep in register/: evidence, and activities given by the party."""
    found: list[tuple[date, str]] = []
    period = Period.containing(duty.start)
    while period.start <= until:
        found += [
            (one.dated, one.text) for one in registers.evidence(folder, period) if one.obligation == duty.obligation
        ]
        found += [
            (one.held_on, f"{one.title} ({one.id})")
            for one in registers.activities(folder, period)
            if _shows(one.kind, one.given_by, duty)
        ]
        period = period.next
    found = sorted((dated, text) for dated, text in found if duty.start <= dated <= until)
    if not found:
        return NOTHING
    return Evidence(len(found), found[-1][0], "; ".join(text for _, text in found))


def _shows(kind: str, given_by: PartyCode, duty: Duty) -> bool:
    """Whether an activity shows the duty: guidance its own, any other kind the development of competence."""
    wanted = "guidance_recorded" if kind == "bimbingan teknis" else "competence_activity_recorded"
    return duty.evidence == wanted and given_by == duty.party


def find(connection: Connection, register: Path, duty: Duty, day: date) -> tuple[Evidence, bool]:
    """The evidence of ``duty`` on ``day``, and whether something of it is overdue whatever its own due date."""
    until = min(day, duty.due_on or duty.end) if duty.kind != "periodic" else day
    written = _register(register, duty, until)
    if duty.kind == "periodic":
        found, overdue = _papers(connection, duty), False
    elif duty.evidence == "items_delivered":
        found, overdue = _extracts(connection, duty, until), False
    elif duty.evidence == "reference_codes_delivered":
        found, overdue = _codes(connection, duty, until), False
    elif duty.evidence == "differences_resolved":
        found, overdue = _differences(connection, duty, until)
    else:
        found, overdue = NOTHING, False
    texts = [one.text for one in (found, written) if one.text]
    days = [one.latest for one in (found, written) if one.latest]
    return Evidence(found.count + written.count, max(days, default=None), "; ".join(texts)), overdue
