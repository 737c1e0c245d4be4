"""The registry of editions in the warehouse: their states, frozen inputs, files, decisions, mails and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg.rows import class_row

from padan.minutes import bundle
from padan.minutes.errors import MinutesRefused
from padan.minutes.freeze import FrozenSemester
from padan.minutes.inputs import Inputs, PartyCode, Past, canonical_inputs, canonical_personal, sha256
from padan.minutes.period import Period
from padan.warehouse.connection import Connection

# Duties that the papers fulfil (ids of the agreement's obligations), and which paper shows it.
EVIDENCE = {
    "minutes": "berita-acara.pdf",
    "integration_evaluation": "evaluasi-integrasi.pdf",
    "monitoring": "evaluasi-integrasi.pdf",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """One row of the registry."""

    edition_id: int
    period: str
    edition: int
    cut: date
    state: str
    drafted_on: date
    manifest: str
    manifest_sha256: str
    signed_on: date
    number: str | None
    evaluation_number: str | None
    approved_by: str | None
    personal_erased_on: date | None = None
    """Logical date on which the annexes were deleted, their term being over."""


_COLUMNS = ", ".join(Edition.__slots__)
_ALIVE = ("draft", "approved", "published")


def editions(connection: Connection, period: Period | None = None) -> list[Edition]:
    """Every edition, or those of a semester, the oldest first."""
    with connection.cursor(row_factory=class_row(Edition)) as cursor:
        cursor.execute(
            f"select {_COLUMNS} from minutes.edition where %(period)s::text is null or period = %(period)s "  # noqa: S608
            "order by period, edition, edition_id",
            {"period": str(period) if period else None},
        )
        return cursor.fetchall()


def current(connection: Connection, period: Period) -> Edition | None:
    """The newest living edition of a semester: in draft, approved or published."""
    alive = [one for one in editions(connection, period) if one.state in _ALIVE]
    return max(alive, key=lambda one: one.edition) if alive else None


def require(connection: Connection, period: Period, *states: str) -> Edition:
    """The living edition, if it is in one of ``states``.

    Raises:
        MinutesRefused: there is none, or it is in another state.
    """
    found = current(connection, period)
    if found is None:
        raise MinutesRefused(f"{period} has no draft; make one first")
    if found.state not in states:
        raise MinutesRefused(f"edition {found.edition} of {period} is {found.state}, not {' or '.join(states)}")
    return found


def last_published(connection: Connection, period: Period) -> Edition | None:
    """The newest published edition of a semester."""
    found = [one for one in editions(connection, period) if one.state == "published"]
    return found[-1] if found else None


def folder(papers: Path, edition: Edition, state: str) -> Path:
    """The folder of an edition's draft or of its final papers."""
    return papers / edition.period / f"edisi-{edition.edition}{'-draf' if state != 'published' else ''}"


def frozen(connection: Connection, edition: Edition, *, whole: bool = False) -> FrozenSemester:
    """What an edition counted; without its personal columns once these were deleted, unless ``whole`` is asked.

    Raises:
        MinutesRefused: the whole is asked, and the personal columns were deleted.
        InputsChanged: what is stored is not what the manifest names.
    """
    rows = connection.execute(
        "select name, content from minutes.frozen_input where edition_id = %s", (edition.edition_id,)
    ).fetchall()
    texts = {str(name): str(content) for name, content in rows}
    erased = edition.personal_erased_on
    if whole and erased:
        raise MinutesRefused(f"the annexes of {edition.period} were deleted on {erased}: their term is over")
    return bundle.thaw(edition.manifest, texts.get("inputs", ""), None if erased else texts.get("personal", ""))


def history(connection: Connection, before: Period) -> tuple[Past, ...]:
    """Key figures of the published semesters before, the oldest first."""
    latest: dict[str, Edition] = {
        one.period: one
        for one in editions(connection)
        if one.state == "published" and Period.parse(one.period) < before
    }
    return tuple(
        _past(frozen(connection, one).inputs, one)
        for _, one in sorted(latest.items(), key=lambda item: Period.parse(item[0]))
    )


def _past(inputs: Inputs, edition: Edition) -> Past:
    return Past(
        period=inputs.period,
        edition=inputs.edition,
        cut=inputs.cut,
        number=edition.number or "",
        everyone=inputs.people.everyone,
        pairs=inputs.people.pairs,
        open=inputs.open_cases,
        compared=inputs.compared_values,
        identical=inputs.identical_values,
    )


