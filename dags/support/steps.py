"""Turns a step of :mod:`padan.flows` into an Airflow task: logical date in, retries by kind, asset events out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pendulum
from airflow.sdk import Asset, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.log import mask_secret
from airflow.timetables.trigger import CronTriggerTimetable

WORKED = "worked"  # key of the XCom that holds when a step itself began and ended; the rest of the task is Airflow's
DEFAULT_ARGUMENTS = {
    "owner": "data-engineering",
    "retries": 4,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=20),
}
# What every DAG of the chain has in common; a run must end before the next one of it starts.
DAG_ARGUMENTS: Mapping[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULT_ARGUMENTS,
    "params": {
        "as_of": Param(
            None, type=["null", "string"], format="date", description="Logical date; default: the triggering run's"
        )
    },
}


def jakarta_time(cron: str) -> CronTriggerTimetable:
    """A schedule in the agencies' time; a moment that passed before the DAG was first seen is never made up for.

    ``run_immediately=False`` would still make up for it within a tenth of the interval.
    """
    return CronTriggerTimetable(cron, timezone="Asia/Jakarta", run_immediately=timedelta(0))


def logical_day(context: Mapping[str, Any]) -> str:
    """The ISO date that a run is about: its ``as_of`` parameter, the events that triggered it, or its logical date."""
    asked = (context.get("params") or {}).get("as_of")
    if asked:
        return str(asked)
    events = [event for found in (context.get("triggering_asset_events") or {}).values() for event in found]
    days = [str(event.extra["as_of"]) for event in events if event.extra and "as_of" in event.extra]
    if days:
        return max(days)
    moment = context.get("logical_date") or context["dag_run"].run_after
    return str(pendulum.instance(moment).in_timezone("Asia/Jakarta").to_date_string())


def mask_secrets() -> None:
    """Have Airflow mask Padan's secrets wherever it writes: a second net."""
    for name, value in os.environ.items():
        if name.startswith("PADAN_") and name.endswith(("_SECRET", "_PASSWORD", "_KEY", "_TOKEN", "_URL")):
            found = urlsplit(value).password if name.endswith("_URL") else value
            if found and len(found) >= 5:
                mask_secret(found)


def run_step(name: str, **arguments: Any) -> dict[str, Any]:
    """Run the step ``name`` for the current task's logical day and return its counts.

    An error that another try cannot mend (a refused credential, a renamed field) fails at once; one that it can
    (503, a throttle) is left to Airflow's retries; a day outside the agreement's validity ends as skipped.
    """
    from datetime import date

    from padan import redaction
    from padan.errors import AgreementNotInForce, PadanError
    from padan.flows import run

    redaction.install()
    mask_secrets()
    context = get_current_context()
    began = pendulum.now("UTC")
    try:
        counts = run(name, date.fromisoformat(logical_day(context)), **arguments)
    except AgreementNotInForce as error:
        raise AirflowSkipException(str(error)) from None
    except PadanError as error:
        if error.retryable:
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from None
    context["ti"].xcom_push(key=WORKED, value=[began.isoformat(), pendulum.now("UTC").isoformat()])
    return counts


def step(name: str, outlet: Asset | None = None, **options: Any) -> Any:
    """A task that runs the step ``name``; with ``outlet``, its success is announced with the logical date."""

    @task(task_id=name, outlets=[outlet] if outlet else [], **options)
    def run_it() -> dict[str, Any]:
        counts = run_step(name)
        if outlet:
            context = get_current_context()
            context["outlet_events"][outlet].extra = {"as_of": logical_day(context)}
        return counts

    return run_it()


def announcement(party: str, outlet: Asset) -> Any:
    """A teardown task that announces that the extraction of ``party`` ended, and whether its data is current."""

    @task(task_id=f"announce_{party}", outlets=[outlet], retries=2)
    def announce() -> dict[str, Any]:
        context = get_current_context()
        outcome = run_step("extraction_outcome", party=party)
        context["outlet_events"][outlet].extra = {"as_of": logical_day(context), **outcome}
        return outcome

    return announce().as_teardown()
