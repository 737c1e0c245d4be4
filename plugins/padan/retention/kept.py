"""Padan's own tables: those whose rows the agreement's terms reach by name, and why the others have no term."""

from __future__ import annotations

from typing import LiteralString

# Records about people, and the day of a row; `covers` of a retention in the agreement's file names them.
RECORDS: dict[str, LiteralString] = {
    "access.reading": "(held.read_at at time zone 'Asia/Jakarta')::date",
    "privacy.subject_access": "held.looked_up_on",
}
_EVIDENCE = (
    "evidence that articles 3, 4 and 7 ask for; case numbers, pseudonyms under a key outside the database, no value"
)
_NOBODY = "it counts, or tells of duties, codes and runs; of no person"
_SENT = "what a unit was told: counts, and case numbers under a key outside the database; evidence of article 4 (2) d"
_PAPERS = (
    "proof of the papers, which article 3 (2) d wants kept; who is named in annexes goes with minutes.frozen_input"
)
# Why no term deletes the rows of these tables; * stands for any text.
WITHOUT_TERM: dict[str, str] = {
    "access.liaison": "who may see what now: a row goes when the access is taken away",
    "alerts.announced_case": _SENT,
    "alerts.digest": _SENT,
    "alerts.escalation": _SENT,
    "alerts.letter": _SENT,
    "alerts.run": _NOBODY,
    "alerts.snooze": "who of a unit asked for a pause of its mails, by office; one row a pause",
    "alerts.watch_*": _NOBODY,
    "code_lists.*": _NOBODY,
    "landing.build": _NOBODY,
    "landing.dropped_field": "names of fields that were not stored, no value of them",
    "landing.erasure": "the record of deletions itself: counts by relation and rule",
    "landing.exchange_*": "the chained proof of each request (article 9): hashes and counts; a chain loses no row",
    "landing.extract*": _NOBODY,
    "landing.schema_revision": _NOBODY,
    "landing.staged_intact": _NOBODY,
    "ledger.attribute_count": _NOBODY,
    "ledger.difference_case": _EVIDENCE,
    "ledger.event": _EVIDENCE,
    "ledger.run": _NOBODY,
    "marts_reference.*": _NOBODY,
    "minutes.decision": _PAPERS,
    "minutes.document": _PAPERS,
    "minutes.edition": _PAPERS,
    "minutes.evidence": _PAPERS,
    "minutes.mail": _PAPERS,
    "obligations.*": _NOBODY,
    "quality.verdict": _NOBODY,
    "reference.matching_decisions": "pairs that a person decided, from a reviewed file: they go with its line",
    "reference.*": _NOBODY,
    "snapshots.snap_codes__*": _NOBODY,
}
