"""Extracts the civil-service data that BKN gives (PKS article 4 (2) a, b)."""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.bases.operator import chain
from support.assets import BKN_EXTRACTION_ENDED, BPS_EXTRACTION_ENDED
from support.steps import DAG_ARGUMENTS, announcement, step


@dag(
    **DAG_ARGUMENTS,
    schedule=[BPS_EXTRACTION_ENDED],
    tags=["padan", "extraction", "bkn"],
)
def extract_bkn() -> None:
    """### BKN: reference codes, the portal export, and SIASN person by person

    The roster is BPS's list of holders and the SIASN portal export (a file drop); SIASN answers one NIP at a time.

    * **Re-run:** clear the failed task. People already fetched are kept (a checkpoint each).
    * **`OperatorTokenExpired`:** paste a fresh SSO token into `PADAN_SIASN_SSO_TOKEN` and clear the task.
    * **BPS down:** this run goes on with the last published list of holders.
    """
    work = [step("open_bkn"), step("land_bkn_reference"), step("land_bkn_roster"), step("land_bkn_people")]
    chain(*work, step("publish_bkn"), announcement("bkn", BKN_EXTRACTION_ENDED))


extract_bkn()
