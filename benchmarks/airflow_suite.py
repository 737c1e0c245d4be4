"""Suite ``airflow``: what Airflow itself takes of the wall time of the whole chain of DAG runs.

A stack of its own, as `make run` starts it on an empty warehouse, runs the pipeline once. Each task tells when its step
began and ended (an XCom of ``dags/support/steps.py``); time in which no step was at work is Airflow's own. The packages
that a step imports are the step's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from benchmarks.contestant import RunFailed
from benchmarks.national import FIRST_DAY
from benchmarks.report import against, table
from benchmarks.suites import Bench, Result
from padan.flows import PIPELINE
from sandbox.airflow_run import AirflowClient, follow
from sandbox.stack import Stack

TARGET = 30.0  # seconds of a run of 20,000 people
WORKED = "worked"  # the XCom of dags/support/steps.py
_PATIENCE = 3600

Span = tuple[float, float]


@dataclass(frozen=True)
class Task:
    """Moments of a task in seconds: when it could be run, was queued, its process began, its step began and ended."""

    dag: str
    name: str
    queued: float
    started: float
    worked: Span
    ended: float


def measure(bench: Bench) -> Result:
    """Run the chain once on a fresh stack.

    Raises:
        RunFailed: a step failed.
    """
    stack = Stack(home=bench.directory / "airflow", people=bench.options.people)
    stack.clean()
    try:
        bench.progress("starting a stack")
        stack.up(bench.progress)
        client = AirflowClient(stack.addresses()["airflow"], "admin", stack.secrets["airflow_password"])
        triggered = datetime.now(UTC)
        failed = follow(client, FIRST_DAY, Console(quiet=True), patience=_PATIENCE)
        if failed:
            raise RunFailed(f"failed: {', '.join(failed)}")
        tasks = list(_tasks(client, triggered))
    finally:
        stack.down()
    return {"people": bench.options.people, **shares(triggered.timestamp(), tasks)}


def _tasks(client: AirflowClient, since: datetime) -> Iterator[Task]:
    for workflow in PIPELINE:
        run = client.run_since(workflow.name, since)
        if run is None:
            raise RunFailed(f"{workflow.name} did not run")
        for name, found in client.tasks(workflow.name, run["dag_run_id"]).items():
            began, ended = client.xcom(workflow.name, run["dag_run_id"], name, WORKED)
            yield Task(
                workflow.name,
                name,
                _moment(found["queued_when"]),
                _moment(found["start_date"]),
                (_moment(began), _moment(ended)),
                _moment(found["end_date"]),
            )


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def shares(triggered: float, tasks: list[Task]) -> Result:
    """Seconds of the chain and of what it was spent on, as a sum of parts that do not overlap; the tasks themselves.

    A second counts for the first of these that it fits: a step at work, a task's process before or after its step, a
    task that is queued, a DAG run between two tasks, and what is between two DAG runs.
    """
    end = max(task.ended for task in tasks)
    by_dag = {task.dag: [one for one in tasks if one.dag == task.dag] for task in tasks}
    kinds: dict[str, list[Span]] = {
        "steps at work": [task.worked for task in tasks],
        "tasks starting": [(task.started, task.worked[0]) for task in tasks],
        "tasks ending": [(task.worked[1], task.ended) for task in tasks],
        "tasks queued": [(task.queued, task.started) for task in tasks],
        "between tasks of a run": [
            (min(one.queued for one in found), max(one.ended for one in found)) for found in by_dag.values()
        ],
        "between runs": [(triggered, end)],
    }
    seconds, covered, before = {}, list[Span](), 0.0
    for kind, spans in kinds.items():
        covered += spans
        so_far = together(covered)
        seconds[kind], before = so_far - before, so_far
    rows = [
        {
            "dag": task.dag,
            "task": task.name,
            "queued": task.started - task.queued,
            "starting": task.worked[0] - task.started,
            "working": task.worked[1] - task.worked[0],
            "ending": task.ended - task.worked[1],
        }
        for task in sorted(tasks, key=lambda task: task.started)
    ]
    own = end - triggered - seconds["steps at work"]
    return {"seconds": end - triggered, "own_seconds": own, "parts": seconds, "tasks": rows, "target": TARGET}


def together(spans: Iterable[Span]) -> float:
    """Seconds in which at least one of the spans lasts."""
    total, reached = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, reached))
        reached = max(reached, ended)
    return total


def tables(result: Result) -> Iterator[Table]:
    """Where the time of the chain went, and each task."""
    made = table(f"A run of {result['people']:,} people under Airflow", "", "seconds", "target", "")
    made.add_row("the chain, from trigger to last task", f"{result['seconds']:.1f}", "", "")
    for name, seconds in result["parts"].items():
        made.add_row(f"  {name}", f"{seconds:.1f}", "", "")
    own = result["own_seconds"]
    made.add_row("Airflow's own", f"{own:.1f}", *against(own, result["target"], at_most=True))
    yield made
    each: Table = table("Each task", "DAG", "task", "queued s", "starting s", "step s", "ending s")
    for one in result["tasks"]:
        seconds = [f"{one[name]:.2f}" for name in ("queued", "starting", "working", "ending")]
        each.add_row(one["dag"], one["task"], *seconds)
    yield each
