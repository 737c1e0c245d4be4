"""Who is who where no exact key settles it: a corrected NIP first, then probabilities; a person's decisions above all.

What decisions and exact keys settle is dbt's (``int_matching__exact_pairs``). What this room finds goes to the schema
``matching`` and is taken in by ``int_matching__pairs``. docs/matching.md says how to work with it.
"""

from __future__ import annotations

from padan.matching.run import Linked, link

__all__ = ["Linked", "link"]
