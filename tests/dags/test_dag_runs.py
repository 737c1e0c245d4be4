"""Each DAG really run: the real scheduler, LocalExecutor, asset events, the sandbox's services, real SMTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from padan.flows import PIPELINE
from sandbox.stack import Stack
from tests.stack_runs import FIRST_DAY, airflow_client, fault, run_dags

pytestmark = pytest.mark.timeout(900)


def latest_tasks(stack: Stack, dag_id: str) -> dict[str, str]:
    client = airflow_client(stack)
    run = client._request("GET", f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=1")["dag_runs"][0]
    return {name: task["state"] for name, task in client.tasks(dag_id, run["dag_run_id"]).items()}


def test_every_dag_succeeds_and_hands_on_the_logical_date(stack: Stack, first_run: list[str]) -> None:
    assert first_run == []
    client = airflow_client(stack)
    for workflow in PIPELINE:
        assert set(latest_tasks(stack, workflow.name).values()) == {"success"}, workflow.name
    events: list[dict[str, Any]] = client._request("GET", "assets/events?limit=100")["asset_events"]
    assert {event["extra"].get("as_of") for event in events} == {FIRST_DAY.isoformat()}


def test_one_agency_down_leaves_the_other_current_and_says_so(
    stack: Stack, first_run: list[str], status_of: Any
) -> None:
    """A refused credential (not retried) at BPS: its DAG fails, BKN is extracted, the marts are built, both are told."""
    assert first_run == []
    before = status_of(stack)
    day = FIRST_DAY + timedelta(days=3)
    with fault(stack, "jf", "refused_login", "/oauth2/token"):
        failed = run_dags(stack, day)
    after = status_of(stack)
    assert failed == ["land_bps_lists"]
    assert latest_tasks(stack, "extract_bps")["announce_bps"] == "success"
    assert latest_tasks(stack, "notify_liaison") == {"notify_liaison": "success"}
    assert after["agencies"]["bkn"]["as_of"] == day.isoformat()
    assert after["agencies"]["bps"]["state"] == "open"
    assert after["agencies"]["bps"]["reason"]
    assert after["agencies"]["bps"]["published_as_of"] == before["agencies"]["bps"]["published_as_of"]


def test_logical_day_is_never_the_clock(stack: Stack, first_run: list[str], status_of: Any) -> None:
    assert first_run == []
    days = {date.fromisoformat(extract["as_of"]) for extract in status_of(stack)["agencies"].values()}
    assert days <= {FIRST_DAY + timedelta(days=offset) for offset in range(10)}
    assert date.today() not in days
