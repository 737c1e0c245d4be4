"""Whether a service's contract (OpenAPI) offers what the agreement lists: an item that it lacks can never arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from padan.agreement.clauses import PartyCode
from padan.agreement.document import AgreementFileError, Problem, read
from padan.errors import AgreementError

if TYPE_CHECKING:
    from padan.agreement.model import Agreement


def require_offered(agreement: Agreement, giver: PartyCode, agreement_file: Path, contract_file: Path) -> None:
    """Hold every data item that ``giver`` gives through its web service against the service's OpenAPI contract.

    Raises:
        AgreementFileError: naming the file, line and rule of each dataset or item that the contract lacks.
        AgreementError: the contract cannot be read.
    """
    try:
        contract = yaml.safe_load(contract_file.read_text(encoding="utf-8"))
        paths = {str(path): operations for path, operations in contract["paths"].items()}
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        raise AgreementError(f"{contract_file.name} is not an OpenAPI contract") from None
    source = read(agreement_file)
    problems: list[Problem] = []
    for position, dataset in enumerate(agreement.datasets):
        if dataset.party != giver or dataset.access == "file_drop":
            continue
        ending = "/" + dataset.name.replace("_", "-")
        found = [operations for path, operations in paths.items() if path.endswith(ending)]
        if not found:
            where = ("datasets", position)
            problems.append(
                source.problem(where, "contract_lacks_dataset", f"{contract_file.name} has no path {ending}")
            )
            continue
        offered = set(_properties(found[0], contract, frozenset()))
        problems += [
            source.problem(
                ("datasets", position, "items", index),
                "contract_lacks_item",
                f"{contract_file.name} does not offer {dataset.name}.{item.field}",
            )
            for index, item in enumerate(dataset.items)
            if item.field not in offered
        ]
    if problems:
        raise AgreementFileError(problems)


def _properties(node: Any, contract: dict[str, Any], followed: frozenset[str]) -> Iterator[str]:
    """The names of all properties under ``node``, following references within the contract."""
    if isinstance(node, list):
        for inner in node:
            yield from _properties(inner, contract, followed)
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in followed:
        yield from _properties(_resolved(reference, contract), contract, followed | {reference})
    properties = node.get("properties")
    if isinstance(properties, dict):
        yield from properties
    for inner in node.values():
        yield from _properties(inner, contract, followed)


def _resolved(reference: str, contract: dict[str, Any]) -> Any:
    node: Any = contract
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
    return node
