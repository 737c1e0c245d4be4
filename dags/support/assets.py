"""Every asset through which Padan's DAGs meet.

An extraction announces that it *ended*, well or not, so that one agency that is down does not keep the other's data
from being built; the event's ``extra`` carries the logical date and the outcome.
"""

from airflow.sdk import Asset

BPS_EXTRACTION_ENDED = Asset(name="bps_extraction_ended", uri="padan://extraction/bps", group="padan")
BKN_EXTRACTION_ENDED = Asset(name="bkn_extraction_ended", uri="padan://extraction/bkn", group="padan")
STAGING_BUILT = Asset(name="staging_built", uri="padan://warehouse/staging", group="padan")
MARTS_PUBLISHED = Asset(name="marts_published", uri="padan://warehouse/marts", group="padan")
