"""The draft of a breach notice (UU 27/2022 article 46: in writing, within 3 x 24 hours)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from padan.agreement.wording import indonesian
from padan.errors import ConfigurationError
from padan.minutes.content import Block, Column, Document, Heading, Listing, Signature, Signatures, Table
from padan.minutes.words import count
from padan.privacy.facts import Facts
from padan.privacy.lineage import Relation
from padan.privacy.paper import Paper

NOTICE = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known when the notice is drafted."""

    what: str
    """What happened, in words; never a person."""
    found_at: datetime
    """When it became known, Jakarta time."""
    relations: tuple[str, ...]
    """schema.name of each relation that was disclosed."""


def breach(facts: Facts, incident: Incident) -> Document:
    """The draft.

    Raises:
        ConfigurationError: a relation is not one of the warehouse's.
    """
    paper = Paper(facts)
    disclosed = _disclosed(facts, incident.relations)
    blocks = _blocks(paper, incident, disclosed)
    return paper.document("breach", "Pemberitahuan Kegagalan Pelindungan Data Pribadi", "UU 27/2022 Pasal 46", blocks)


def _disclosed(facts: Facts, names: Sequence[str]) -> tuple[Relation, ...]:
    known = {one.full_name: one for one in facts.relations}
    unknown = sorted(set(names) - set(known))
    if unknown or not names:
        raise ConfigurationError(f"no such relation: {', '.join(unknown) or 'none was given'}; name schema.table")
    return tuple(known[name] for name in dict.fromkeys(names))


def _moment(moment: datetime) -> str:
    return f"{indonesian(moment.date())} pukul {moment:%H.%M} WIB"


def _blocks(paper: Paper, incident: Incident, disclosed: tuple[Relation, ...]) -> Iterator[Block]:
    facts, say = paper.facts, paper.wording
    yield say.paragraph("basis_breach")
    yield say.paragraph("deadline", found=_moment(incident.found_at), due=_moment(incident.found_at + NOTICE))
    yield Heading("1. Kejadian")
    yield say.paragraph("what", what=incident.what)
    yield say.paragraph("when_open")
    yield Heading("2. Data Pribadi yang Terungkap")
    yield say.paragraph("data", table=paper.next_table, people=count(facts.people))
    columns = (
        Column("Relasi", code=True), Column("Tidak langsung", align="right"), Column("Langsung", align="right"),
        Column("Spesifik", align="right"), Column("Berasal dari", share=1),
    )  # fmt: skip
    rows = tuple(
        (
            one.full_name, *(str(one.classes[name]) for name in ("indirect", "direct", "sensitive")),
            facts.personal_sources(one),
        )
        for one in disclosed
    )  # fmt: skip
    yield Table(
        paper.caption("Relasi yang terungkap dan jumlah kolomnya menurut klasifikasi"), columns, rows, dense=True
    )
    requests, failed = sum(one.requests for one in facts.exchanges), sum(one.failed for one in facts.exchanges)
    yield say.paragraph(
        "evidence", requests=count(requests), failed=count(failed), look_ups=count(facts.look_ups)
    )  # fmt: skip
    yield Heading("3. Penanganan dan Pemulihan")
    yield say.paragraph("measures")
    yield Listing(tuple(say.runs(f"measure_{number}") for number in range(1, 5)), "a.")
    yield say.paragraph("advice")
    yield say.paragraph("public")
    yield Heading("4. Narahubung")
    yield paper.contacts()
    yield Signatures(
        (Signature("Pengendali Data Pribadi", "Pejabat yang berwenang", "(.................................)"),)
    )
