"""The registry of tiers (seed ``matching_tiers``): no person is matched by a rule that it does not name."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from padan.errors import StepFailed
from padan.warehouse.connection import Connection

# In the order in which they are applied; the first two of them after a person's decision are dbt's.
ORDER = ("decided", "exact_nip", "exact_nik", "nip_corrected", "probabilistic")


@dataclass(frozen=True, slots=True)
class Tier:
    """One rule: from which score on (0 to 1) a pair is matched, and from which on it waits for a person."""

    name: str
    accept_score: Decimal
    review_score: Decimal


def read(database: Connection) -> dict[str, Tier]:
    """The tiers that may match, by name, in their order.

    Raises:
        StepFailed: the registry names a tier that does not exist, or in another order, or with thresholds that cross.
    """
    rows = database.execute(
        "select tier, accept_score, review_score from reference.matching_tiers order by position, tier"
    ).fetchall()
    tiers = {name: Tier(name, accept, review) for name, accept, review in rows}
    unknown = sorted(set(tiers) - set(ORDER))
    if unknown:
        raise StepFailed(f"matching_tiers names {', '.join(unknown)}, and there is no such rule")
    if list(tiers) != [name for name in ORDER if name in tiers]:
        raise StepFailed(f"matching_tiers puts the tiers in another order than they are applied: {', '.join(ORDER)}")
    for tier in tiers.values():
        if not 0 <= tier.review_score <= tier.accept_score <= 1:
            raise StepFailed(f"matching_tiers: {tier.name} needs 0 <= review_score <= accept_score <= 1")
    return tiers
