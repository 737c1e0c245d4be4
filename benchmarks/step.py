"""A measured run of one step of the pipeline, in a process of its own as under Airflow; dbt's nodes, timed."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import Any

from benchmarks.contestant import Figures, Job, clocked, serve


def measure(job: Job) -> Figures:
    """Run the step ``step`` for ``as_of`` under the settings in ``environment``. Packages load within the time."""
    os.environ.update(job["environment"])
    from padan.flows import pipeline
    from padan.settings import Settings, load
    from padan.warehouse.dbt import target_dir

    results = target_dir(load(Settings)) / "run_results.json"
    results.unlink(missing_ok=True)
    figures: Figures = {}
    with clocked(figures):
        figures["counts"] = pipeline.run(job["step"], date.fromisoformat(job["as_of"]))
    if results.exists():
        figures["nodes"] = [_node(result) for result in json.loads(results.read_text())["results"]]
    return figures


def _node(result: dict[str, Any]) -> dict[str, Any]:
    kind, _, name = result["unique_id"].split(".", 2)
    rows = result["adapter_response"].get("rows_affected")
    return {"kind": kind, "name": name, "seconds": result["execution_time"], "rows": rows, "status": result["status"]}


if __name__ == "__main__":
    serve(measure)
