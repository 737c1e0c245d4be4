"""What was done with one person's data (UU 27/2022 article 32: access to the trail of its processing).

Agencies are asked from a roster: that a person was asked about in an extract follows from when they stood on it, and
the exchange log proves the extract. No value of the person's is returned: dates, datasets, attributes and verdicts.
Each look-up is written down first, under a keyed hash of the person, and cannot be taken back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from padan.agreement import Agreement
from padan.errors import ConfigurationError
from padan.warehouse.connection import Connection

KEY = "subjects"  # the purpose of its key: padan.settings.Settings.key


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done with the person's data."""

    kind: str
    """request, comparison, case, view, mail, document or access."""
    on: date
    what: str
    detail: str
    purpose: str


def subject_of(key: bytes, nip: str) -> str:
    """The keyed hash under which look-ups of a person are logged; nothing can be read from it."""
    return hmac.new(key, nip.encode(), hashlib.sha256).hexdigest()


def require_nip(nip: str) -> str:
    """``nip`` without blanks.

    Raises:
        ConfigurationError: it is no NIP; the message does not repeat it.
    """
    bare = "".join(nip.split())
    if not re.fullmatch(r"[0-9]{18}", bare):
        raise ConfigurationError("a NIP has 18 digits")
    return bare


def trail(
    connection: Connection, agreement: Agreement, key: bytes, nip: str, *, by: str, purpose: str, as_of: date
) -> tuple[Entry, ...]:
    """Everything on record that touched the person, the oldest first; the look-up itself is logged before it is made.

    Raises:
        ConfigurationError: it is no NIP, or who asks or why is not said.
    """
    nip = require_nip(nip)
    subject = subject_of(key, nip)
    looked_up = connection.execute(
        "select looked_up_on, looked_up_by, purpose from privacy.subject_access where subject = %s order by access_id",
        (subject,),
    ).fetchall()
    record(connection, key, {nip}, by=by, purpose=purpose, as_of=as_of)
    found = [Entry("access", day, f"penelusuran oleh {who}", "", why) for day, who, why in looked_up]
    known = _identities(connection, nip)
    if known["spans"]:
        found += _requests(connection, agreement, known["spans"])
    if known["people"] or known["holders"]:
        found += _comparisons(connection, known)
        found += _cases(connection, known)
    found += _quarantined(connection, nip)
    found += _documents(connection, nip)
    return tuple(sorted(found, key=lambda entry: (entry.on, entry.kind, entry.what)))


def record(connection: Connection, key: bytes, nips: set[str], *, by: str, purpose: str, as_of: date) -> None:
    """Log for each of these people that somebody is shown their data.

    Raises:
        ConfigurationError: who looks or why is not said.
    """
    if not by.strip() or not purpose.strip():
        raise ConfigurationError("a look-up names who makes it and why")
    connection.execute(
        "insert into privacy.subject_access (looked_up_on, looked_up_by, purpose, subject) "
        "select %s, %s, %s, subject from unnest(%s::text[]) as subject",
        (as_of, by.strip(), purpose.strip(), sorted(subject_of(key, nip) for nip in nips)),
    )


def _there(connection: Connection, *relations: str) -> bool:
    row = connection.execute(
        "select bool_and(to_regclass(relation) is not null) from unnest(%s::text[]) as relation", (list(relations),)
    ).fetchone()
    return bool(row and row[0])


