"""Which part of a holding is past its term on a day: pure rules, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from padan.agreement import Agreement, Dataset
from padan.agreement.clauses import Retention


@dataclass(frozen=True, slots=True)
class Past:
    """What of a holding is past its term: everything, or what was received and superseded before a day."""

    rule: str
    """Ids of the retentions, joined by +."""
    ended: date | None = None
    """Last day of the term that counts from the agreement's end; then everything is past, but for the next two."""
    received_before: date | None = None
    superseded_before: date | None = None

    @property
    def whole(self) -> bool:
        """Whether everything is past, whenever it came."""
        return self.received_before is None and self.superseded_before is None

    @property
    def cut_off(self) -> date:
        """The day to put on record."""
        days = [day for day in (self.ended, self.received_before, self.superseded_before) if day is not None]
        return min(days)


def past(agreement: Agreement, retentions: Iterable[Retention], as_of: date) -> Past | None:
    """What is past on ``as_of`` of rows that fall under all of ``retentions`` at once: the longest term counts.

    ``agreement`` is that of the day (:meth:`Agreement.on`), so an extension moves the terms that count from the end.
    None: nothing is.
    """
    found = sorted(set(retentions), key=lambda retention: retention.id)
    if not found:
        return None
    days: dict[str, int] = {}
    for retention in found:
        days[retention.counted_from] = max(days.get(retention.counted_from, 0), retention.days)
    ended = None
    if "agreement_end" in days:
        ended = agreement.validity.end + timedelta(days=days["agreement_end"])
        if as_of <= ended:
            return None

    def before(counted_from: str) -> date | None:
        return as_of - timedelta(days=days[counted_from]) if counted_from in days else None

    return Past("+".join(retention.id for retention in found), ended, before("received"), before("superseded"))


def of_dataset(agreement: Agreement, dataset: Dataset) -> set[Retention]:
    """The retentions of a dataset's items; a row holds them all, so it is kept for the longest."""
    return {_by_id(agreement, agreement.retention_of(dataset, item)) for item in dataset.items}


def of_people(agreement: Agreement) -> set[Retention]:
    """The retentions of every item that names a person, of both parties: those of what is derived from both."""
    return {
        _by_id(agreement, agreement.retention_of(dataset, item))
        for dataset in agreement.datasets
        for item in dataset.items
        if item.personal in ("direct", "sensitive")
    }


def of_record(agreement: Agreement, relation: str) -> set[Retention]:
    """The retention that covers one of Padan's own records; empty if none does."""
    return {retention for retention in agreement.retention if relation in retention.covers}


def _by_id(agreement: Agreement, name: str) -> Retention:
    return next(retention for retention in agreement.retention if retention.id == name)
