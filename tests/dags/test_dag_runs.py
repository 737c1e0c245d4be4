"""Each DAG really run: the real scheduler, LocalExecutor, asset events, the sandbox's services, real SMTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from padan.flows import PIPELINE
from sandbox.stack import Stack
from tests.stack_runs import FIRST_DAY, airflow_client, latest_tasks

pytestmark = pytest.mark.timeout(900)


def test_every_dag_succeeds_and_hands_on_the_logical_date(stack: Stack, first_run: dict[str, Any]) -> None:
    for workflow in PIPELINE:
        assert set(latest_tasks(stack, workflow.name).values()) == {"success"}, workflow.name
    events = airflow_client(stack).asset_events()
    assert len(events) >= 4
    assert {event["extra"].get("as_of") for event in events} == {FIRST_DAY.isoformat()}


def test_the_logical_day_is_never_the_clock(first_run: dict[str, Any]) -> None:
    days = {extract["as_of"] for extract in first_run["agencies"].values()}
    assert days == {FIRST_DAY.isoformat()}
    assert date.today().isoformat() not in days
