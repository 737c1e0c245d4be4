"""From the agencies' answers to raw: plan, checkpoint, scope, COPY, archive, exchange log, quarantine, publication.

The steps can be called one by one; what passes between them is the extract's id. Each is idempotent, and goes on where
a killed run stopped.
"""

from __future__ import annotations

from datetime import date

from padan.agencies import JfClient, SiasnClient
from padan.agreement import Agreement
from padan.landing.extracts import open_extract
from padan.landing.lists import land_lists, land_reference
from padan.landing.people import land_people
from padan.landing.portal_export import land_rosters
from padan.landing.publication import publish
from padan.landing.refresh import hint
from padan.landing.report import DatasetCounts, ExtractSummary, extract_counts
from padan.landing.sources import JfSource, OnExchange, OpenJf, OpenSiasn, SiasnSource
from padan.settings import JfSettings, Settings, SiasnSettings

__all__ = [
    "DatasetCounts",
    "ExtractSummary",
    "JfSource",
    "OnExchange",
    "OpenJf",
    "OpenSiasn",
    "SiasnSource",
    "extract_bkn",
    "extract_bps",
    "extract_counts",
    "hint",
    "jf_client",
    "land_lists",
    "land_people",
    "land_reference",
    "land_rosters",
    "open_extract",
    "publish",
    "siasn_client",
]


def jf_client(settings: JfSettings) -> OpenJf:
    """What opens a client of BPS's JF service."""
    return lambda on_exchange: JfClient(settings, on_exchange)


def siasn_client(settings: SiasnSettings) -> OpenSiasn:
    """What opens a client of BKN's SIASN."""
    return lambda on_exchange: SiasnClient(settings, on_exchange)


def extract_bps(settings: Settings, jf_settings: JfSettings, agreement: Agreement, as_of: date) -> ExtractSummary:
    """Extract and publish everything of BPS.

    Raises:
        PadanError: whatever a step raises; what was published before stays.
    """
    extract_id = open_extract(settings, agreement, "bps", as_of)
    land_lists(settings, agreement, extract_id, jf_client(jf_settings))
    return publish(settings, agreement, extract_id)


def extract_bkn(settings: Settings, siasn_settings: SiasnSettings, agreement: Agreement, as_of: date) -> ExtractSummary:
    """Extract and publish everything of BKN, about the people of its own list and of BPS's as last published.

    Raises:
        PadanError: whatever a step raises; what was published before stays.
    """
    extract_id = open_extract(settings, agreement, "bkn", as_of)
    open_client = siasn_client(siasn_settings)
    land_reference(settings, agreement, extract_id, open_client)
    land_rosters(settings, agreement, extract_id, daily_calls=siasn_settings.daily_calls)
    land_people(settings, agreement, extract_id, open_client)
    return publish(settings, agreement, extract_id)
