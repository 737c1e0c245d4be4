"""A warehouse that others use: a step that cannot have a table says why, leaves all as it was, and succeeds later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from padan.errors import StepFailed, WarehouseBusy
from padan.settings import Settings
from padan.warehouse.connection import connect, exclusive
from padan.warehouse.dbt import run_dbt
from tests.integration.dbt_world import prepare
from tests.scripted_agencies import settings_for

DAY = date(2026, 3, 2)
SEED = ("seed", "--select", "attribute_registry", "--full-refresh")


@pytest.fixture
def seeded(new_database: Callable[[], str], tmp_path: Path) -> Settings:
    url = new_database()
    prepare(url)
    settings = settings_for(url, tmp_path, lock_timeout=1)
    run_dbt(settings, DAY, *SEED)
    return settings


def test_a_table_that_a_reader_holds_is_left_and_written_later(seeded: Settings) -> None:
    url = seeded.database_url.get_secret_value()
    with psycopg.connect(url) as reader:
        before = reader.execute("select count(*) from reference.attribute_registry").fetchone()
        with pytest.raises(WarehouseBusy, match="perhaps a BI query, holds a table; dbt seed") as refusal:
            run_dbt(seeded, DAY, *SEED)
        assert refusal.value.retryable
        assert reader.execute("select count(*) from reference.attribute_registry").fetchone() == before
    assert set(run_dbt(seeded, DAY, *SEED).nodes) == {"success"}


def test_a_statement_that_takes_too_long_is_ended(seeded: Settings) -> None:
    url = seeded.database_url.get_secret_value()
    impatient = seeded.model_copy(update={"lock_timeout": 60, "statement_timeout": 1})
    with psycopg.connect(url) as reader:
        reader.execute("select 1 from reference.attribute_registry")
        with pytest.raises(WarehouseBusy, match="took longer than PADAN_STATEMENT_TIMEOUT"):
            run_dbt(impatient, DAY, *SEED)


def test_one_dbt_at_a_time_works_on_a_warehouse(seeded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("padan.warehouse.dbt._WAIT", 1)
    url = seeded.database_url.get_secret_value()
    with connect(url) as other, exclusive(other, "dbt"), pytest.raises(StepFailed, match="another run works on dbt"):
        run_dbt(seeded, DAY, *SEED)