def record_draft(connection: Connection, semester: FrozenSemester, as_of: date, signed_on: date, by: str) -> int:
    """Store a frozen semester as a draft and return its id; a living draft of the same edition is replaced."""
    manifest = semester.manifest
    replaced = connection.execute(
        "update minutes.edition set state = 'replaced' where period = %s and edition = %s "
        "and state in ('draft', 'approved') returning edition_id",
        (manifest.period, manifest.edition),
    ).fetchall()
    for (edition_id,) in replaced:
        decide(connection, edition_id, "replaced", by, "drafted again", as_of)
    row = connection.execute(
        "insert into minutes.edition (period, edition, cut, drafted_on, manifest, manifest_sha256, signed_on) "
        "values (%s, %s, %s, %s, %s, %s, %s) returning edition_id",
        (manifest.period, manifest.edition, manifest.cut, as_of, manifest.canonical, manifest.sha256, signed_on),
    ).fetchone()
    edition_id = int(row[0]) if row else 0
    for name, content in (
        ("inputs", canonical_inputs(semester.inputs)),
        ("personal", canonical_personal(semester.personal)),
    ):
        connection.execute(
            "insert into minutes.frozen_input (edition_id, name, content, sha256) values (%s, %s, %s, %s)",
            (edition_id, name, content, sha256(content)),
        )
    decide(connection, edition_id, "drafted", by, "", as_of)
    return edition_id


def decide(connection: Connection, edition_id: int, decision: str, by: str, reason: str, as_of: date) -> None:
    """Record who decided what, and why."""
    connection.execute(
        "insert into minutes.decision (edition_id, decision, decided_by, reason, as_of) values (%s, %s, %s, %s, %s)",
        (edition_id, decision, by, reason, as_of),
    )


def set_state(connection: Connection, edition: Edition, state: str, **columns: Any) -> None:
    """Move an edition on, with the columns that go with it."""
    changes = {"state": state, **columns}
    assignments = ", ".join(f"{name} = %({name})s" for name in changes)
    connection.execute(
        f"update minutes.edition set {assignments} where edition_id = %(id)s",  # noqa: S608 - names of our own calls
        {**changes, "id": edition.edition_id},
    )


def next_serial(connection: Connection, year: int) -> int:
    """The serial number of the year's next papers; both papers of an edition bear the same."""
    row = connection.execute(
        "select count(*) from minutes.edition where number is not null and extract(year from signed_on) = %s", (year,)
    ).fetchone()
    return int(row[0]) + 1 if row else 1


def record_files(connection: Connection, edition: Edition, files: Mapping[str, bytes]) -> None:
    """Record the SHA-256 of each file of a published edition."""
    for name, content in sorted(files.items()):
        connection.execute(
            "insert into minutes.document (edition_id, name, kind, sha256, bytes) values (%s, %s, %s, %s, %s)",
            (edition.edition_id, name, bundle.kind_of(name), sha256(content), len(content)),
        )


def recorded_files(connection: Connection, edition: Edition) -> dict[str, str]:
    """SHA-256 by file name, as recorded when the edition was published."""
    rows = connection.execute(
        "select name, sha256 from minutes.document where edition_id = %s order by name", (edition.edition_id,)
    ).fetchall()
    return {str(name): str(digest) for name, digest in rows}


def queue_mails(connection: Connection, edition: Edition) -> None:
    """Note that both liaison units are to be told."""
    for party in ("bps", "bkn"):
        connection.execute("insert into minutes.mail (edition_id, party) values (%s, %s)", (edition.edition_id, party))


def pending_mails(connection: Connection, edition: Edition) -> list[PartyCode]:
    """Parties that were not told yet."""
    rows = connection.execute(
        "select party from minutes.mail where edition_id = %s and state = 'pending' order by party",
        (edition.edition_id,),
    ).fetchall()
    return [row[0] for row in rows]


def mark_mailed(connection: Connection, edition: Edition, party: PartyCode) -> None:
    """Record that the mail server took the mail."""
    connection.execute(
        "update minutes.mail set state = 'sent', sent_at = now() where edition_id = %s and party = %s",
        (edition.edition_id, party),
    )


def record_evidence(connection: Connection, edition: Edition, met_on: date) -> list[str]:
    """Record that the duties to prepare both papers were met; repeated, it changes nothing. Returns the duties."""
    files = recorded_files(connection, edition)
    for obligation, name in EVIDENCE.items():
        number = edition.number if name.startswith("berita") else edition.evaluation_number
        connection.execute(
            "insert into minutes.evidence (obligation, period, edition_id, number, sha256, met_on) "
            "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            (obligation, edition.period, edition.edition_id, number, files[name], met_on),
        )
    return sorted(EVIDENCE)
