"""The DAGs apart from the chain, run by the real scheduler."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sandbox.postgres import SUPERUSER
from sandbox.stack import Stack
from tests.stack_runs import FIRST_DAY, latest_tasks, run_alone

pytestmark = pytest.mark.timeout(600)


def counted(stack: Stack, query: str) -> int:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def test_the_duties_are_reviewed_published_and_reminded_of(stack: Stack, first_run: dict[str, Any]) -> None:
    assert run_alone(stack, "remind_obligations", FIRST_DAY) == "success"
    assert set(latest_tasks(stack, "remind_obligations").values()) == {"success"}
    reviewed = counted(stack, "select count(*) from obligations.standing")
    assert reviewed > 0
    assert counted(stack, "select count(*) from marts_reconciliation.rpt_obligations") == reviewed
    told = counted(stack, "select count(*) from obligations.reminder")
    assert run_alone(stack, "remind_obligations", FIRST_DAY) == "success"
    assert counted(stack, "select count(*) from obligations.reminder") == told


def test_retention_deletes_nothing_that_is_within_its_term(stack: Stack, first_run: dict[str, Any]) -> None:
    held = counted(stack, "select count(*) from raw_bkn.data_utama")
    assert held > 0
    assert run_alone(stack, "maintain_retention", FIRST_DAY) == "success"
    assert set(latest_tasks(stack, "maintain_retention").values()) == {"success"}
    assert counted(stack, "select count(*) from raw_bkn.data_utama") == held
