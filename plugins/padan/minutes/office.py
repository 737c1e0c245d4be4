"""What can be done with the papers of a semester: draft, approve, reject, publish, mail, verify.

Nothing final is written before everything is ready: files first to a folder beside, then the registry's rows and the
folder's name within one transaction. A crash leaves a draft or a whole edition; the next attempt makes the same bytes.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from padan.agreement import Agreement
from padan.minutes import bundle, freeze, registers, registry
from padan.minutes.errors import InputsChanged, MinutesRefused
from padan.minutes.freeze import Closing, FrozenSemester
from padan.minutes.inputs import Correction, sha256
from padan.minutes.manifest import Issue, code_sha256, renderers
from padan.minutes.period import Period
from padan.minutes.registry import Edition
from padan.minutes.words import roman_month
from padan.warehouse.connection import Connection, connect, exclusive

logger = logging.getLogger(__name__)
DRAFT_NUMBER = "......../BA-PADAN/..../........"
DRAFT_EVALUATION_NUMBER = "......../LE-PADAN/..../........"


@dataclass(frozen=True, slots=True)
class Office:
    """Where papers are made: the warehouse, the agreement, the register of reviewed files, the folder of papers."""

    database_url: str
    agreement: Agreement
    register: Path
    output: Path

    def folder(self, edition: Edition, state: str) -> Path:
        """The folder of an edition's draft or of its final papers."""
        return registry.folder(self.output, edition, state)

    # --- draft

    def draft(self, period: Period, as_of: date, by: str, signed_on: date | None = None) -> dict[str, Any]:
        """Close a semester if it is open, and write the draft of its papers, marked DRAF. Repeated, it drafts again.

        Raises:
            MinutesRefused: the semester cannot be closed or was already published and no correction is there.
            AgreementNotInForce: the agreement ended within the semester, or forbids publishing on ``as_of``.
            AgreementError: a party has no liaison unit on ``as_of``.
        """
        with self._work() as connection:
            edition, correction = self._next_edition(connection, period)
            semester = self._semester(connection, period, edition, correction, as_of)
            issue = self._issue(period, semester, None, signed_on or as_of)
            files = bundle.render(semester, issue)
            with connection.transaction():
                registry.record_draft(connection, semester, as_of, signed_on or as_of, by)
                found = registry.require(connection, period, "draft")
                folder = self.folder(found, "draft")
                bundle.write(folder, files)
            logger.info("drafted %s, edition %d, cut %s", period, edition, semester.manifest.cut)
            return {**_counts(found, semester), "folder": str(folder)}

    def _next_edition(self, connection: Connection, period: Period) -> tuple[int, Correction | None]:
        found = registry.current(connection, period)
        if found is None:
            published = registry.last_published(connection, period)
            edition = published.edition + 1 if published else 1
        else:
            edition = found.edition + (found.state == "published")
        return edition, registers.correction(self.register, period, edition) if edition > 1 else None

    def _semester(
        self, connection: Connection, period: Period, edition: int, correction: Correction | None, as_of: date
    ) -> FrozenSemester:
        before = registry.last_published(connection, period.previous)
        published = registry.last_published(connection, period)
        if correction and published and not correction.refreeze:
            return freeze.corrected(connection, registry.frozen(connection, published, whole=True), correction)
        history = registry.history(connection, period)
        closing = Closing(period, edition, as_of, before.cut if before else None, history, correction)
        return freeze.freeze(connection, self.agreement, self.register, closing)

    def _issue(self, period: Period, semester: FrozenSemester, serial: int | None, signed_on: date) -> Issue:
        numbers = (
            (DRAFT_NUMBER, DRAFT_EVALUATION_NUMBER)
            if serial is None
            else (f"{serial:03d}/{kind}/{roman_month(signed_on)}/{signed_on.year}" for kind in ("BA-PADAN", "LE-PADAN"))
        )
        number, evaluation_number = numbers
        return Issue(
            final=serial is not None,
            number=number,
            evaluation_number=evaluation_number,
            signed_on=signed_on,
        )

    # --- decide

    def approve(self, period: Period, by: str, as_of: date, signed_on: date | None = None) -> dict[str, Any]:
        """Record that ``by`` approved the draft, and the day on which the papers will be signed.

        Raises:
            MinutesRefused: there is no draft, or the day of signing is before the end of the semester.
        """
        if not by.strip():
            raise MinutesRefused("an approval names who approved")
        day = signed_on or as_of
        freeze.require_over(period, day)
        with self._work() as connection, connection.transaction():
            found = registry.require(connection, period, "draft")
            registry.set_state(connection, found, "approved", approved_by=by, signed_on=day)
            registry.decide(connection, found.edition_id, "approved", by, "", as_of)
            return {"period": str(period), "edition": found.edition, "state": "approved", "signed_on": day.isoformat()}

    def reject(self, period: Period, by: str, reason: str, as_of: date) -> dict[str, Any]:
        """Return the papers to draft with a reason; nothing is published.

        Raises:
            MinutesRefused: there is nothing to reject, or no reason is given.
        """
        if not reason.strip():
            raise MinutesRefused("a rejection needs a reason")
        with self._work() as connection, connection.transaction():
            found = registry.require(connection, period, "draft", "approved")
            registry.set_state(connection, found, "draft", approved_by=None)
            registry.decide(connection, found.edition_id, "rejected", by, reason, as_of)
            return {"period": str(period), "edition": found.edition, "state": "draft", "rejected": True}

    # --- publish

    def publish(self, period: Period, as_of: date) -> dict[str, Any]:
        """Write the final papers of an approved draft and register them; of a published one, say so again.

        Raises:
            MinutesRefused: the draft is not approved.
            InputsChanged: the warehouse no longer holds what the draft counted; draft again.
            AgreementNotInForce: nothing may be published on ``as_of``.
            AgreementError: a party has no liaison unit on ``as_of``.
        """
        self.agreement.require_in_force(as_of, "publish")
        for party in freeze.PARTIES:
            self.agreement.on(as_of).liaison(party, as_of)
        with self._work() as connection:
            found = registry.require(connection, period, "approved", "published")
            semester = registry.frozen(connection, found, whole=found.state == "approved")
            if found.state == "approved":
                found = self._publish(connection, period, found, semester, as_of)
            return {**_counts(found, semester), "folder": str(self.folder(found, "published"))}

    def _publish(
        self, connection: Connection, period: Period, found: Edition, semester: FrozenSemester, as_of: date
    ) -> Edition:
        changed = self._changed_since(connection, semester)
        if changed:
            raise InputsChanged(f"{period} is not published: {'; '.join(changed)}; draft it again")
        serial = registry.next_serial(connection, found.signed_on.year)
        issue = self._issue(period, semester, serial, found.signed_on)
        files = bundle.render(semester, issue)
        with connection.transaction():
            if found.edition > 1:
                self._replace(connection, period, found, as_of)
            numbers = {"number": issue.number, "evaluation_number": issue.evaluation_number}
            registry.set_state(connection, found, "published", **numbers)
            connection.execute(
                "update minutes.edition set published_at = now() where edition_id = %s", (found.edition_id,)
            )
            published = registry.require(connection, period, "published")
            registry.record_files(connection, published, files)
            registry.decide(connection, found.edition_id, "published", found.approved_by or "", "", as_of)
            registry.queue_mails(connection, published)
            bundle.write(self.folder(published, "published"), files)
        shutil.rmtree(self.folder(found, "draft"), ignore_errors=True)  # it holds the same personal columns
        return published

    @staticmethod
    def _replace(connection: Connection, period: Period, found: Edition, as_of: date) -> None:
        earlier = [
            one
            for one in registry.editions(connection, period)
            if one.state == "published" and one.edition < found.edition
        ]
        for one in earlier:
            reason = f"replaced by edition {found.edition}"
            registry.set_state(connection, one, "replaced")
            registry.decide(connection, one.edition_id, "replaced", found.approved_by or "", reason, as_of)

    def record_evidence(self, period: Period, as_of: date) -> dict[str, Any]:
        """Record that the duties of articles 3(2)d and 7 were met for the semester.

        Raises:
            MinutesRefused: nothing is published.
        """
        with self._work() as connection, connection.transaction():
            found = registry.require(connection, period, "published")
            return {"period": str(period), "obligations": registry.record_evidence(connection, found, found.signed_on)}

    # --- verify

    def verify(self, period: Period) -> Verification:
        """Make the papers of a published edition again and compare: files, registry, sidecar, warehouse.

        Raises:
            MinutesRefused: nothing is published.
        """
        with self._work() as connection:
            found = registry.last_published(connection, period)
            if found is None:
                raise MinutesRefused(f"{period} has no published edition")
            result = Verification(str(period), found.edition, found.number or "")
            if sha256(found.manifest) != found.manifest_sha256:
                result.differences.append("the registry's manifest is not the one that was hashed")
            try:
                semester = registry.frozen(connection, found)
            except InputsChanged as error:
                result.differences.append(str(error))
                return result
            issue = Issue(
                final=True,
                number=found.number or "",
                evaluation_number=found.evaluation_number or "",
                signed_on=found.signed_on,
            )
            gone = bundle.PERSONAL_FILES if found.personal_erased_on else frozenset()
            files = {name: made for name, made in bundle.render(semester, issue).items() if name not in gone}
            recorded = registry.recorded_files(connection, found)
            result.differences += [
                f"{name} made anew is not the one in the registry"
                for name in sorted((recorded.keys() | files.keys()) - gone)
                if name not in files or recorded.get(name) != sha256(files[name])
            ]
            sidecar = "".join(f"{digest}  {name}\n" for name, digest in sorted(recorded.items()))
            result.differences += bundle.differences(self.folder(found, "published"), files, sidecar)
            changed = self._changed_since(connection, semester)
            if gone:  # and with them, perhaps, what they were counted from
                result.remarks.append(f"the annexes were deleted on {found.personal_erased_on}: their term is over")
                result.remarks += changed
            else:
                result.differences += changed
            result.files = len(files)
            result.remarks += made_otherwise(semester)
            return result

    @staticmethod
    def _changed_since(connection: Connection, semester: FrozenSemester) -> list[str]:
        now = freeze.lasting(connection, semester.manifest)
        return [
            f"the warehouse's {name} changed: {was.rows} rows then, {now[name].rows} now"
            for name, was in sorted(semester.manifest.lasting.items())
            if now[name] != was
        ]

    def list(self) -> list[dict[str, Any]]:
        """Every edition and its state."""
        with self._work() as connection:
            return [
                {
                    "period": one.period,
                    "edition": one.edition,
                    "state": one.state,
                    "cut": one.cut.isoformat(),
                    "signed_on": one.signed_on.isoformat(),
                    "number": one.number,
                    "approved_by": one.approved_by,
                    "manifest_sha256": one.manifest_sha256,
                }
                for one in registry.editions(connection)
            ]

    def _work(self) -> Any:
        return _Session(self.database_url)


