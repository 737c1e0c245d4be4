"""Closes a semester: checks that it may be closed, and copies out of the warehouse all that its papers count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from padan.agreement import Agreement, RefusalReason
from padan.agreement.wording import indonesian
from padan.errors import AgreementNotInForce
from padan.minutes import queries, registers
from padan.minutes.errors import InputsChanged, RegisterError, SemesterNotClosed
from padan.minutes.inputs import (
    AgencyRow,
    AgreementFacts,
    AttributeRow,
    Case,
    Correction,
    Inputs,
    ManualEvidence,
    ObligationFacts,
    PartyCode,
    PartyFacts,
    Past,
    PersonalCase,
    canonical,
    canonical_inputs,
    canonical_personal,
    sha256,
)
from padan.minutes.manifest import FORMAT, Lasting, Manifest, code_sha256, renderers
from padan.minutes.period import Period
from padan.warehouse.connection import Connection

# How far from the semester's last day the marts may stand: an agency may be down on it, and nights go on after it.
CUT_WINDOW = timedelta(days=31)
# Without an earlier cut nothing was open before: a day before any history.
_BEFORE_ALL = date(1900, 1, 1)
PARTIES: tuple[PartyCode, ...] = ("bps", "bkn")


@dataclass(frozen=True, slots=True)
class Closing:
    """What to freeze, beyond what the warehouse says."""

    period: Period
    edition: int
    as_of: date
    previous_cut: date | None
    history: tuple[Past, ...]
    correction: Correction | None
    """Of the edition that is being made, if it is above 1."""


@dataclass(frozen=True, slots=True)
class FrozenSemester:
    """Inputs, personal columns and manifest of one edition."""

    inputs: Inputs
    personal: tuple[PersonalCase, ...]
    manifest: Manifest


def require_over(period: Period, as_of: date) -> None:
    """Refuse a semester that is not over.

    Raises:
        SemesterNotClosed: naming its last day.
    """
    if as_of <= period.end:
        raise SemesterNotClosed(
            f"{period} is not closed: it ends on {period.end.isoformat()}, this is {as_of.isoformat()}"
        )


def require_agreement(agreement: Agreement, period: Period, as_of: date) -> None:
    """Refuse a semester within which the agreement ended, and a day on which nothing may be published.

    Raises:
        AgreementNotInForce: naming the day and why.
    """
    first = max(period.start, agreement.signed)
    for day in (min(first, period.end), *period.month_ends(period.end)):
        refusal = agreement.refusal(max(day, first), "publish")
        if refusal is not None and refusal.reason is not RefusalReason.SUSPENDED:
            raise AgreementNotInForce(f"no papers for {period}: {refusal.text}")
    agreement.require_in_force(as_of, "publish")


def require_cut(connection: Connection, period: Period, previous_cut: date | None) -> date:
    """The logical date at which the marts stand, if it can close the semester.

    Raises:
        SemesterNotClosed: there are no marts, they stand too far from the semester's end, or not after the last cut.
    """
    cut = queries.marts_cut(connection)
    if cut is None:
        raise SemesterNotClosed(f"{period} is not closed: the marts were never built and checked")
    if not period.end - CUT_WINDOW <= cut <= period.end + CUT_WINDOW:
        raise SemesterNotClosed(
            f"{period} is not closed: the marts stand at {cut.isoformat()}, not within {CUT_WINDOW.days} days of "
            f"{period.end.isoformat()}; build them for that day first"
        )
    if previous_cut is not None and cut <= previous_cut:
        raise SemesterNotClosed(f"{period} is not closed: its data would be no newer than those of the last semester")
    return cut


def _party(agreement: Agreement, party: PartyCode, day: date) -> PartyFacts:
    side, unit = agreement.parties[party], agreement.liaison(party, day)
    return PartyFacts(
        name=side.name,
        role=side.role,
        signatory=side.signatory,
        signatory_title=side.signatory_title,
        appointed_by=side.appointed_by,
        address=side.address,
        number=agreement.numbers[party],
        liaison_unit=unit.unit,
        liaison_address=unit.address,
        liaison_phone=unit.phone,
        liaison_email=unit.email,
    )


def agreement_facts(
    agreement: Agreement, period: Period, as_of: date, evidence: tuple[ManualEvidence, ...]
) -> AgreementFacts:
    """What the papers quote of the agreement, as it stands on the semester's last day; the liaison units of ``as_of``.

    Raises:
        AgreementError: a party has no liaison unit on that day.
    """
    effective = agreement.on(period.end)
    shown: dict[str, tuple[str, ...]] = {}
    for item in evidence:
        shown[item.obligation] = (*shown.get(item.obligation, ()), item.text)
    suspended = [
        one for one in effective.suspensions if one.start <= period.end and (one.end or period.end) >= period.start
    ]
    return AgreementFacts(
        title=agreement.title,
        place=effective.place or "Jakarta",
        signed=agreement.signed,
        start=effective.validity.start,
        end=effective.validity.end,
        fictional=agreement.fictional,
        fingerprint=agreement.fingerprint,
        addenda=tuple(f"Adendum tanggal {indonesian(one.signed)}" for one in agreement.addenda_on(period.end)),
        legal_bases=tuple(" ".join(one.text.split()) for one in agreement.legal_bases if "preamble" in one.cites),
        parties={party: _party(effective, party, as_of) for party in PARTIES},
        obligations=tuple(
            ObligationFacts(
                id=one.id,
                owed_by=one.owed_by,
                duty=" ".join(one.duty.split()),
                cites=one.cites,
                periodic=one.cadence.kind == "periodic",
                evidence=shown.get(one.id, ()) if one.cadence.kind != "on_event" else ("tidak ada peristiwa",),
            )
            for one in effective.obligations
        ),
        suspensions=tuple(
            f"sejak {indonesian(one.start)} sampai dengan {indonesian(one.end) if one.end else 'dinyatakan berakhir'}"
            for one in suspended
        ),
    )


def _lasting(
    connection: Connection, values: Mapping[str, Any], names: Iterable[str] = queries.LASTING
) -> dict[str, Lasting]:
    found = {}
    for name in names:
        query = queries.LASTING[name]
        rows = queries.ask(connection, query, values)
        found[name] = Lasting(rows=len(rows), sha256=sha256(canonical(json.loads(json.dumps(rows, default=str)))))
    return found


def lasting(connection: Connection, manifest: Manifest) -> dict[str, Lasting]:
    """What the warehouse holds today of the rows that ``manifest`` counted."""
    return _lasting(connection, {"cut": manifest.cut, "since": manifest.since}, manifest.lasting)


def _consistent(connection: Connection, cut: date) -> None:
    """Marts, history and ledger must tell of the same cases, or the papers could not be proved later."""
    marts = {
        row["case_id"] for row in queries.ask(connection, "select case_id from marts_reconciliation.fct_differences")
    }
    history = {row["case_id"] for row in queries.ask(connection, queries.OPEN_AT_CUT, {"cut": cut})}
    if marts != history:
        raise InputsChanged(
            f"the marts hold {len(marts)} open differences and the history at {cut.isoformat()} holds {len(history)}, "
            f"{len(marts ^ history)} of them not the same; build integration and marts for one day and draft again"
        )
    if not queries.ask(connection, queries.LEDGER_DAYS, {"cut": cut}):
        raise InputsChanged(
            f"the ledger has not taken in the differences of {cut.isoformat()}; "
            "run its step for that day, and draft again"
        )
    ledger = {row["case_id"] for row in queries.ask(connection, queries.OPEN_IN_LEDGER, {"cut": cut})}
    if marts != ledger:
        raise InputsChanged(
            f"the marts hold {len(marts)} open differences and the ledger at {cut.isoformat()} holds {len(ledger)}, "
            f"{len(marts ^ ledger)} of them not the same; run the ledger's step for that day and draft again"
        )


def freeze(connection: Connection, agreement: Agreement, register: Path, closing: Closing) -> FrozenSemester:
    """Copy what the papers count, in one snapshot of the database.

    Raises:
        SemesterNotClosed: the semester is not over, or the marts do not stand at its end.
        AgreementNotInForce: the agreement ended within it, or forbids publishing on ``as_of``.
        AgreementError: a party has no liaison unit on ``as_of``.
        InputsChanged: the marts, the history of differences and the ledger disagree.
        RegisterError: a file of the register is malformed.
    """
    period = closing.period
    require_over(period, closing.as_of)
    require_agreement(agreement, period, closing.as_of)
    facts = agreement_facts(agreement, period, closing.as_of, registers.evidence(register, period))
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        cut = require_cut(connection, period, closing.previous_cut)
        _consistent(connection, cut)
        return _copy(connection, closing, cut, facts, register)


def _copy(connection: Connection, closing: Closing, cut: date, facts: AgreementFacts, register: Path) -> FrozenSemester:
    period = closing.period
    since = closing.previous_cut or period.start - timedelta(days=1)
    withdrawn = closing.correction.withdrawn_cases if closing.correction else ()
    values: dict[str, Any] = {
        "cut": cut,
        "since": since,
        "previous_cut": closing.previous_cut or _BEFORE_ALL,
        "withdrawn": list(withdrawn),
        "days": period.month_ends(min(cut, period.end)),
    }

    def ask(query: str) -> list[queries.Row]:
        return queries.ask(connection, query, values)

    connection.execute(queries.FROZEN_CASE, values)
    people, compared = ask(queries.PEOPLE)[0], ask(queries.VALUES)[0]
    inputs = Inputs.model_validate(
        {
            "period": str(period),
            "edition": closing.edition,
            "cut": cut,
            "previous_cut": closing.previous_cut,
            "agreement": facts,
            "people": {**people, "matched": ask(queries.TIERS)},
            "compared_values": compared["compared"],
            "identical_values": compared["identical"],
            "attributes": ask(queries.ATTRIBUTES),
            "agencies": ask(queries.AGENCIES),
            "movements": ask(queries.MOVEMENTS),
            "months": ask(queries.MONTHS),
            "durations": ask(queries.DURATIONS),
            "cases": ask(queries.CASES),
            "services": ask(queries.SERVICES),
            "volumes": ask(queries.VOLUMES),
            "problems": ask(queries.PROBLEMS),
            "quality": ask(queries.QUALITY),
            "unmapped": ask(queries.UNMAPPED),
            "findings": ask(queries.FINDINGS),
            "activities": registers.activities(register, period),
            "incidents": registers.incidents(register, period),
            "codes_due": ask(queries.CODES_DUE),
            "corrections": (closing.correction,) if closing.correction else (),
            "history": closing.history,
        }
    )
    personal = tuple(PersonalCase.model_validate(row) for row in ask(queries.PERSONAL))
    extracts = tuple(row["extract_id"] for row in ask(queries.EXTRACTS))
    return seal(inputs, personal, since, withdrawn, extracts, _lasting(connection, {"cut": cut, "since": since}))


def corrected(connection: Connection, published: FrozenSemester, correction: Correction) -> FrozenSemester:
    """A published semester without the cases that a reviewed correction withdraws.

    What was frozen is counted again; what happened between the cuts is asked again of the ledger's events.

    Raises:
        RegisterError: a case is not among those of the published edition.
        InputsChanged: the edition is of a format without the ledger's terms.
    """
    was, manifest = published.inputs, published.manifest
    if manifest.format != FORMAT:
        raise InputsChanged(
            f"{was.period} was frozen in format {manifest.format}, without the terms of the ledger: its papers stay "
            "proved as they are; a correction of it needs `refreeze: true`"
        )
    withdrawn = tuple(sorted({*manifest.withdrawn, *correction.withdrawn_cases}))
    unknown = set(correction.withdrawn_cases) - {case.case_id for case in was.cases}
    if unknown:
        raise RegisterError(
            f"the correction of {was.period} withdraws {len(unknown)} cases that its papers do not have"
        )
    cases = tuple(case for case in was.cases if case.case_id not in withdrawn)
    values: dict[str, Any] = {
        "cut": was.cut,
        "since": manifest.since,
        "previous_cut": was.previous_cut or _BEFORE_ALL,
        "withdrawn": list(withdrawn),
        "days": [point.day for point in was.months],
    }
    fresh = {
        name: queries.ask(connection, query, values)
        for name, query in (
            ("movements", queries.MOVEMENTS),
            ("months", queries.MONTHS),
            ("durations", queries.DURATIONS),
        )
    }
    inputs = Inputs.model_validate(
        {
            **was.model_dump(exclude_unset=True),
            **fresh,
            "edition": correction.edition,
            "cases": cases,
            "attributes": _attributes_of(was.attributes, cases),
            "agencies": _agencies_of(cases),
            "corrections": (*was.corrections, correction),
        }
    )
    personal = tuple(case for case in published.personal if case.case_id not in withdrawn)
    counted = lasting(connection, manifest)
    return seal(inputs, personal, manifest.since, withdrawn, manifest.extract_ids, counted)


def _attributes_of(rows: tuple[AttributeRow, ...], cases: tuple[Case, ...]) -> list[AttributeRow]:
    columns = {
        "modified": "modified",
        "only_in_bkn": "only_bkn",
        "only_in_bps": "only_bps",
        "not_comparable": "not_comparable",
    }
    counted = Counter((case.attribute, columns[case.verdict]) for case in cases)
    found = [
        row.model_copy(update={column: counted[row.attribute, column] for column in columns.values()}) for row in rows
    ]
    return sorted(found, key=lambda row: (-row.cases, row.attribute))


def _agencies_of(cases: tuple[Case, ...]) -> list[AgencyRow]:
    counted = Counter((case.agency, case.owner) for case in cases)
    found = [
        AgencyRow(name=name, bps=counted[name, "bps"], bkn=counted[name, "bkn"], both=counted[name, "both"])
        for name in {case.agency for case in cases}
    ]
    return sorted(found, key=lambda row: (-row.cases, row.name))


def seal(
    inputs: Inputs,
    personal: tuple[PersonalCase, ...],
    since: date,
    withdrawn: tuple[str, ...],
    extract_ids: tuple[int, ...],
    counted: dict[str, Lasting],
) -> FrozenSemester:
    """Inputs with the manifest that names them."""
    manifest = Manifest(
        format=FORMAT,
        period=inputs.period,
        edition=inputs.edition,
        cut=inputs.cut,
        previous_cut=inputs.previous_cut,
        since=since,
        withdrawn=withdrawn,
        agreement_sha256=inputs.agreement.fingerprint,
        padan_version=version("padan"),
        code_sha256=code_sha256(),
        renderers=renderers(),
        extract_ids=extract_ids,
        lasting=counted,
        inputs_sha256=sha256(canonical_inputs(inputs)),
        personal_sha256=sha256(canonical_personal(personal)),
        personal_rows=len(personal),
    )
    return FrozenSemester(inputs, personal, manifest)
