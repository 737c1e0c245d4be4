"""Tasks of the papers: a step with the run's semester, and what follows a person's decision."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import get_current_context, task

from support.steps import run_step

APPROVAL, DECISION = "approval", "decision"


class Approval(ApprovalOperator):
    """Airflow's approval, which also hands on what was typed with a no: the operator itself skips before it returns."""

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Keep who answered what before the operator acts on it."""
        kept = {name: event.get(name) for name in ("chosen_options", "params_input", "responded_by_user")}
        context["ti"].xcom_push(key=DECISION, value=kept)
        return super().execute_complete(context, event)


def _period() -> str | None:
    """The run's semester: the one drafted, else the parameter, else the newest that is over."""
    context = get_current_context()
    drafted = context["ti"].xcom_pull(task_ids="draft_minutes") or {}
    asked = (context.get("params") or {}).get("period")
    return drafted.get("period") or asked


def _decision() -> dict[str, Any]:
    """Who decided what, as the approval task handed it on; empty while nobody did."""
    found = get_current_context()["ti"].xcom_pull(task_ids=APPROVAL, key=DECISION) or {}
    user, typed = found.get("responded_by_user") or {}, found.get("params_input") or {}
    return {"chosen": found.get("chosen_options") or [], "by": user.get("name") or user.get("id") or "", **typed}


def paper_step(name: str) -> Any:
    """A task that runs the step ``name`` for the run's semester."""

    @task(task_id=name)
    def run_it() -> dict[str, Any]:
        return run_step(name, period=_period())

    return run_it()


def decided_step(name: str) -> Any:
    """A task that runs the step ``name`` with who approved and the day of signing; skipped after a rejection."""

    @task(task_id=name)
    def run_it() -> dict[str, Any]:
        decision = _decision()
        return run_step(name, period=_period(), by=decision["by"], signed_on=decision.get("signed_on") or None)

    return run_it()


def settle() -> Any:
    """A task that records a rejection; after an approval, or when nobody answered in time, it has nothing to do."""

    @task(task_id="settle", trigger_rule="all_done")
    def record() -> dict[str, Any]:
        decision = _decision()
        if "Reject" not in decision["chosen"]:
            return {"rejected": False}
        reason = decision.get("reason") or "(tanpa alasan)"
        return run_step("reject_minutes", period=_period(), by=decision["by"], reason=reason)

    return record()
