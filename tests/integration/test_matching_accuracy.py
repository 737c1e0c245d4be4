"""The tiers on people of whom the truth is known: every planted kind, and many of those that no exact key settles."""

from __future__ import annotations

import pytest

from benchmarks.matching_accuracy import Measured, measure


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(20231204, 40, 1200)


def test_nearly_everybody_is_found_and_nobody_wrongly(measured: Measured) -> None:
    assert measured.model == "trained"
    assert measured.precision >= 0.999
    assert measured.recall >= 0.99


def test_no_planted_kind_is_left_out(measured: Measured) -> None:
    """A rule that one kind defeats would not show in the shares of all."""
    assert {kind for kind, true in measured.true.items() if measured.found[kind] / true < 0.8} == set()
