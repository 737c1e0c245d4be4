"""What a data-sharing agreement must state, by a public yardstick, and where this one states it.

The yardstick is section 19(1) of Ireland's Data Sharing and Governance Act 2019 (Number 5 of 2019), in our own words.
It does not bind BPS or BKN: it shows what the next addendum might settle. Where it names the GDPR, UU 27/2022 (the
Personal Data Protection Law) stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from padan.agreement.clauses import Clause

if TYPE_CHECKING:
    from padan.agreement.model import Agreement


class Standing(StrEnum):
    """How an agreement stands to a point of the yardstick."""

    STATED = "stated"
    ASSUMED = "assumed"
    MISSING = "missing"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One point of the yardstick: ``where`` names the articles that state it."""

    paragraph: str
    asks: str
    standing: Standing
    where: str


Source = Callable[["Agreement"], Sequence[Clause]]


def _topic(*topics: str) -> Source:
    return lambda agreement: [provision for provision in agreement.provisions if provision.topic in topics]


def _items(agreement: Agreement) -> Sequence[Clause]:
    return [agreement.annex] if agreement.datasets else []


def _functions(agreement: Agreement) -> Sequence[Clause]:
    parties = agreement.parties.values()
    return list(parties) if all(party.function for party in parties) else []


_POINTS: tuple[tuple[str, str, Source | None], ...] = (
    ("a", "the names of the parties", lambda agreement: list(agreement.parties.values())),
    ("b", "the information to be disclosed", _items),
    ("c", "the purpose of the sharing", lambda agreement: [agreement.purpose]),
    ("d", "the public function that the purpose belongs to", _functions),
    ("e", "the legal basis of the sharing and of further processing", lambda agreement: agreement.legal_bases),
    ("f", "whether a person or a public body sets a disclosure going", _topic("impetus")),
    ("g", "whether it concerns individual people or classes of people", _topic("subjects")),
    ("h", "whether it happens once or goes on", _topic("frequency")),
    ("i", "how the information is processed after disclosure", _topic("processing")),
    ("j", "restrictions on disclosing it further", _topic("onward_disclosure")),
    ("k", "an undertaking to keep to the principles of data protection (here: UU 27/2022)", _topic("principles")),
    ("l", "the impact assessment in summary, where one was made", _topic("impact_assessment")),
    ("m", "the security of transmission, storage and access", _topic("security")),
    ("n", "how long the information, and what results from it, is kept", lambda agreement: agreement.retention),
    ("o", "how they are destroyed or deleted afterwards", lambda agreement: agreement.retention),
    ("p", "how a party can withdraw", _topic("withdrawal")),
    ("q", "what an Irish minister prescribes beyond this", None),
    ("r", "why disclosure is necessary and proportionate, in summary", _topic("proportionality")),
)


def completeness(agreement: Agreement) -> tuple[Finding, ...]:
    """How the agreement stands to each point of the yardstick, in its order."""
    return tuple(_finding(agreement, *point) for point in _POINTS)


def _finding(agreement: Agreement, letter: str, asks: str, source: Source | None) -> Finding:
    paragraph = f"19(1)({letter})"
    if source is None:
        return Finding(paragraph, asks, Standing.NOT_APPLICABLE, "")
    clauses = source(agreement)
    where = ", ".join(dict.fromkeys(cited for clause in clauses for cited in clause.cites))
    if not clauses:
        return Finding(paragraph, asks, Standing.MISSING, "")
    assumed = any(clause.assumption for clause in clauses)
    return Finding(paragraph, asks, Standing.ASSUMED if assumed else Standing.STATED, where)
