"""Extracts the functional-position data that BPS gives (PKS article 3 (2) a, b)."""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.bases.operator import chain
from support.assets import BPS_EXTRACTION_ENDED
from support.steps import DAG_ARGUMENTS, announcement, jakarta_time, step


@dag(
    **DAG_ARGUMENTS,
    # No start date, and no run for a past night when the DAG is first seen: a person starts the first one.
    schedule=jakarta_time("0 1 * * *"),
    tags=["padan", "extraction", "bps"],
)
def extract_bps() -> None:
    """### BPS: holders, histories, credit, tests, formation, codes

    Reads what changed since the last published extract, lands it, and publishes all lists at once or none.

    * **Re-run:** clear the failed task. What was landed is kept; nothing is fetched twice.
    * **It worked if** `publish_bps` shows counts with *extracted = landed + quarantined*.
    * **`AuthenticationError`:** check the client secret in the settings; it is not retried.
    """
    work = [step("open_bps"), step("land_bps_lists"), step("publish_bps")]
    chain(*work, announcement("bps", BPS_EXTRACTION_ENDED))


extract_bps()
