"""Deletes what may be kept no longer by the agreement's terms, and records that it did."""

from __future__ import annotations

from airflow.sdk import dag
from support.steps import DAG_ARGUMENTS, jakarta_time, step


@dag(
    **DAG_ARGUMENTS,
    # Daily: a term is over on its day. Before the nightly extraction, so that nothing past its term is built upon.
    schedule=jakarta_time("30 0 * * *"),
    tags=["padan", "agreement"],
)
def maintain_retention() -> None:
    """### What is past its term of retention

    Raw rows, quarantine, archive files, history, and after the agreement's end what is derived and the papers' annexes,
    by the terms of the agreement for the run's logical date. Goes on after the agreement has ended. Each deletion is a
    row of `landing.erasure`, without a value. Safe to re-run: what is gone is gone.
    """
    step("maintain_retention")


maintain_retention()
