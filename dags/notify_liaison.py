"""Tells the liaison units what is new (PKS article 8)."""

from __future__ import annotations

from airflow.sdk import dag
from support.assets import MARTS_PUBLISHED
from support.steps import DAG_ARGUMENTS, step


@dag(
    **DAG_ARGUMENTS,
    schedule=[MARTS_PUBLISHED],
    tags=["padan", "alerts"],
)
def notify_liaison() -> None:
    """### One digest per liaison unit

    Counts and case ids only, never a person. Nothing new or mended: no mail. Safe to re-run: a digest is sent once.
    """
    step("notify_liaison")


notify_liaison()
