"""Deletes what may be kept no longer by the agreement's terms of retention, and records that it did.

Kept whatever the terms: the exchange log and its seals, the ledger of cases, digests, letters, verdicts and the papers
without their annexes. They hold counts, case numbers and pseudonyms, no value, and are the evidence that articles 3, 7
and 9 ask for.
"""

from padan.retention.erasure import Due, foresee, maintain

__all__ = ["Due", "foresee", "maintain"]