def _identities(connection: Connection, nip: str) -> dict[str, Any]:
    """The agencies' ids of the person and the days from and to which each agency's list had them."""
    known: dict[str, Any] = {"people": [], "holders": [], "spans": {}}
    for party, snapshot, column, field in (
        ("bkn", "snapshots.snap_bkn__people", "person_id_bkn", "people"),
        ("bps", "snapshots.snap_bps__holders", "holder_id", "holders"),
    ):
        if not _there(connection, snapshot):
            continue
        schema, _, table = snapshot.partition(".")
        query = sql.SQL(
            "select array_agg(distinct {key}), min(dbt_valid_from)::date, "
            "case when bool_or(dbt_valid_to is null) then null else max(dbt_valid_to)::date end "
            "from {table} where {nip} = %s"
        ).format(
            key=sql.Identifier(column), table=sql.Identifier(schema, table),
            nip=sql.Identifier("nip" if party == "bkn" else "nip_bps"),
        )  # fmt: skip
        row = connection.execute(query, (nip,)).fetchone()
        if row and row[0]:
            known[field] = row[0]
            known["spans"][party] = (row[1], row[2])
    return known


def _requests(connection: Connection, agreement: Agreement, spans: dict[str, tuple[date, date | None]]) -> list[Entry]:
    """Each extract of a dataset about people that was made while the person stood on the agency's list."""
    purposes = {(one.party, one.name): one.purpose for one in agreement.datasets if one.person_key}
    purposes |= {(one.party, one.name): one.purpose for one in agreement.datasets if one.access == "per_key"}
    if "bps" in spans:  # what hangs on a holder carries the holder's id instead of the NIP
        purposes |= {
            (one.party, one.name): one.purpose for one in agreement.given_by("bps") if "holder_id" in one.columns
        }
    rows = connection.execute(
        """
        select extract.party, extract_dataset.dataset, extract.as_of, extract.extract_id, extract.state
        from landing.extract inner join landing.extract_dataset using (extract_id)
        order by extract.as_of, extract_dataset.dataset
        """
    ).fetchall()
    found = []
    for party, dataset, day, extract_id, state in rows:
        start, end = spans.get(party, (date.max, None))
        if (party, dataset) in purposes and start <= day and (end is None or day <= end):
            what = f"{dataset} dari {party.upper()}: masuk daftar pengambilan"
            found.append(Entry("request", day, what, f"pengambilan {extract_id} ({state})", purposes[party, dataset]))
    return found


def _quarantined(connection: Connection, nip: str) -> list[Entry]:
    """What could not be landed when the person was asked about."""
    rows = connection.execute(
        "select as_of, dataset, party, rule, extract_id from landing.quarantine where unit = %s", (nip,)
    ).fetchall()
    return [
        Entry(
            "request",
            day,
            f"{dataset} dari {party.upper()} ditahan: {rule}",
            f"pengambilan {extract}",
            "pemeriksaan data",
        )
        for day, dataset, party, rule, extract in rows
    ]


def _comparisons(connection: Connection, known: dict[str, Any]) -> list[Entry]:
    """Each verdict in the history of differences, and the attributes found alike now."""
    found = []
    purpose = "pemadanan data kedua pihak"
    ids = {"people": known["people"], "holders": known["holders"]}
    if _there(connection, "snapshots.snap_comparison__differences"):
        rows = connection.execute(
            "select attribute, verdict, dbt_valid_from::date, dbt_valid_to::date "
            "from snapshots.snap_comparison__differences "
            "where person_id_bkn = any(%(people)s) or holder_id = any(%(holders)s)",
            ids,
        ).fetchall()
        for attribute, verdict, start, end in rows:
            until = f"sampai {end.isoformat()}" if end else "masih berbeda"
            found.append(Entry("comparison", start, f"{attribute} dibandingkan: {verdict}", until, purpose))
    compared = ("integration.int_comparison__verdicts", "integration.int_matching__people", "landing.extract")
    if _there(connection, *compared):
        row = connection.execute(
            "select count(*) filter (where verdict = 'identical'), count(*), "
            "(select max(as_of) from landing.extract where state = 'published') "
            "from integration.int_comparison__verdicts where asn_key in ("
            "select asn_key from integration.int_matching__people "
            "where person_id_bkn = any(%(people)s) or holder_id = any(%(holders)s))",
            ids,
        ).fetchone()
        if row and row[1] and row[2]:
            found.append(Entry("comparison", row[2], f"{row[1]} atribut dibandingkan", f"{row[0]} sama", purpose))
    return found


