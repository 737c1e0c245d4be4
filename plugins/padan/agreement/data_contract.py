"""The agreement as data contracts of the Open Data Contract Standard (ODCS) 3.1.0, one for each party that gives data.

Standard: Bitol's Open Data Contract Standard v3.1.0 (LF AI & Data), whose JSON Schema the tests hold this to.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import yaml

from padan.agreement.clauses import Dataset, Item, PartyCode

if TYPE_CHECKING:
    from padan.agreement.model import Agreement

API_VERSION = "v3.1.0"
# A fixed namespace, so that the same agreement always gives the same contract id.
_NAMESPACE = uuid.UUID("6f1a3c52-3a0e-5d0b-9a57-0d5f5b6f2c11")
_GRANULARITY = {"paged": "as the service lists them", "per_key": "asked person by person", "file_drop": "as exported"}


def contract(agreement: Agreement, giver: PartyCode, day: date) -> dict[str, Any]:
    """The contract under which ``giver`` gives its datasets, as the agreement stands on ``day``."""
    effective = agreement.on(day)
    numbers = f"{effective.numbers['bps']} / {effective.numbers['bkn']}"
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": str(uuid.uuid5(_NAMESPACE, f"{numbers} {giver}")),
        "name": f"pks_{giver}",
        "version": f"1.{len(agreement.addenda_on(day))}.0",
        "status": _status(effective, day),
        "domain": "kepegawaian",
        "tenant": effective.parties[giver].name,
        "tags": ["fictional"] if effective.fictional else [],
        "description": {
            "purpose": effective.purpose.text,
            "usage": f"Only for {effective.title} ({numbers}); article 9(4).",
            "limitations": _limitations(effective),
        },
        "schema": [_schema(effective, dataset) for dataset in effective.given_by(giver)],
        "support": _support(effective, day),
        "team": {
            "name": effective.parties[giver].name,
            "description": effective.liaison(giver, _within(effective, day)).unit,
        },
        "slaProperties": [*_term(effective), *_retention(effective, giver)],
        "customProperties": [
            {"property": "agreementNumbers", "value": dict(sorted(effective.numbers.items()))},
            {"property": "signed", "value": effective.signed.isoformat()},
            {"property": "addenda", "value": [addendum.key for addendum in agreement.addenda_on(day)]},
            {"property": "legalBases", "value": {basis.id: basis.text for basis in effective.legal_bases}},
            {"property": "assumptions", "value": [f"{what}: {why}" for what, why in effective.assumed()]},
        ],
    }


def as_yaml(document: dict[str, Any]) -> str:
    """The contract as YAML text, in the standard's order of keys."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _within(agreement: Agreement, day: date) -> date:
    return min(max(day, agreement.validity.start), agreement.validity.end)


def _status(agreement: Agreement, day: date) -> str:
    if day < agreement.validity.start:
        return "proposed"
    return "active" if day <= agreement.validity.end else "retired"


def _limitations(agreement: Agreement) -> str:
    texts = [
        provision.text for provision in agreement.provisions if provision.topic in ("onward_disclosure", "security")
    ]
    return " ".join(texts) or "As the agreement says."


def _schema(agreement: Agreement, dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "logicalType": "object",
        "physicalType": "file" if dataset.access == "file_drop" else "api",
        "description": dataset.purpose,
        "dataGranularityDescription": f"One row per {', '.join(dataset.row_key)}, {_GRANULARITY[dataset.access]}.",
        "properties": [_property(agreement, dataset, item) for item in dataset.items],
        "customProperties": [{"property": "access", "value": dataset.access}],
    }


def _property(agreement: Agreement, dataset: Dataset, item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": item.column,
        "physicalName": item.field,
        "logicalType": "string",
        "physicalType": "text",
        "description": item.meaning,
        "required": item.required,
        "classification": item.personal,
    }
    if item.column in dataset.row_key:
        found |= {"primaryKey": True, "primaryKeyPosition": dataset.row_key.index(item.column) + 1}
    found["customProperties"] = [
        {"property": "legalBasis", "value": agreement.legal_basis_of(dataset, item)},
        {"property": "retention", "value": agreement.retention_of(dataset, item)},
    ]
    return found


def _support(agreement: Agreement, day: date) -> list[dict[str, Any]]:
    units = [agreement.liaison(party, _within(agreement, day)) for party in sorted(agreement.parties, reverse=True)]
    return [{"channel": unit.unit, "tool": "email", "url": f"mailto:{unit.email}", "scope": "issues"} for unit in units]


def _term(agreement: Agreement) -> list[dict[str, Any]]:
    return [
        {"property": "generalAvailability", "value": agreement.validity.start.isoformat(), "driver": "regulatory"},
        {"property": "endOfSupport", "value": agreement.validity.end.isoformat(), "driver": "regulatory"},
    ]


def _retention(agreement: Agreement, giver: PartyCode) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for dataset in agreement.given_by(giver):
        for item in dataset.items:
            found.setdefault(agreement.retention_of(dataset, item), []).append(f"{dataset.name}.{item.column}")
    terms = {retention.id: retention for retention in agreement.retention}
    return [
        {
            "property": "retention",
            "value": terms[name].days,
            "unit": "d",
            "element": ",".join(elements),
            "driver": "regulatory",
            "description": f"counted from: {terms[name].counted_from}; {terms[name].disposal}",
        }
        for name, elements in found.items()
    ]
