"""Turns raw text into typed, checked staging tables and their history."""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.bases.operator import chain
from support.assets import BKN_EXTRACTION_ENDED, STAGING_BUILT
from support.steps import DAG_ARGUMENTS, step


@dag(
    **DAG_ARGUMENTS,
    schedule=[BKN_EXTRACTION_ENDED],
    tags=["padan", "warehouse"],
)
def build_warehouse() -> None:
    """### Raw to staging

    Freshness per agency, expectations on raw, dbt staging, expectations on staging, SCD2 snapshots.

    * **A stale agency** does not stop the build; `check_freshness` names it and the digest says so.
    * **`PublicationStopped`:** a critical expectation failed; marts stay as they were. See the data docs.
    """
    looks_at_raw = [step("check_freshness"), step("check_raw")]
    chain(looks_at_raw, step("build_staging"), step("check_staging"), step("take_snapshots", outlet=STAGING_BUILT))


build_warehouse()
