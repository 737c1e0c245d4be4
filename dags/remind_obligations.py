"""Reminds each party's unit of what the agreement makes it owe (PKS articles 3, 4, 6 to 10)."""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.bases.operator import chain
from support.steps import DAG_ARGUMENTS, jakarta_time, step


@dag(
    **DAG_ARGUMENTS,
    # In the morning, after the night's run, when the unit is at work.
    schedule=jakarta_time("0 7 * * *"),
    tags=["padan", "alerts"],
)
def remind_obligations() -> None:
    """### Duties of both parties

    Sees what is owed, publishes it as `rpt_obligations`, mails the unit concerned what is due within 30 days or late.

    * **Re-run:** safe; a duty is told once per due date, nothing new is no mail.
    * **Wrongly late?** Its evidence is not recorded: add it to `register/evidence.yaml`, or publish the papers.
    """
    chain(step("review_obligations"), step("publish_obligations"), step("remind_obligations"))


remind_obligations()
