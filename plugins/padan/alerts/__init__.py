"""Digests to the liaison units (PKS article 8), escalation, pauses, and the watch over it all. Counts and case ids."""

from padan.alerts.notification import notify, send_waiting
from padan.alerts.outbox import Digest
from padan.alerts.watchdog import Watch, watch

__all__ = ["Digest", "Watch", "notify", "send_waiting", "watch"]
