"""Digests to the liaison units (PKS article 8): what differs, what was mended, in counts and case ids."""

from padan.alerts.notification import notify
from padan.alerts.outbox import Digest

__all__ = ["Digest", "notify"]
