"""The content model: what a paper says, in which order, without how it looks. PDF and DOCX are made from it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

Align = Literal["left", "right", "center"]
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text, bold or not."""

    text: str
    bold: bool = False


def runs(text: str) -> tuple[Run, ...]:
    """``**bold**`` and plain pieces of one text."""
    found: list[Run] = []
    for position, piece in enumerate(_BOLD.split(text)):
        if piece:
            found.append(Run(piece, bold=position % 2 == 1))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The kop of both agencies, as text."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    block: str = field(default="letterhead", init=False)


@dataclass(frozen=True, slots=True)
class Title:
    """The title and the document numbers below it."""

    lines: tuple[str, ...]
    numbers: tuple[str, ...]
    block: str = field(default="title", init=False)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; it never stands alone at a page's foot."""

    text: str
    level: int = 1
    block: str = field(default="heading", init=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph."""

    runs: tuple[Run, ...]
    style: Literal["body", "note"] = "body"
    block: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """A numbered list."""

    items: tuple[tuple[Run, ...], ...]
    numbering: Literal["1.", "a.", "I."] = "1."
    block: str = field(default="listing", init=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column; ``share`` is its part of the width, 0 for as wide as its content."""

    title: str
    align: Align = "left"
    share: float = 0.0
    code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose head is repeated on every page; the last row may be a total."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: bool = False
    dense: bool = False
    block: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart."""

    name: str
    values: tuple[float, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars lying side by side or a line; told apart by pattern, readable in black and white."""

    kind: Literal["bars", "line"]
    caption: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    highest: float
    alt: str
    lowest: float = 0.0
    block: str = field(default="chart", init=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature with room for a stamp."""

    role: str
    title: str
    name: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """Signatures side by side, kept on one page."""

    signatures: tuple[Signature, ...]
    place_and_day: str = ""
    block: str = field(default="signatures", init=False)


@dataclass(frozen=True, slots=True)
class Annex:
    """Begins an annex on a page of its own."""

    name: str
    title: str
    block: str = field(default="annex", init=False)


Block: TypeAlias = Letterhead | Title | Heading | Paragraph | Listing | Table | Chart | Signatures | Annex


@dataclass(frozen=True, slots=True)
class Document:
    """One paper."""

    name: str
    title: str
    subject: str
    blocks: tuple[Block, ...]
    draft: bool
    fictional: bool
    initials: tuple[str, ...]
    foot: str
    dated: tuple[int, int, int]

    def as_json(self) -> dict[str, Any]:
        """For the Typst template."""
        return asdict(self)

    def plain_text(self) -> str:
        """Every word of it in order; for searching and tests."""
        return "\n".join(_words(self.as_json()["blocks"]))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        if "text" in value and "bold" in value:
            return [value["text"]]
        return [word for key, item in value.items() if key != "block" for word in _words(item)]
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, dict) and "bold" in item for item in value):
            return ["".join(item["text"] for item in value)]
        return [word for item in value for word in _words(item)]
    return []
