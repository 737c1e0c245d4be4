"""Reads the papers' prose from ``texts/*.yaml``, so that an officer can review it apart from code. Strict both ways."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from padan.minutes.content import Paragraph, Run, runs
from padan.minutes.errors import TemplateError

TEXTS = Path(__file__).parent / "texts"


class Wording:
    """The paragraphs of one file, filled with fields. A paragraph or a field that is missing is an error."""

    def __init__(self, name: str, fields: dict[str, str], folder: Path = TEXTS) -> None:
        self.name = name
        self._fields = fields
        path = folder / f"{name}.yaml"
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            raise TemplateError(f"the text {path.name} cannot be read") from None
        if not isinstance(content, dict):
            raise TemplateError(f"the text {path.name} is no list of named paragraphs")
        self._texts: dict[str, Any] = content

    def text(self, key: str, **fields: str) -> str:
        """The paragraph ``key``.

        Raises:
            TemplateError: naming the paragraph, and the field where one is missing.
        """
        found = self._texts.get(key)
        if not isinstance(found, str) or not found.strip():
            raise TemplateError(f"{self.name}.yaml has no paragraph {key}")
        known = self._fields | fields
        try:
            for _, name, _, _ in Formatter().parse(found):
                if name is not None and name not in known:
                    raise TemplateError(f"{self.name}.yaml, paragraph {key}: there is no field {name or '(unnamed)'}")
            return " ".join(found.format(**known).split())
        except (ValueError, IndexError):
            raise TemplateError(f"{self.name}.yaml, paragraph {key}: a brace is not closed") from None

    def runs(self, key: str, **fields: str) -> tuple[Run, ...]:
        """The paragraph ``key`` in bold and plain pieces."""
        return runs(self.text(key, **fields))

    def paragraph(self, key: str, **fields: str) -> Paragraph:
        """The paragraph ``key`` as a block."""
        return Paragraph(self.runs(key, **fields))

    def note(self, key: str, **fields: str) -> Paragraph:
        """The paragraph ``key`` in small print."""
        return Paragraph(self.runs(key, **fields), style="note")
