"""The agreement as a whole: look-ups by logical date, and the way from a file to it.

Source of every rule: PKS BPS-BKN 37.03.23/HK.610/PKS/12/2023 and 41/HM.04.01/2023; the article is named at each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from padan.agreement.addenda import apply
from padan.agreement.clauses import (
    Action,
    Addendum,
    Annex,
    Article,
    Assumed,
    Authority,
    Clause,
    Dataset,
    Item,
    ItemTerms,
    LegalBasis,
    LiaisonUnit,
    Location,
    Obligation,
    Party,
    PartyCode,
    Personal,
    Precedent,
    Provision,
    Purpose,
    Retention,
    Scope,
    Strict,
    Suspension,
    Text,
    Validity,
    clauses_of,
    name_of,
    snake_case,
)
from padan.agreement.document import AgreementFileError, read
from padan.agreement.guard import Refusal, refuse
from padan.agreement.rules import violations
from padan.errors import AgreementError, AgreementNotInForce

__all__ = [
    "Agreement",
    "Dataset",
    "Item",
    "LiaisonUnit",
    "Party",
    "PartyCode",
    "Personal",
    "Scope",
    "Validity",
    "load_agreement",
    "snake_case",
]


class Agreement(Strict):
    """The whole agreement, as signed; :meth:`on` gives it as its addenda have it on a day."""

    title: Text
    numbers: dict[PartyCode, str]
    fictional: bool
    place: str = ""
    parties: dict[PartyCode, Party]
    signed: date
    validity: Validity
    preceded_by: tuple[Precedent, ...] = ()
    purpose: Purpose
    articles: Annotated[tuple[Article, ...], Field(min_length=1)]
    legal_bases: Annotated[tuple[LegalBasis, ...], Field(min_length=1)]
    provisions: tuple[Provision, ...] = ()
    obligations: Annotated[tuple[Obligation, ...], Field(min_length=1)]
    authority: Annotated[tuple[Authority, ...], Field(min_length=1)]
    retention: Annotated[tuple[Retention, ...], Field(min_length=1)]
    item_terms: tuple[ItemTerms, ...] = ()
    annex: Annex
    scope: Scope
    liaison_units: tuple[LiaisonUnit, ...]
    suspensions: tuple[Suspension, ...] = ()
    addenda: tuple[Addendum, ...] = ()
    assumptions: tuple[Assumed, ...] = ()
    datasets: tuple[Dataset, ...]

    @model_validator(mode="after")
    def _both_parties(self) -> Agreement:
        for field, value in (("numbers", self.numbers), ("parties", self.parties)):
            if set(value) != {"bkn", "bps"}:
                raise PydanticCustomError("party_missing", "{field} must name both bkn and bps", {"field": field})
        return self

    @model_validator(mode="after")
    def _unique(self) -> Agreement:
        if len({dataset.key for dataset in self.datasets}) != len(self.datasets):
            raise PydanticCustomError("dataset_twice", "a dataset is listed twice for one party")
        return self

    # --- what is exchanged

    def dataset(self, party: PartyCode, name: str) -> Dataset:
        """The dataset ``name`` given by ``party``.

        Raises:
            AgreementError: if the agreement does not list it; then it may not be requested.
        """
        for dataset in self.datasets:
            if (dataset.party, dataset.name) == (party, name):
                return dataset
        raise AgreementError(f"the agreement lists no dataset {name!r} given by {party}")

    def given_by(self, party: PartyCode) -> tuple[Dataset, ...]:
        """All datasets that ``party`` gives."""
        return tuple(dataset for dataset in self.datasets if dataset.party == party)

    def legal_basis_of(self, dataset: Dataset, item: Item) -> str:
        """Id of the legal basis of an item: its own, else that of the item terms that fit it best; empty if none."""
        return item.legal_basis or self._terms(dataset, item, "legal_basis")

    def retention_of(self, dataset: Dataset, item: Item) -> str:
        """Id of the retention of an item: its own, else that of the item terms that fit it best; empty if none."""
        return item.retention or self._terms(dataset, item, "retention")

    def _terms(self, dataset: Dataset, item: Item, name: Literal["legal_basis", "retention"]) -> str:
        best, found = -1, ""
        for terms in self.item_terms:
            value: str = getattr(terms, name)
            fit = terms.match(dataset, item)
            if value and fit is not None and fit >= best:
                best, found = fit, value
        return found

    def authority_of(self, attribute: str) -> Literal["bkn", "bps", "none"]:
        """Whose value of ``attribute`` is presumed right.

        Raises:
            AgreementError: if the agreement does not say.
        """
        for authority in self.authority:
            if attribute in authority.attributes:
                return authority.party
        raise AgreementError(f"the agreement names no authority for {attribute!r}")

    # --- who

    def liaison(self, party: PartyCode, day: date) -> LiaisonUnit:
        """Who is liaison of ``party`` on ``day`` (PKS article 8).

        Raises:
            AgreementError: if nobody is.
        """
        found = [
            unit
            for unit in self.liaison_units
            if unit.party == party and unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to)
        ]
        if len(found) != 1:
            raise AgreementError(f"{len(found)} liaison units of {party} on {day.isoformat()}; there must be one")
        return found[0]

    # --- when

    def addenda_on(self, day: date) -> tuple[Addendum, ...]:
        """The addenda in force on ``day``, the newest last (PKS article 12)."""
        in_force = [addendum for addendum in self.addenda if addendum.in_force(day)]
        return tuple(sorted(in_force, key=lambda addendum: (addendum.in_force_from, addendum.signed)))

    def on(self, day: date) -> Agreement:
        """The agreement as it stands on ``day``: where two addenda in force change the same point, the newest wins."""
        return apply(self, self.addenda_on(day))

    def refusal(self, day: date, action: Action = "extract") -> Refusal | None:
        """Why ``action`` is not permitted on ``day``, or None if it is."""
        return refuse(self, day, action)

    def require_in_force(self, day: date, action: Action = "extract") -> None:
        """Refuse an action outside the validity or during a suspension (PKS articles 6 and 10).

        Raises:
            AgreementNotInForce: naming the day and why.
        """
        refusal = self.refusal(day, action)
        if refusal is not None:
            raise AgreementNotInForce(refusal.text)

    # --- as a whole

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that the agreement says, wherever its sections are kept."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def clauses(self) -> Iterator[tuple[Location, Clause]]:
        """Every clause and its place in the file, in the file's order."""
        yield from clauses_of(self, ())

    def assumed(self) -> Iterator[tuple[str, str]]:
        """Everything that is assumed, as (what, why)."""
        for assumption in self.assumptions:
            yield assumption.about, assumption.why
        for location, clause in self.clauses():
            if clause.assumption:
                yield name_of(location, clause), clause.assumption


# pydantic's names of what is wrong, in ours; its other names pass as they are.
_RULES = {"missing": "missing_field", "extra_forbidden": "unknown_field", "value_error": "value"}


def load_agreement(path: Path) -> Agreement:
    """Read and check an agreement file, and the files that it takes sections from.

    Raises:
        AgreementFileError: naming file, line and rule of everything that is wrong.
    """
    source = read(path)
    try:
        agreement = Agreement.model_validate(source.content)
    except ValidationError as error:
        raise AgreementFileError(
            source.problem(
                item["loc"], _RULES.get(item["type"], item["type"]), item["msg"].removeprefix("Value error, ")
            )
            for item in error.errors(include_url=False, include_input=False)
        ) from None
    found = [source.problem(location, rule, message) for location, rule, message in violations(agreement)]
    if found:
        raise AgreementFileError(found)
    return agreement
