"""Tells a broken unit from a broken source."""

from __future__ import annotations

import threading

from padan.agencies.failures import Failure, Kind
from padan.agencies.wire import INTERNAL_ERROR
from padan.errors import MalformedResponse, PadanError, SourceUnavailable

_ALWAYS_SOURCE = frozenset({Kind.THROTTLED, Kind.SUSPENDED})


class Health:
    """What all workers of a client saw lately. Thread-safe."""

    def __init__(self, party: str, limit: int) -> None:
        self._party = party
        self._limit = limit
        self._lock = threading.Lock()
        self._given_up: dict[str, int] = {}
        self.successes = 0

    def worked(self, dataset: str) -> None:
        """A unit was fetched."""
        with self._lock:
            self.successes += 1
            self._given_up[dataset] = 0

    def gave_up(self, dataset: str, failure: Failure, successes_before: int) -> PadanError | None:
        """A unit failed for good; the error to raise if the source is to blame, else None.

        The source is to blame if it throttles or is suspended to the end; if it was unreachable for one unit's whole
        patience and nothing else (counted since ``successes_before``) got through either; or if ``limit`` units of one
        dataset failed in a row. An HTTP 500 to the end is the unit's own trouble, or a run could never get past it.
        """
        with self._lock:
            in_a_row = self._given_up[dataset] = self._given_up.get(dataset, 0) + 1
            alone = self.successes == successes_before
        unreachable = failure.kind is Kind.UNAVAILABLE and failure.rule != INTERNAL_ERROR
        if failure.kind in _ALWAYS_SOURCE or (unreachable and alone):
            return SourceUnavailable(
                f"{self._party}: {dataset}: {failure.reason} (rule {failure.rule}), after all retries"
            )
        if in_a_row < self._limit:
            return None
        message = (
            f"{self._party}: {dataset}: {in_a_row} requests in a row failed for good, the last one: {failure.reason} "
            f"(rule {failure.rule})"
        )
        return MalformedResponse(message) if failure.kind is Kind.SHAPE else SourceUnavailable(message)
