"""Agreement files for tests: copies of the project's own, with a piece of text replaced."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
REAL = "pks_bps_bkn_2023.yaml"
ANNEX = "annex_assumed.yaml"

# What the parties would sign to go on for three more years.
EXTENSION = """addenda:
  - numbers: {bps: "1/PKS/11/2026", bkn: "2/HM/2026"}
    signed: 2026-11-20
    announced: 2026-10-30
    in_force_from: 2026-11-20
    summary: "Perpanjangan tiga tahun"
    cites: ["6(2)", "12"]
    changes:
      extension: {start: 2026-12-05, end: 2029-12-04, cites: ["6(2)"]}
"""


@dataclass(frozen=True)
class Copy:
    """The real agreement and its annex in a folder of a test."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Copy:
        for file in (PROJECT_DIR / "agreement").glob("*.yaml"):
            shutil.copy(file, folder)
        return cls(folder)

    @property
    def path(self) -> Path:
        return self.folder / REAL

    def edit(self, old: str, new: str, file: str = REAL) -> Copy:
        """Replace the one place where ``old`` stands."""
        text = (self.folder / file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (self.folder / file).write_text(text.replace(old, new))
        return self

    def addenda(self, text: str) -> Copy:
        return self.edit("addenda: []\n", text)

    def line(self, text: str, file: str = REAL) -> int:
        """The line on which ``text`` first stands, counted from 1."""
        lines = (self.folder / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)
