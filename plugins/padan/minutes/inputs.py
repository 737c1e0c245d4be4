"""All that the papers of one semester count, frozen: equal inputs make equal papers, on any day and machine.

Cases are listed without a personal value; NIP, name and the two values are kept apart, per case, for the annexes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

PartyCode = Literal["bkn", "bps"]
Owner = Literal["bkn", "bps", "both"]


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartyFacts(Frozen):
    """One of the two parties, as the agreement names it on the last day of the semester."""

    name: str
    role: str
    signatory: str
    signatory_title: str
    appointed_by: str
    address: str
    number: str
    liaison_unit: str
    liaison_address: str
    liaison_phone: str
    liaison_email: str


class ObligationFacts(Frozen):
    """A duty of the agreement, and what shows that it was done in the semester."""

    id: str
    owed_by: tuple[PartyCode, ...]
    duty: str
    cites: tuple[str, ...]
    periodic: bool
    evidence: tuple[str, ...] = ()


class AgreementFacts(Frozen):
    """What the papers quote of the agreement."""

    title: str
    place: str
    signed: date
    start: date
    end: date
    fictional: bool
    fingerprint: str
    addenda: tuple[str, ...]
    legal_bases: tuple[str, ...]
    parties: dict[PartyCode, PartyFacts]
    obligations: tuple[ObligationFacts, ...]
    suspensions: tuple[str, ...] = ()


class Tier(Frozen):
    """Pairs matched in one way."""

    tier: str
    pairs: int


class People(Frozen):
    """People in the agreement's scope on the cut."""

    bkn: int
    bps: int
    matched: tuple[Tier, ...]
    only_bkn: int
    only_bps: int

    @property
    def pairs(self) -> int:
        return sum(tier.pairs for tier in self.matched)

    @property
    def everyone(self) -> int:
        return self.pairs + self.only_bkn + self.only_bps


class AttributeRow(Frozen):
    """Open differences of one attribute."""

    attribute: str
    label: str
    authority: Literal["bkn", "bps", "none"]
    severity: Literal["critical", "warning"]
    compared: int
    modified: int
    only_bkn: int
    only_bps: int
    not_comparable: int

    @property
    def cases(self) -> int:
        return self.modified + self.only_bkn + self.only_bps + self.not_comparable


class AgencyRow(Frozen):
    """Open differences of one agency (instansi)."""

    name: str
    bps: int
    bkn: int
    both: int

    @property
    def cases(self) -> int:
        return self.bps + self.bkn + self.both


class Movement(Frozen):
    """Cases of one owner between the last semester's cut and this one's."""

    owner: Owner
    before: int
    resolved: int
    new: int

    @property
    def carried(self) -> int:
        return self.before - self.resolved

    @property
    def open(self) -> int:
        return self.carried + self.new


class Duration(Frozen):
    """How long the cases of one owner that closed in the semester had been open, in days, against their due dates."""

    owner: Owner
    severity: Literal["critical", "warning"]
    due_days: int | None = None
    """Format 1: the term in days, before the ledger held a due date of each case."""
    closed: int
    closed_in_time: int
    median_days: int | None
    longest_days: int | None
    overdue_open: int


class Case(Frozen):
    """One open difference, without a personal value."""

    case_id: str
    owner: Owner
    attribute: str
    label: str
    verdict: str
    severity: str
    agency: str
    first_seen: date
    """Day on which the data were first seen to differ, since they agreed last."""
    due_on: date | None = None
    """Last day on which mending is in time, by the ledger; None in format 1."""
    paused: bool = False
    """The term stands still: the agreement is suspended (article 10)."""
    escalated_on: date | None = None
    state: str = ""
    """Of the ledger: open, acknowledged, disputed, reopened, waived."""

    def overdue(self, day: date) -> bool:
        """Whether the term was over before ``day``; never of a case whose term stands still or that is waived."""
        return self.due_on is not None and self.due_on < day and not self.paused and self.state != "waived"


class CodesDue(Frozen):
    """Open cases of codes whose mapping is wrong (R- in the ledger), of one owner."""

    owner: Owner
    cases: int
    first_due: date
    last_due: date
    overdue: int


class PersonalCase(Frozen):
    """The personal columns of a case, for the annex of the party that must mend it."""

    case_id: str
    nip: str
    nip_bps: str
    name: str
    bkn_value: str
    bps_value: str


