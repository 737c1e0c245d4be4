"""Each DAG really run: the real scheduler, LocalExecutor, asset events, the sandbox's services, real SMTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from benchmarks.airflow_suite import WORKED
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


def test_each_task_says_when_its_step_worked(stack: Stack, first_run: dict[str, Any]) -> None:
    client = airflow_client(stack)
    for workflow in PIPELINE:
        run_id = client.latest_run_id(workflow.name)
        for name, task in client.tasks(workflow.name, run_id).items():
            worked = client.xcom(workflow.name, run_id, name, WORKED)
            moments = [datetime.fromisoformat(text) for text in (task["start_date"], *worked, task["end_date"])]
            assert moments == sorted(moments), name


def test_the_logical_day_is_never_the_clock(first_run: dict[str, Any]) -> None:
    days = {extract["as_of"] for extract in first_run["agencies"].values()}
    assert days == {FIRST_DAY.isoformat()}
    assert date.today().isoformat() not in days