def _cases(connection: Connection, known: dict[str, Any]) -> list[Entry]:
    """What happened to each case of the person, and the mails that counted it."""
    if not _there(connection, "integration.int_matching__people", "ledger.event"):
        return []
    keys = connection.execute(
        "select asn_key from integration.int_matching__people "
        "where person_id_bkn = any(%(people)s) or holder_id = any(%(holders)s)",
        {"people": known["people"], "holders": known["holders"]},
    ).fetchall()
    cases = connection.execute(
        "select case_id, attribute from ledger.difference_case where asn_key = any(%s)", ([key for (key,) in keys],)
    ).fetchall()
    attributes: dict[str, str] = dict(cases)
    purpose = "penyelesaian perbedaan data (Pasal 3 ayat (2) huruf e, Pasal 4 ayat (2) huruf d)"
    found = [
        Entry("case", day, f"kasus {case}: {attributes[case]} {kind}", f"oleh {actor}", purpose)
        for case, day, kind, actor in connection.execute(
            "select case_id, as_of, kind, actor from ledger.event where case_id = any(%s)", (list(attributes),)
        ).fetchall()
    ]
    found += _views(connection, list(attributes))
    found += [
        Entry("mail", day, f"kasus {case} dihitung pada surat kepada penghubung {party.upper()}", digest, purpose)
        for case, day, party, digest in connection.execute(
            "select case_id, as_of, party, digest_id from alerts.announced_case "
            "inner join alerts.digest using (digest_id, party) where case_id = any(%s)",
            (list(attributes),),
        ).fetchall()
    ]
    return found


def _views(connection: Connection, cases: list[str]) -> list[Entry]:
    """Who of the liaison units opened a worklist that held one of the cases, and was of the part that had it.

    Which of the rows that a login may see it asked for is not on record: a filter may hold a person's number.
    """
    rows = connection.execute(
        """
        with held as (
            select
                case_id, kind, as_of, owner_party, instansi_id,
                lead(as_of) over (partition by case_id order by event_id) as until
            from ledger.event
            where case_id = any(%s) and (owner_party is not null or kind = 'resolved')
        )
        select
            (reading.read_at at time zone 'Asia/Jakarta')::date as read_on, reading.login, reading.party,
            reading.worklist_of, count(distinct reading.reading_id),
            string_agg(distinct held.case_id, ', ' order by held.case_id)
        from held
        inner join access.reading
            on
                held.kind <> 'resolved' and reading.worklist_of >= held.as_of
                and (held.until is null or reading.worklist_of < held.until)
                and held.owner_party in (reading.party, 'both')
                and (reading.agencies is null or held.instansi_id = any(reading.agencies))
        group by read_on, reading.login, reading.party, reading.worklist_of
        """,
        (cases,),
    ).fetchall()
    return [
        Entry(
            "view", day, f"daftar kerja {worklist} sisi {party.upper()} dibuka oleh {login}, {times} kali",
            f"memuat {numbers}", "penyelesaian perbedaan data (Pasal 8)",
        )
        for day, login, party, worklist, times, numbers in rows
    ]  # fmt: skip


def _documents(connection: Connection, nip: str) -> list[Entry]:
    """The papers whose annexes name the person."""
    if not _there(connection, "minutes.edition"):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select edition.period, edition.edition, edition.state, edition.cut, coalesce(edition.number, '') as number
            from minutes.edition inner join minutes.frozen_input using (edition_id)
            where frozen_input.name = 'personal' and strpos(frozen_input.content, %s) > 0
            """,
            (f'"{nip}"',),
        ).fetchall()
    return [
        Entry(
            "document", row["cut"], f"lampiran Berita Acara {row['period']}, edisi {row['edition']}",
            f"{row['state']} {row['number']}".strip(), "Berita Acara Hasil Pemadanan Data (Pasal 3 ayat (2) huruf d)",
        )
        for row in rows
    ]  # fmt: skip
