"""Looks each morning for what should have happened and did not, and tells the operators."""

from __future__ import annotations

from airflow.sdk import dag
from support.steps import DAG_ARGUMENTS, jakarta_time, step


@dag(
    **DAG_ARGUMENTS,
    # When the night's runs are over and offices open: mail that waited for working hours goes out first.
    schedule=jakarta_time("30 8 * * *"),
    tags=["padan", "alerts"],
)
def watch() -> None:
    """### Missed runs, jumps of findings, mails that are stuck

    Judges by the logical dates that runs leave behind, so a DAG that does not parse or is paused is missed too.
    Mails `PADAN_ALERTS_OPERATORS` once when something begins and once when it is over. Outside Airflow: `padan watch`.

    * **`send_waiting` fails:** the mail server; mails wait in the outbox, `watch` runs all the same.
    """
    step("send_waiting") >> step("watch", trigger_rule="all_done")


watch()
