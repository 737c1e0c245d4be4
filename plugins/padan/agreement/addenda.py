"""What addenda do to an agreement (PKS article 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from padan.agreement.clauses import Addendum, Authority, Changes, Dataset, ItemChange

if TYPE_CHECKING:
    from padan.agreement.model import Agreement

T = TypeVar("T")


def apply(agreement: Agreement, addenda: Iterable[Addendum]) -> Agreement:
    """The agreement as ``addenda`` have it, applied in the order given, so the last has the last word."""
    for addendum in addenda:
        agreement = agreement.model_copy(update=_updates(agreement, addendum.changes))
    return agreement


def _updates(agreement: Agreement, changes: Changes) -> dict[str, Any]:
    updates: dict[str, Any] = {
        "parties": {**agreement.parties, **changes.parties},
        "legal_bases": _put(agreement.legal_bases, changes.legal_bases, lambda basis: basis.id),
        "retention": _put(agreement.retention, changes.retention, lambda retention: retention.id),
        "item_terms": (*agreement.item_terms, *changes.item_terms),
        "authority": _authority(agreement.authority, changes.authority),
        "obligations": _put(
            agreement.obligations, changes.obligations, lambda duty: duty.id, changes.remove_obligations
        ),
        "provisions": _put(agreement.provisions, changes.provisions, lambda provision: provision.topic),
        "datasets": _datasets(agreement.datasets, changes),
    }
    end = changes.termination or (changes.extension.end if changes.extension else None)
    if end is not None:
        updates["validity"] = agreement.validity.model_copy(update={"end": end})
    updates.update({name: value for name in ("purpose", "scope") if (value := getattr(changes, name)) is not None})
    return updates


def _put(
    old: tuple[T, ...], new: tuple[T, ...], key: Callable[[T], str], removed: tuple[str, ...] = ()
) -> tuple[T, ...]:
    """``old`` with those of ``new`` in their places or at the end, and without the ``removed``."""
    merged = {key(value): value for value in (*old, *new)}
    return tuple(value for name, value in merged.items() if name not in removed)


def _authority(old: tuple[Authority, ...], new: tuple[Authority, ...]) -> tuple[Authority, ...]:
    moved = {attribute for authority in new for attribute in authority.attributes}
    kept = [(authority, tuple(name for name in authority.attributes if name not in moved)) for authority in old]
    return (*(authority.model_copy(update={"attributes": names}) for authority, names in kept if names), *new)


def _datasets(old: tuple[Dataset, ...], changes: Changes) -> tuple[Dataset, ...]:
    datasets = _put(old, changes.datasets, lambda dataset: dataset.key, changes.remove_datasets)
    return tuple(_with_items(dataset, changes.items, changes.remove_items) for dataset in datasets)


def _with_items(dataset: Dataset, changes: tuple[ItemChange, ...], removed: tuple[str, ...]) -> Dataset:
    new = tuple(change.item for change in changes if change.dataset == dataset.key)
    gone = tuple(name.removeprefix(f"{dataset.key}.") for name in removed if name.startswith(f"{dataset.key}."))
    if not new and not gone:
        return dataset
    return dataset.model_copy(update={"items": _put(dataset.items, new, lambda item: item.column, gone)})
