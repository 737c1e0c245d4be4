"""The DAG files themselves: exactly these, thin, cheap to parse, and needing no settings to parse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from padan.flows.pipeline import DUTIES, MAINTENANCE, PAPERS, PIPELINE, WATCH

EXPECTED = {
    "extract_bps": ["open_bps", "land_bps_lists", "publish_bps", "announce_bps"],
    "extract_bkn": [
        "open_bkn", "land_bkn_reference", "land_bkn_roster", "land_bkn_people", "publish_bkn", "announce_bkn",
    ],
    "build_warehouse": ["check_freshness", "check_raw", "build_staging", "check_staging", "take_snapshots"],
    "reconcile": [
        "link_people", "integrate", "check_comparison", "build_marts", "update_ledger", "check_marts", "write_docs",
    ],
    "notify_liaison": ["notify_liaison"],
    "watch": ["send_waiting", "watch"],
    "maintain_retention": ["maintain_retention"],
    "semester_minutes": [
        "draft_minutes", "approval", "approve_minutes", "publish_minutes", "mail_minutes",
        "record_minutes_evidence", "verify_minutes", "settle",
    ],
    "remind_obligations": ["review_obligations", "publish_obligations", "remind_obligations"],
}  # fmt: skip
HEAVY = (
    "great_expectations", "dbt", "psycopg", "requests", "padan.landing", "padan.quality", "padan.alerts",
    "padan.minutes", "padan.obligations", "padan.privacy", "pandas",
)  # fmt: skip
PARSE = """
import json, sys
from datetime import timedelta
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import timezone
from airflow.timetables import trigger
from airflow.timetables.base import TimeRestriction
before = set(sys.modules)
bag = DagBag(sys.argv[1])
made_up_for = []
for name, dag in bag.dags.items():
    timetable = getattr(dag.timetable, "_expression", None) and dag.timetable
    if timetable:
        moment = timetable._align_to_prev(timezone.utcnow()) + timedelta(minutes=1)
        trigger.utcnow = lambda: moment
        first = timetable.next_dagrun_info(last_automated_data_interval=None,
                                           restriction=TimeRestriction(None, None, catchup=False))
        if first.run_after <= moment:
            made_up_for.append(name)
print("RESULT " + json.dumps({
    "errors": bag.import_errors,
    "tasks": {name: [task.task_id for task in dag.topological_sort()] for name, dag in bag.dags.items()},
    "docs": {name: dag.doc_md or "" for name, dag in bag.dags.items()},
    "tags": {name: sorted(dag.tags) for name, dag in bag.dags.items()},
    "owners": {name: dag.owner for name, dag in bag.dags.items()},
    "files": {name: dag.fileloc for name, dag in bag.dags.items()},
    "scheduled": sorted(name for name, dag in bag.dags.items() if getattr(dag.timetable, "_expression", None)),
    "made_up_for": made_up_for,
    "loaded": sorted(set(sys.modules) - before),
}))
"""


@pytest.fixture(scope="module")
def parsed(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow finds in dags/, parsed in a process that has no setting of Padan's and no database."""
    home = tmp_path_factory.mktemp("airflow-home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PADAN_", "AIRFLOW"))}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/nothing.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(project_dir / "dags"),
        "PYTHONPATH": str(project_dir / "dags"),
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(project_dir / "dags")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert line, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return found


def test_exact_set_of_dags_and_tasks(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert parsed["tasks"] == EXPECTED


def test_every_workflow_of_the_package_has_its_dag_and_steps() -> None:
    steps = {workflow.name: [step.name for step in workflow.steps] for workflow in (*PIPELINE, WATCH, *MAINTENANCE)}
    nightly = {dag: tasks for dag, tasks in EXPECTED.items() if dag not in ("semester_minutes", "remind_obligations")}
    assert steps == {
        dag: [task for task in tasks if not task.startswith("announce_")] for dag, tasks in nightly.items()
    }
    assert {step.name for step in PAPERS} - {"reject_minutes"} <= set(EXPECTED["semester_minutes"])
    assert [step.name for step in DUTIES] == EXPECTED["remind_obligations"]


def test_a_dag_seen_just_after_its_hour_waits_for_the_next(parsed: dict[str, Any]) -> None:
    """Else a first start within a tenth of the interval runs twice, the night's run and the person's, at once."""
    expected = ["extract_bps", "maintain_retention", "remind_obligations", "semester_minutes", "watch"]
    assert parsed["scheduled"] == expected
    assert parsed["made_up_for"] == []


def test_parsing_loads_nothing_heavy(parsed: dict[str, Any]) -> None:
    heavy = [name for name in parsed["loaded"] if any(name == it or name.startswith(f"{it}.") for it in HEAVY)]
    assert heavy == []


def test_each_dag_tells_how_to_run_it_again_and_whose_it_is(parsed: dict[str, Any]) -> None:
    for name, text in parsed["docs"].items():
        assert len(text) > 150, f"{name} has no instructions"
        assert "padan" in parsed["tags"][name]
        assert parsed["owners"][name] == "data-engineering"


def test_dag_files_are_thin_and_named_after_their_dag(parsed: dict[str, Any], project_dir: Path) -> None:
    for name, path in parsed["files"].items():
        assert Path(path).stem == name
    for path in (project_dir / "dags").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 80, f"{path.name} is longer than 80 lines"
