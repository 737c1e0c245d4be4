"""A paper as PDF: Typst with the fonts of its wheel, PDF/A-2a and PDF/UA-1, no clock, no system font."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import typst

from padan.minutes.content import Document
from padan.minutes.errors import TemplateError
from padan.minutes.inputs import canonical

TEMPLATE = Path(__file__).parent / "typst" / "paper.typ"
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


def render(document: Document) -> bytes:
    """The PDF's bytes; equal documents make equal bytes.

    Raises:
        TemplateError: the template does not compile. Typst's message holds no content of the paper.
    """
    moment = int(datetime(*document.dated, tzinfo=UTC).timestamp())
    try:
        made = typst.compile(
            str(TEMPLATE),
            root=str(TEMPLATE.parent),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=[*STANDARDS],
            timestamp=moment,
            sys_inputs={"paper": canonical(document.as_json())},
        )
    except typst.TypstError as error:
        raise TemplateError(f"the PDF template does not compile: {str(error.message).splitlines()[0]}") from None
    if not isinstance(made, bytes):
        raise TemplateError("the PDF template made more than one file")
    return made
