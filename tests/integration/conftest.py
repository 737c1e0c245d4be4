"""Fixtures of the tests that need the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scripted_agencies import Bench, settings_for, small_world


@pytest.fixture
def bench(new_database: Callable[[], str], tmp_path: Path) -> Bench:
    """Scripted agencies over a small mixed-scope world, and an empty warehouse for this test alone.

    Nine people: one bad row is a ninth, so half of them may be bad before publication stops.
    """
    return Bench(settings_for(new_database(), tmp_path, quarantine_limit=0.5), small_world())
