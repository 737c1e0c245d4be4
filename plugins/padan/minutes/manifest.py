"""What a paper was made of: enough to make it again, and to say what changed if it cannot be."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

from padan.minutes.inputs import Frozen, canonical, sha256

RENDERERS = ("typst", "python-docx", "xlsxwriter", "lxml")
# 1: terms in days from a file of the register. 2: owner, first sight, due date and escalation of the ledger.
FORMAT = 2


class Lasting(Frozen):
    """Rows of the warehouse that were counted and can be asked for again."""

    rows: int
    sha256: str


class Manifest(Frozen):
    """Fixed when the semester is frozen. Its SHA-256 stands in the papers."""

    format: int
    period: str
    edition: int
    cut: date
    previous_cut: date | None
    since: date
    withdrawn: tuple[str, ...]
    agreement_sha256: str
    padan_version: str
    code_sha256: str
    renderers: dict[str, str]
    extract_ids: tuple[int, ...]
    lasting: dict[str, Lasting]
    inputs_sha256: str
    personal_sha256: str
    personal_rows: int

    @property
    def canonical(self) -> str:
        """The text that is stored and hashed."""
        return canonical(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """Of the canonical text."""
        return sha256(self.canonical)


class Issue(Frozen):
    """What one issue of the papers has beyond the manifest: draft or final, numbers and day of signing."""

    final: bool
    number: str
    evaluation_number: str
    signed_on: date


@cache
def code_sha256() -> str:
    """Over the files of this room: code, prose, template."""
    folder = Path(__file__).parent
    listing = [
        f"{path.relative_to(folder).as_posix()} {sha256(path.read_bytes())}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".py", ".yaml", ".typ"}
    ]
    return sha256("\n".join(listing))


def renderers() -> dict[str, str]:
    """Versions of the libraries whose output the papers are."""
    return {name: version(name) for name in RENDERERS}
