"""Starts one run of Padan's DAGs through Airflow's REST API and follows it to its end, live."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import requests
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from padan.flows import PIPELINE, Workflow

ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
MARKS = {"success": ("✓", "green"), "failed": ("✗", "red"), "upstream_failed": ("·", "dim"), "skipped": ("–", "yellow")}


class AirflowClient:
    """The few calls that following a run needs."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self._credentials = {"username": username, "password": password}
        self._session = requests.Session()

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if "Authorization" not in self._session.headers:
            reply = self._session.post(f"{self.address}/auth/token", json=self._credentials, timeout=30)
            reply.raise_for_status()
            self._session.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        reply = self._session.request(method, f"{self.address}/api/v2/{path}", json=body, timeout=30)
        reply.raise_for_status()
        answer: dict[str, Any] = reply.json()
        return answer

    def wait_for_dags(self, dag_ids: set[str], seconds: float = 60) -> None:
        """Wait until the DAG processor has stored every DAG of ``dag_ids``.

        Raises:
            TimeoutError: naming those that are missing and the files that do not import.
        """
        end = time.monotonic() + seconds
        missing = dag_ids
        while missing and time.monotonic() < end:
            found = {dag["dag_id"] for dag in self._request("GET", "dags?limit=100")["dags"]}
            missing = dag_ids - found
            if missing:
                time.sleep(0.5)
        if missing:
            broken = [error["filename"] for error in self._request("GET", "importErrors")["import_errors"]]
            raise TimeoutError(f"DAGs not found: {', '.join(sorted(missing))}; import errors in: {broken or 'none'}")

    def trigger(self, dag_id: str, as_of: date) -> str:
        """Start a run and return its id."""
        now = datetime.now(UTC)
        body = {"logical_date": now.isoformat(), "conf": {"as_of": as_of.isoformat()}}
        return str(self._request("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run_since(self, dag_id: str, moment: datetime) -> dict[str, Any] | None:
        """The oldest run of ``dag_id`` that was started after ``moment``."""
        query = f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=20"
        runs = [
            run
            for run in self._request("GET", query)["dag_runs"]
            if datetime.fromisoformat(run["run_after"].replace("Z", "+00:00")) >= moment
        ]
        return min(runs, key=lambda run: str(run["run_after"])) if runs else None

    def latest_run_id(self, dag_id: str) -> str:
        """Id of the newest run of ``dag_id``; it must have one."""
        return str(
            self._request("GET", f"dags/{dag_id}/dagRuns?order_by=-run_after&limit=1")["dag_runs"][0]["dag_run_id"]
        )

    def asset_events(self) -> list[dict[str, Any]]:
        """The newest hundred asset events."""
        found: list[dict[str, Any]] = self._request("GET", "assets/events?order_by=-timestamp&limit=100")[
            "asset_events"
        ]
        return found

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Task instances of a run by task id."""
        found = self._request("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        """What a task left under ``key``."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._request("GET", path)["value"]


@dataclass
class Followed:
    """What is known of one workflow's run."""

    workflow: Workflow
    run: dict[str, Any] | None = None
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return str(self.run["state"]) if self.run else "waiting"

    def failed_steps(self) -> list[str]:
        """Names of the steps that failed, or the workflow's where no step tells."""
        failed = [name for name, task in self.tasks.items() if task["state"] == "failed"]
        return sorted(failed) or ([self.workflow.name] if self.state == "failed" else [])


def follow(client: AirflowClient, as_of: date, console: Console, patience: float = 3600) -> list[str]:
    """Trigger the first DAG, follow the chain, and return the names of the steps that failed.

    Raises:
        TimeoutError: if the chain does not end within ``patience`` seconds.
    """
    client.wait_for_dags({workflow.name for workflow in PIPELINE})
    moment = datetime.now(UTC)
    client.trigger(PIPELINE[0].name, as_of)
    followed = [Followed(workflow) for workflow in PIPELINE]
    spinner = Spinner("dots", style="cyan")
    end = time.monotonic() + patience
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while time.monotonic() < end:
            for one in followed:
                if one.state in ("success", "failed"):
                    continue
                one.run = client.run_since(one.workflow.name, moment)
                if one.run is None:
                    break
                one.tasks = client.tasks(one.workflow.name, one.run["dag_run_id"])
            live.update(_picture(followed, spinner))
            if _over(followed):
                return [step for one in followed for step in one.failed_steps()]
            time.sleep(0.5)
    raise TimeoutError(f"the DAGs did not end within {patience:.0f} s")


def _over(followed: list[Followed]) -> bool:
    if all(one.state in ("success", "failed") for one in followed):
        return True
    if any(one.state == "success" and "skipped" in {task["state"] for task in one.tasks.values()} for one in followed):
        return True  # the agreement does not permit the day: nothing follows
    return any(one.state == "failed" and one.workflow.essential for one in followed)


def _seconds(task: dict[str, Any] | None) -> str:
    return f"{task['duration']:.1f} s" if task and task.get("duration") else ""


def _picture(followed: list[Followed], spinner: Spinner) -> RenderableType:
    return Group(*(line for one in followed for line in _lines(one, spinner)))


def _lines(one: Followed, spinner: Spinner) -> Iterator[RenderableType]:
    style = {"success": "bold green", "failed": "bold red"}.get(one.state, "bold")
    yield Text(f"{one.workflow.name}  {one.workflow.summary}", style=style if one.run else "dim")
    if one.run is None:
        return
    for step in one.workflow.steps:
        task = one.tasks.get(step.name)
        state = str(task["state"]) if task else "none"
        if state in MARKS:
            mark, colour = MARKS[state]
            yield Text.assemble((f"  {mark} ", colour), step.summary, (f"  {_seconds(task)}", "dim"))
        elif state in ("running", "queued", "up_for_retry"):
            spinner.update(text=Text(f"{step.summary}{'  (will be tried again)' if state == 'up_for_retry' else ''}"))
            yield Group(Text("  ", end=""), spinner)
