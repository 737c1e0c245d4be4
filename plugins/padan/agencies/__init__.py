"""Clients of the two agencies' web services: tokens, rate, retry, envelopes, paging."""

from padan.agencies.jf_service import JfClient
from padan.agencies.siasn import SiasnClient
from padan.agencies.types import Clock, Exchange, FailedUnit, Page, PageReader

__all__ = ["Clock", "Exchange", "FailedUnit", "JfClient", "Page", "PageReader", "SiasnClient"]
