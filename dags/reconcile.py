"""Matches people, compares attributes, and publishes the marts (PKS article 3 (2) d)."""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.bases.operator import chain
from support.assets import MARTS_PUBLISHED, STAGING_BUILT
from support.steps import DAG_ARGUMENTS, step


@dag(
    **DAG_ARGUMENTS,
    schedule=[STAGING_BUILT],
    tags=["padan", "reconciliation"],
)
def reconcile() -> None:
    """### Who is who, what differs, whose duty

    Matching, comparison by the attribute registry, expectations that flag differences, marts, ledger, documentation.

    * **`link_people` names a decision:** correct `matching_decisions.csv`; see docs/matching.md.
    * **`PublicationStopped` in `check_comparison`:** the marts were not touched; the message names the expectations.
    * **`update_ledger`** repeated or late changes nothing; its counts say which cases opened, closed or reopened.
    * **It worked if** `check_marts` is green and the summary mart has today's counts.
    """
    work = [step("link_people"), step("integrate"), step("check_comparison"), step("build_marts")]
    chain(*work, step("update_ledger"), step("check_marts", outlet=MARTS_PUBLISHED), step("write_docs"))


reconcile()