class Service(Frozen):
    """How one party's web service answered in the semester (logical dates of the extracts that asked)."""

    party: PartyCode
    requests: int
    answered: int
    first_time: int
    throttled: int
    failed: int
    median_ms: int | None
    p95_ms: int | None
    extracts: int
    published: int
    days_published: int
    longest_gap_days: int
    newest: date | None


class Volume(Frozen):
    """Rows of one dataset over the semester's published extracts."""

    party: PartyCode
    dataset: str
    extracts: int
    extracted: int
    landed: int
    quarantined: int
    out_of_scope: int
    changed: int
    codes: bool


class ExtractProblem(Frozen):
    """Extracts of one party that ended without being published."""

    party: PartyCode
    as_of: date
    state: str
    extracts: int


class QualityStage(Frozen):
    """Expectations of one stage on the cut."""

    stage: str
    passed: int
    warnings: int
    critical: int


class UnmappedCode(Frozen):
    """Codes of BPS without a counterpart at BKN."""

    code_type: str
    codes: int
    uses: int


class Finding(Frozen):
    """Values that would not parse and the like."""

    side: PartyCode
    dataset: str
    field: str
    rule: str
    count: int


class MonthPoint(Frozen):
    """Open differences on the last day of a month."""

    day: date
    open: int


class Activity(Frozen):
    """A competence-development activity (PKS articles 2(2), 3(2)f), from the register."""

    id: str
    held_on: date
    title: str
    kind: Literal["tenaga ahli", "narasumber", "bimbingan teknis", "lainnya"]
    given_by: PartyCode
    participants: int
    evidence: str


class Incident(Frozen):
    """An incident that the register tells of."""

    id: str
    occurred_on: date
    party: PartyCode
    what: str
    resolution: str


class ManualEvidence(Frozen):
    """What shows that an obligation was met, where no system can tell."""

    obligation: str
    dated: date
    text: str


class Terms(Frozen):
    """Format 1: due times in days from the signing or from when a case was first seen, before the ledger held them."""

    due_days: dict[Literal["critical", "warning"], int]
    basis: str
    unmapped_codes_days: int
    presence_days: int


class Correction(Frozen):
    """A reviewed correction that a later edition of a semester cites."""

    period: str
    edition: int
    reason: str
    requester: str
    requested_on: date
    reviewed_by: str
    refreeze: bool = False
    withdrawn_cases: tuple[str, ...] = ()
    statement: str = ""


class Past(Frozen):
    """Key figures of an earlier semester, for trends."""

    period: str
    edition: int
    cut: date
    number: str
    everyone: int
    pairs: int
    open: int
    compared: int
    identical: int


class Inputs(Frozen):
    """The whole."""

    period: str
    edition: int
    cut: date
    previous_cut: date | None
    agreement: AgreementFacts
    people: People
    compared_values: int
    identical_values: int
    attributes: tuple[AttributeRow, ...]
    agencies: tuple[AgencyRow, ...]
    movements: tuple[Movement, ...]
    months: tuple[MonthPoint, ...]
    durations: tuple[Duration, ...]
    cases: tuple[Case, ...]
    services: tuple[Service, ...]
    volumes: tuple[Volume, ...]
    problems: tuple[ExtractProblem, ...]
    quality: tuple[QualityStage, ...]
    unmapped: tuple[UnmappedCode, ...]
    findings: tuple[Finding, ...]
    activities: tuple[Activity, ...]
    incidents: tuple[Incident, ...]
    terms: Terms | None = None
    codes_due: tuple[CodesDue, ...] = ()
    corrections: tuple[Correction, ...]
    history: tuple[Past, ...]

    @property
    def open_cases(self) -> int:
        return len(self.cases)

    def owned(self, owner: Owner) -> tuple[Case, ...]:
        """Cases that ``owner`` must mend."""
        return tuple(case for case in self.cases if case.owner == owner)

    def of_party(self, party: PartyCode) -> tuple[Case, ...]:
        """Cases that ``party`` must mend, alone or together with the other."""
        return tuple(case for case in self.cases if case.owner in (party, "both"))


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: one text for one value."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical_inputs(inputs: Inputs) -> str:
    """The text that is stored and hashed: what was set, so that a semester of an earlier format keeps its text."""
    return canonical(inputs.model_dump(mode="json", exclude_unset=True))


def canonical_personal(personal: tuple[PersonalCase, ...]) -> str:
    """The personal columns as the text that is stored and hashed."""
    return canonical([case.model_dump(mode="json") for case in personal])


def sha256(content: str | bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
