"""The ledger of differences: what became of each, whose duty it is, and until when (PKS articles 3 (2) e and 4 (2) d).

Events are only ever added; the state of a case is their fold, made in SQL (migration ``v0030_ledger``).
"""

from __future__ import annotations

from padan.differences.actions import Verb, act
from padan.differences.ledger import LedgerUpdate, rebuild, update

__all__ = ["LedgerUpdate", "Verb", "act", "rebuild", "update"]
