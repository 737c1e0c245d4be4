"""What an agreement file must hold to beyond its schema; each rule has a name that the error carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import ValidationError

from padan.agreement.addenda import apply
from padan.agreement.clauses import Addendum, Changes, Dataset, Item, Location
from padan.agreement.notices import extension_due, force_majeure_due

if TYPE_CHECKING:
    from padan.agreement.model import Agreement

Violation = tuple[Location, str, str]
ALWAYS_CITABLE = frozenset({"preamble", "annex"})


def violations(agreement: Agreement) -> Iterator[Violation]:
    """Everything that breaks a rule, as (place in the file, rule, what is wrong)."""
    for rule in (
        _cited_articles,
        _grounds,
        _identifiers,
        _references,
        _records,
        _items,
        _authority,
        _signing,
        _liaison,
        _suspensions,
        _addenda,
        _assumptions,
    ):
        yield from rule(agreement)


def _cited_articles(agreement: Agreement) -> Iterator[Violation]:
    known = ALWAYS_CITABLE.union(*(article.references() for article in agreement.articles))
    for location, clause in agreement.clauses():
        for position, cited in enumerate(clause.cites):
            if cited not in known:
                yield (*location, "cites", position), "unknown_article", f"the text has no article {cited}"


def _grounds(agreement: Agreement) -> Iterator[Violation]:
    if agreement.fictional:
        return
    for location, clause in agreement.clauses():
        # Data items stand or fall with the annex, or with the addendum that brings them; both are clauses themselves.
        if not isinstance(clause, Dataset | Item) and not clause.cites and not clause.assumption:
            yield location, "ungrounded", "it neither cites the text nor is marked as assumption"


def _records(agreement: Agreement) -> Iterator[Violation]:
    seen: set[str] = set()
    for number, retention in enumerate(agreement.retention):
        place: Location = ("retention", number, "covers")
        if retention.covers and retention.counted_from != "received":
            yield place, "record_without_reception", "a record is kept from the day on which it was made (received)"
        for position, relation in enumerate(retention.covers):
            if relation in seen:
                yield (*place, position), "covered_twice", f"{relation} has a term already"
            seen.add(relation)


def _identifiers(agreement: Agreement) -> Iterator[Violation]:
    for section in ("articles", "legal_bases", "retention", "obligations", "provisions"):
        seen = set()
        for position, clause in enumerate(getattr(agreement, section)):
            name = next(str(value) for key in ("id", "topic", "number") if (value := getattr(clause, key, None)))
            if name in seen:
                yield (section, position), "given_twice", f"{name} is given twice"
            seen.add(name)


def _everything(agreement: Agreement) -> Iterator[tuple[Location, Agreement | Changes]]:
    yield (), agreement
    for position, addendum in enumerate(agreement.addenda):
        yield ("addenda", position, "changes"), addendum.changes


def _references(agreement: Agreement) -> Iterator[Violation]:
    bases = {basis.id for _, part in _everything(agreement) for basis in part.legal_bases}
    terms = {retention.id for _, part in _everything(agreement) for retention in part.retention}
    datasets = {dataset.key for _, part in _everything(agreement) for dataset in part.datasets}
    for location, part in _everything(agreement):
        for position, entry in enumerate(part.item_terms):
            place = (*location, "item_terms", position)
            if entry.legal_basis and entry.legal_basis not in bases:
                yield (*place, "legal_basis"), "unknown_basis", f"no legal basis has the id {entry.legal_basis}"
            if entry.retention and entry.retention not in terms:
                yield (*place, "retention"), "unknown_retention", f"no retention has the id {entry.retention}"
            for index, name in enumerate(entry.datasets):
                if f"{entry.party}.{name}" not in datasets:
                    yield (*place, "datasets", index), "unknown_dataset", f"{entry.party} gives no dataset {name}"


def _listed_items(agreement: Agreement) -> Iterator[tuple[Location, Dataset, Item]]:
    known = {dataset.key: dataset for _, part in _everything(agreement) for dataset in part.datasets}
    for location, part in _everything(agreement):
        for position, dataset in enumerate(part.datasets):
            for index, item in enumerate(dataset.items):
                yield (*location, "datasets", position, "items", index), dataset, item
        for position, change in enumerate(part.items if isinstance(part, Changes) else ()):
            if change.dataset in known:
                yield (*location, "items", position), known[change.dataset], change.item


def _items(agreement: Agreement) -> Iterator[Violation]:
    bases = {basis.id for _, part in _everything(agreement) for basis in part.legal_bases}
    terms = {retention.id for _, part in _everything(agreement) for retention in part.retention}
    complete = apply(agreement, sorted(agreement.addenda, key=lambda addendum: addendum.in_force_from))
    for location, dataset, item in _listed_items(agreement):
        name = f"{dataset.key}.{item.column}"
        if not (basis := complete.legal_basis_of(dataset, item)):
            yield location, "item_without_basis", f"{name} has no legal basis"
        elif basis not in bases:
            yield location, "unknown_basis", f"{name}: no legal basis has the id {basis}"
        if not (retention := complete.retention_of(dataset, item)):
            yield location, "item_without_retention", f"{name} has no retention"
        elif retention not in terms:
            yield location, "unknown_retention", f"{name}: no retention has the id {retention}"


def _authority(agreement: Agreement) -> Iterator[Violation]:
    seen: set[str] = set()
    for position, authority in enumerate(agreement.authority):
        for index, attribute in enumerate(authority.attributes):
            if attribute in seen:
                yield ("authority", position, "attributes", index), "given_twice", f"{attribute} has two authorities"
            seen.add(attribute)


def _signing(agreement: Agreement) -> Iterator[Violation]:
    if agreement.validity.start < agreement.signed:
        yield ("validity", "start"), "validity_before_signing", "the agreement is in force before it was signed"


def _liaison(agreement: Agreement) -> Iterator[Violation]:
    start, end = agreement.validity.start, _last_day(agreement)
    for party in sorted(agreement.parties):
        units = sorted(
            (unit.valid_from, unit.valid_to or date.max, position)
            for position, unit in enumerate(agreement.liaison_units)
            if unit.party == party
        )
        if not units:
            yield ("liaison_units",), "liaison_gap", f"{party} has no liaison unit"
            continue
        if units[0][0] > start:
            yield (
                ("liaison_units", units[0][2]),
                "liaison_gap",
                f"{party} has no liaison unit from {start} to {units[0][0] - timedelta(days=1)}",
            )
        for (_, until, _), (since, _, position) in pairwise(units):
            if since <= until:
                yield ("liaison_units", position), "liaison_overlap", f"{party} has two liaison units on {since}"
            elif since - until > timedelta(days=1):
                gap = f"from {until + timedelta(days=1)} to {since - timedelta(days=1)}"
                yield ("liaison_units", position), "liaison_gap", f"{party} has no liaison unit {gap}"
        if units[-1][1] < end:
            gap = f"from {units[-1][1] + timedelta(days=1)} to {end}"
            yield ("liaison_units", units[-1][2]), "liaison_gap", f"{party} has no liaison unit {gap}"


def _last_day(agreement: Agreement) -> date:
    ends = [addendum.changes.extension.end for addendum in agreement.addenda if addendum.changes.extension]
    return max(agreement.validity.end, *ends) if ends else agreement.validity.end


def _suspensions(agreement: Agreement) -> Iterator[Violation]:
    for position, suspension in enumerate(agreement.suspensions):
        location = ("suspensions", position)
        if not agreement.validity.start <= suspension.start <= _last_day(agreement):
            yield location, "suspension_outside_validity", "the suspension starts outside the agreement's validity"
        if suspension.notified is not None and suspension.notified < suspension.start:
            yield (*location, "notified"), "notice_before_event", "the notice is older than the force majeure"


def _addenda(agreement: Agreement) -> Iterator[Violation]:
    order = sorted(enumerate(agreement.addenda), key=lambda pair: (pair[1].in_force_from, pair[1].signed, pair[0]))
    current = agreement
    for position, addendum in order:
        location = ("addenda", position)
        if addendum.signed > current.validity.end:
            yield location, "addendum_after_end", f"it was signed after the agreement's end, {current.validity.end}"
        elif addendum.in_force_from > current.validity.end + timedelta(days=1):
            yield location, "addendum_after_end", f"it is not in force when the agreement ends, {current.validity.end}"
        yield from _term(current, addendum, location)
        yield from _targets(current, addendum.changes, (*location, "changes"))
        current = apply(current, [addendum])
        try:
            type(agreement).model_validate(current.model_dump())
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                yield (*location, "changes"), item["type"], f"with this addendum {item['msg']}"
    for (_, first), (position, second) in pairwise(order):
        if (first.in_force_from, first.signed) == (second.in_force_from, second.signed):
            both = first.changes.model_fields_set & second.changes.model_fields_set
            if both:
                points = ", ".join(sorted(both))
                yield ("addenda", position), "addenda_conflict", f"two addenda of one day both change {points}"


def _term(current: Agreement, addendum: Addendum, location: Location) -> Iterator[Violation]:
    changes, end = addendum.changes, current.validity.end
    if changes.extension is not None:
        expected = end + timedelta(days=1)
        place = (*location, "changes", "extension", "start")
        if changes.extension.start < expected:
            yield place, "validity_overlap", f"the extension overlaps the term that ends on {end}"
        elif changes.extension.start > expected:
            yield place, "validity_gap", f"the extension leaves a gap after the term that ends on {end}"
    if changes.termination is not None and not addendum.in_force_from <= changes.termination <= end:
        place = (*location, "changes", "termination")
        yield place, "termination_outside_term", f"the end must lie between the addendum's first day and {end}"


def _targets(current: Agreement, changes: Changes, location: Location) -> Iterator[Violation]:
    datasets = {dataset.key: dataset for dataset in (*current.datasets, *changes.datasets)}
    items = {f"{dataset.key}.{column}" for dataset in datasets.values() for column in dataset.columns}
    duties = {duty.id for duty in current.obligations}
    named: tuple[tuple[str, Iterable[str], Callable[[str], bool]], ...] = (
        ("remove_datasets", changes.remove_datasets, datasets.__contains__),
        ("remove_items", changes.remove_items, items.__contains__),
        ("remove_obligations", changes.remove_obligations, duties.__contains__),
        ("items", (change.dataset for change in changes.items), datasets.__contains__),
    )
    for section, names, known in named:
        for position, name in enumerate(names):
            if not known(name):
                yield (*location, section, position), "unknown_target", f"the agreement has no {name}"


def _assumptions(agreement: Agreement) -> Iterator[Violation]:
    for position, assumption in enumerate(agreement.assumptions):
        if assumption.about not in type(agreement).model_fields:
            yield ("assumptions", position, "about"), "unknown_section", f"the file has no section {assumption.about}"


def remarks(agreement: Agreement) -> Iterator[str]:
    """What breaks no rule but a reviewer should see: notices given late or not recorded."""
    for addendum in agreement.addenda:
        if addendum.changes.extension is None:
            continue
        due = extension_due(addendum.changes.extension.start - timedelta(days=1))
        if addendum.announced is None:
            yield f"no announcement of the extension is recorded; it was due by {due} (article 6(2))"
        elif addendum.announced > due:
            yield f"the extension was announced on {addendum.announced}, after {due} (article 6(2))"
    for suspension in agreement.suspensions:
        due = force_majeure_due(suspension)
        if suspension.notified is None:
            yield f"no notice of the suspension of {suspension.start} is recorded; due by {due} (article 10(2))"
        elif suspension.notified > due:
            yield f"the suspension of {suspension.start} was announced after {due} (article 10(2))"
