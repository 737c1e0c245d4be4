"""A run for a day before one that history holds: refused before dbt drops anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from padan.errors import StepFailed
from padan.flows import warehouse
from padan.warehouse.dbt import DbtOutcome
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import environment_of, settings_for

KEPT = date(2026, 3, 10)
STEPS = (warehouse.build_staging, warehouse.match_exactly, warehouse.integrate, warehouse.build_marts)


@pytest.fixture
def built(new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The dbt commands that were begun, over a warehouse whose history ends on the day ``KEPT``."""
    url = new_database()
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "create schema if not exists snapshots; "
            "create table snapshots.snap_a (dbt_valid_from timestamp, dbt_valid_to timestamp); "
            "create table snapshots.snap_b (dbt_valid_from timestamp, dbt_valid_to timestamp); "
            "grant usage on schema snapshots to transformer; "
            "grant select on all tables in schema snapshots to transformer"
        )
        connection.execute("insert into snapshots.snap_a values ('2026-03-02', null)")
        # What ended that day was seen that day as well.
        connection.execute("insert into snapshots.snap_b values ('2026-03-02', %s)", (KEPT,))
    for name, value in environment_of(settings_for(url, tmp_path)).items():
        monkeypatch.setenv(name, value)
    commands: list[str] = []

    def run_dbt(settings: object, as_of: date, *words: str) -> DbtOutcome:
        commands.append(" ".join(words))
        return DbtOutcome("dbt", {}, (), 0.0)

    monkeypatch.setattr(warehouse, "run_dbt", run_dbt)
    return commands


@pytest.mark.parametrize("step", STEPS)
def test_a_late_day_is_refused_before_anything_is_built(built: list[str], step: Callable[[date], object]) -> None:
    with pytest.raises(StepFailed, match=r"history holds the day 2026-03-10 already \(snap_b\): 2026-03-09 is late"):
        step(date(2026, 3, 9))
    assert built == []


@pytest.mark.parametrize("step", STEPS)
def test_the_same_day_and_a_later_one_go_on(built: list[str], step: Callable[[date], object]) -> None:
    step(KEPT)
    step(date(2026, 3, 11))
    assert len(built) == 2
