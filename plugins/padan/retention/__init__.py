"""Deletes what may be kept no longer by the agreement's terms of retention, and records that it did.

Each table falls under the term of a dataset, under one that covers it by name (records of who saw whose data), or is
kept for a stated reason (padan.retention.kept); a test holds every table of the database against that.
"""

from padan.retention.erasure import Due, foresee, maintain

__all__ = ["Due", "foresee", "maintain"]