class _Session:
    """A connection that holds the lock of the papers."""

    def __init__(self, database_url: str) -> None:
        self._connection = connect(database_url, application="padan-minutes", role="minutes")
        self._lock = exclusive(self._connection, "minutes")

    def __enter__(self) -> Connection:
        self._lock.__enter__()
        return self._connection

    def __exit__(self, *error: Any) -> None:
        try:
            self._lock.__exit__(*error)
        finally:
            self._connection.close()


@dataclass(slots=True)
class Verification:
    """What came of making the papers again."""

    period: str
    edition: int
    number: str
    files: int = 0
    differences: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def identical(self) -> bool:
        """Whether every byte and every counted row is the same."""
        return not self.differences


def verify_folder(folder: Path) -> Verification:
    """Make the papers of a folder again from the inputs beside them; no warehouse is asked.

    Raises:
        InputsChanged: the manifest or an input is missing or altered.
    """
    semester, issue = bundle.read(folder)
    files = bundle.render(semester, issue)
    result = Verification(semester.manifest.period, semester.manifest.edition, issue.number, len(files))
    result.differences += bundle.differences(folder, files)
    result.remarks += made_otherwise(semester)
    return result


def made_otherwise(semester: FrozenSemester) -> list[str]:
    """How the tools of today are not those of the manifest: the first place to look where files differ."""
    manifest, today = semester.manifest, renderers()
    found = [
        f"{name} was {was}, is {today.get(name, 'absent')}"
        for name, was in sorted(manifest.renderers.items())
        if today.get(name) != was
    ]
    if manifest.code_sha256 != code_sha256():
        found.append("the code and prose of the papers are not those of the manifest")
    return found


def _counts(edition: Edition, semester: FrozenSemester) -> dict[str, Any]:
    inputs = semester.inputs
    return {
        "period": edition.period,
        "edition": edition.edition,
        "state": edition.state,
        "number": edition.number,
        "cut": edition.cut.isoformat(),
        "pairs": inputs.people.pairs,
        "open_cases": inputs.open_cases,
        "manifest_sha256": edition.manifest_sha256,
    }
