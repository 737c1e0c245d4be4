"""What differs between two agreements, item by item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

if TYPE_CHECKING:
    from padan.agreement.model import Agreement


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that was added, removed or changed; ``place`` is its path: ``datasets.bkn.data_utama.items.nik``."""

    kind: Literal["added", "removed", "changed"]
    place: str
    before: str
    after: str


# What a reader recognises a clause by, where it comes or goes as a whole.
_TELLING = ("meaning", "purpose", "duty", "text", "unit", "summary", "title", "why", "cause", "disposal")


def differences(before: Agreement, after: Agreement) -> tuple[Difference, ...]:
    """Everything that differs, sorted by place; a whole dataset, item or duty that comes or goes is one difference."""
    return tuple(sorted(_compare("", _named(before), _named(after)), key=lambda difference: difference.place))


def _compare(place: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield Difference("changed", place, _shown(before), _shown(after))
        return
    for name in before.keys() | after.keys():
        inner = f"{place}.{name}" if place else name
        if name not in after:
            yield Difference("removed", inner, _shown(before[name]), "")
        elif name not in before:
            yield Difference("added", inner, "", _shown(after[name]))
        else:
            yield from _compare(inner, before[name], after[name])


def _named(value: Any) -> Any:
    """Models as mappings, and lists of clauses as mappings from what identifies each, so that order does not count."""
    if isinstance(value, BaseModel):
        return {name: _named(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(name): _named(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        if all(isinstance(inner, BaseModel) for inner in value):
            return {_identity(inner): _named(inner) for inner in value}
        return tuple(_named(inner) for inner in value)
    return value


def _identity(value: BaseModel) -> str:
    for name in ("key", "id", "column", "topic", "number", "about"):
        if identity := getattr(value, name, None):
            return str(identity)
    return " ".join(
        str(getattr(value, name)) for name in ("party", "valid_from", "start", "title") if hasattr(value, name)
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return next((str(value[name]) for name in _TELLING if value.get(name)), "…" if value else "")
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
