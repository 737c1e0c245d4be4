"""What the three papers share: their frame, captions, and the forms that they are written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from padan.agreement.wording import indonesian
from padan.minutes.content import (
    Block,
    Column,
    Document,
    Heading,
    Listing,
    Paragraph,
    Run,
    Signature,
    Signatures,
    Table,
    Title,
)
from padan.minutes.wording import Wording
from padan.privacy.facts import Facts

TEXTS = Path(__file__).parent / "texts"
ROLES = {"bps": "PIHAK KESATU", "bkn": "PIHAK KEDUA"}


@dataclass(slots=True)
class Paper:
    """A paper in the making."""

    facts: Facts
    tables: int = 0
    wording: Wording = field(init=False)

    def __post_init__(self) -> None:
        agreement = self.facts.agreement
        self.wording = Wording(
            "privacy",
            {
                "day": indonesian(self.facts.day),
                "title": agreement.title,
                "number_bps": agreement.numbers["bps"],
                "number_bkn": agreement.numbers["bkn"],
                "start": indonesian(agreement.validity.start),
                "end": indonesian(agreement.validity.end),
                "purpose": " ".join(agreement.purpose.text.split()),
            },
            TEXTS,
        )

    def caption(self, text: str) -> str:
        """``Tabel 3. text`` with the next number."""
        self.tables += 1
        return f"Tabel {self.tables}. {text}"

    @property
    def next_table(self) -> str:
        """The number that the next table gets."""
        return str(self.tables + 1)

    def contacts(self) -> Table:
        """Both controllers and their liaison units of the day."""
        agreement, day = self.facts.agreement, self.facts.day
        rows = []
        for party in ("bps", "bkn"):
            side = agreement.parties[party]
            units = [one for one in agreement.liaison_units if one.party == party and one.valid_from <= day]
            unit = max(units, key=lambda one: one.valid_from, default=None)
            rows.append((side.role, side.name, side.function or "–", f"{unit.unit}, {unit.email}" if unit else "–"))
        columns = (
            Column("Pihak"),
            Column("Pengendali", share=0.8),
            Column("Fungsi", share=1.6),
            Column("Penghubung", share=1.4),
        )
        return Table(self.caption("Pengendali Data Pribadi dan penghubungnya"), columns, tuple(rows))

    def document(self, name: str, title: str, subject: str, blocks: Iterable[Block]) -> Document:
        """The whole paper; a draft until an officer has adopted it."""
        day, agreement = self.facts.day, self.facts.agreement
        return Document(
            name=name,
            title=title,
            subject=subject,
            blocks=(Title((title.upper(), agreement.title), ()), *blocks),
            draft=True,
            fictional=agreement.fictional,
            initials=(),
            foot=f"Dihimpun pada {indonesian(day)}, sidik perjanjian {agreement.fingerprint[:16]}; tanpa data pribadi.",
            dated=(day.year, day.month, day.day),
        )


def adoption() -> Signatures:
    """Where the officers adopt the paper."""
    return Signatures(
        (
            Signature("Pejabat Pelindungan Data Pribadi", "Pasal 53 UU 27/2022", "(.................................)"),
            Signature("Pengendali Data Pribadi", "Pejabat yang berwenang", "(.................................)"),
        )
    )


def markdown(document: Document) -> str:
    """The paper as Markdown, for review beside code."""
    parts = []
    for block in document.blocks:
        if isinstance(block, Title):
            parts.append("\n\n".join((f"# {block.lines[0]}", *(f"**{line}**" for line in block.lines[1:]))))
        elif isinstance(block, Heading):
            parts.append(f"{'#' * (block.level + 1)} {block.text}")
        elif isinstance(block, Paragraph):
            parts.append(_rich(block.runs))
        elif isinstance(block, Listing):
            parts.append("\n".join(f"{number}. {_rich(item)}" for number, item in enumerate(block.items, start=1)))
        elif isinstance(block, Table):
            head = [f"| {' | '.join(column.title for column in block.columns)} |", "|" + "---|" * len(block.columns)]
            rows = [f"| {' | '.join(value.replace('|', '/') for value in row)} |" for row in block.rows]
            parts.append(f"**{block.caption}**\n\n" + "\n".join((*head, *rows)))
        elif isinstance(block, Signatures):
            parts.append("\n\n".join(f"{one.role}, {one.title}: {one.name}" for one in block.signatures))
    return "\n\n".join((*parts, f"*{document.foot}*")) + "\n"


def _rich(runs: tuple[Run, ...]) -> str:
    return "".join(f"**{run.text}**" if run.bold else run.text for run in runs)
