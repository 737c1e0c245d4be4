"""What a right ledger holds of the played year: every event of every planted difference, told from the plan alone.

The rules are written down here once more, from the agreement and not from the ledger's code: the party that is not
the authority mends (PKS articles 3 (2) e and 4 (2) d), what cannot be read is mended where it is, a case closes when
the two sides agree and by nothing else, and each time it opens it has a term in working days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from padan.agreement.working_days import after
from sandbox.differences import Record
from sandbox.truth import compared_values, verdicts
from sandbox.year import COURSES, Act, YearPlan

# Working days to mend a case, by its severity.
TERMS = {"critical": 10, "warning": 30}
# BPS is the authority for these, as it fosters the JFs; BKN for all others. For presence neither is.
_BKN_MENDS = {"jabatan_fungsional", "jenjang", "credit_total"}
_CRITICAL = {
    "presence", "nip", "nik", "birth_date", "sex", "employment_type", "employment_status", "golongan", "instansi",
    "jabatan_fungsional", "jenjang",
}  # fmt: skip
Person = tuple[str | None, str | None]  # BKN's id, BPS's id


@dataclass(frozen=True, slots=True)
class Seen:
    """One difference as a run sees it; ``values`` tell whether it is still the same one."""

    verdict: str
    severity: str
    owner: str
    instansi_id: str
    values: tuple[Any, ...]


def differences(record: Record) -> tuple[Person, dict[str, Seen]]:
    """Who the person is in a run, and each attribute in which the two sides differ."""
    bkn, bps = record.bkn, record.bps
    person = (record.person.person_id if bkn else None, record.person.holder_id if bps else None)
    if bkn is None or bps is None:
        side = bkn or bps
        verdict = "only_in_bps" if bkn is None else "only_in_bkn"
        found: dict[str, tuple[str, str, tuple[Any, ...]]] = {"presence": (verdict, "both", ())}
        agency = side.agency.id if side else ""
    else:
        agency = bkn.agency.id
        ours, theirs = compared_values(bkn), compared_values(bps)
        found = {
            attribute: (
                verdict,
                _who_mends(attribute, attribute in bkn.unusable, attribute in bps.unusable),
                (bkn.unusable.get(attribute, ours[attribute]), bps.unusable.get(attribute, theirs[attribute])),
            )
            for attribute, verdict in verdicts(bkn, bps).items()
        }
    severity = {attribute: "critical" if attribute in _CRITICAL else "warning" for attribute in found}
    return person, {
        attribute: Seen(verdict, severity[attribute], owner, agency, (verdict, *values))
        for attribute, (verdict, owner, values) in found.items()
    }


def _who_mends(attribute: str, unusable_at_bkn: bool, unusable_at_bps: bool) -> str:
    if unusable_at_bkn or unusable_at_bps:
        return "both" if unusable_at_bkn and unusable_at_bps else "bkn" if unusable_at_bkn else "bps"
    return "bkn" if attribute in _BKN_MENDS else "bps"


class _Case:
    """The life of one case, told run by run."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        self._acts = {act.month: act for act in acts}
        self.events: list[dict[str, Any]] = []
        self._state: str | None = None
        self._seen: Seen | None = None
        self._due = date.min
        self._escalated = False
        self._waived_until = date.min

    def run(self, month: int, as_of: date, seen: Seen | None, compared: bool) -> None:
        """What a run finds and, after it, what the liaison unit does."""
        if seen is None:
            if self._state not in (None, "resolved"):
                self._tell(as_of, "resolved", reason="agreed" if compared else "no_longer_compared")
                self._state = "resolved"
        else:
            self._observe(as_of, seen)
        if self._state not in (None, "resolved", "waived") and self._due < as_of and not self._escalated:
            self._tell(as_of, "escalated")
            self._escalated = True
        act = self._acts.get(month)
        if act and self._state not in (None, "resolved"):
            self._state, self._waived_until = act.verb, act.until or date.min
            self._tell(act.day, act.verb, actor="liaison", until=act.until, reason=act.reason)

    def _observe(self, as_of: date, seen: Seen) -> None:
        before, self._seen = self._seen, seen
        if before is None:
            self._open(as_of, seen, "opened", None)
        elif self._state == "resolved":
            self._open(as_of, seen, "reopened", "differs_again")
        elif seen.values != before.values and self._state in ("disputed", "waived"):
            self._open(as_of, seen, "reopened", "values_changed")
        elif self._state == "waived" and self._waived_until < as_of:
            self._open(as_of, seen, "reopened", "waiver_ended")
        elif seen.values != before.values:
            self._tell(as_of, "changed", seen)
        elif seen != before:
            self._tell(as_of, "reassigned", seen)

    def _open(self, as_of: date, seen: Seen, kind: str, reason: str | None) -> None:
        self._state, self._escalated = "open", False
        self._due = after(as_of, TERMS[seen.severity]).day
        self._tell(as_of, kind, seen, due_on=self._due, reason=reason)

    def _tell(self, as_of: date, kind: str, seen: Seen | None = None, **more: Any) -> None:
        self.events.append(
            {
                "as_of": as_of,
                "kind": kind,
                "actor": more.get("actor", "data"),
                "verdict": seen.verdict if seen else None,
                "severity": seen.severity if seen else None,
                "owner_party": seen.owner if seen else None,
                "instansi_id": seen.instansi_id if seen else None,
                "due_on": more.get("due_on"),
                "until": more.get("until"),
                "reason": more.get("reason"),
            }
        )


class LedgerTruth:
    """Collects the events of a year up to the run of ``month``."""

    def __init__(self, plan: YearPlan, month: int) -> None:
        self._plan, self._month = plan, month
        self._events: list[dict[str, Any]] = []
        self._acts: list[dict[str, Any]] = []

    def add(self, runs: list[Record]) -> None:
        """One person, given as they are in each run up to the present one; nothing of people outside the scope."""
        index = runs[0].person.index
        if index >= self._plan.people:
            return
        course = self._plan.course(index)
        acts = COURSES[course].acts if course else ()
        told = [differences(record) for record in runs]
        cases = {(person, attribute): None for person, found in told for attribute in found}
        for person, attribute in cases:
            case = _Case(acts)
            for month, (present, found) in enumerate(told, start=1):
                seen = found.get(attribute) if present == person else None
                case.run(month, self._plan.date_of(month), seen, present == person)
            key = {"course": course, "person_id_bkn": person[0], "holder_id": person[1], "attribute": attribute}
            self._events += [key | event for event in case.events]
            self._acts += list(self._acts_on(key, case.events, acts))

    def _acts_on(self, key: dict[str, Any], events: list[dict[str, Any]], acts: tuple[Act, ...]) -> Iterator[Any]:
        """What the liaison unit does after the present run."""
        for act in acts:
            if act.month == self._month and any(event["as_of"] == act.day for event in events):
                yield key | {"as_of": act.day, "verb": act.verb, "until": act.until, "reason": act.reason}

    def document(self) -> dict[str, Any]:
        """What the truth file says of the ledger: events up to the present run, and what follows it."""
        days = ("as_of", "due_on", "until")

        def plain(row: dict[str, Any]) -> dict[str, Any]:
            return {name: value.isoformat() if name in days and value else value for name, value in row.items()}

        return {"ledger": [plain(row) for row in self._events], "acts": [plain(row) for row in self._acts]}
