"""A paper as an editable document: the same blocks, in Word's own headings, lists and tables with repeated heads."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from docx import Document as new_package
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from padan.minutes.archive import normalised
from padan.minutes.content import (
    Annex,
    Chart,
    Document,
    Heading,
    Letterhead,
    Listing,
    Paragraph,
    Run,
    Signatures,
    Table,
    Title,
)

_FONT = "Times New Roman"
_ALIGN = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER}
_WIDTH = 16.3  # cm between the margins
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_WATERMARK = (
    '<w:pict {namespaces} xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">'
    '<v:shape id="draf" type="#_x0000_t136" style="position:absolute;margin-left:0;margin-top:0;width:430pt;'
    "height:170pt;rotation:315;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
    'mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#d9d9d9" stroked="f" '
    'path="m@7,l@8,m@5,21600l@6,21600e" coordsize="21600,21600" o:spt="136" adj="10800">'
    '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t" '
    'style="font-family:&quot;Times New Roman&quot;;font-size:1pt" string="DRAF"/></v:shape></w:pict>'
)


def render(document: Document) -> bytes:
    """The package's bytes; equal documents make equal bytes."""
    package = new_package()
    _page(package, document)
    draw: dict[str, Callable[[Any, Any], None]] = {
        "letterhead": _letterhead,
        "title": _title,
        "heading": _heading,
        "paragraph": _paragraph,
        "listing": _listing,
        "table": _table,
        "chart": _chart,
        "signatures": _signatures,
        "annex": _annex,
    }
    for block in document.blocks:
        draw[block.block](package, block)
    moment = datetime(*document.dated, tzinfo=UTC).replace(tzinfo=None)
    properties = package.core_properties
    properties.title, properties.subject, properties.author = document.title, document.subject, "Padan"
    properties.last_modified_by, properties.comments, properties.language = "Padan", "", "id-ID"
    properties.created = properties.modified = properties.last_printed = moment
    properties.revision = 1
    target = io.BytesIO()
    package.save(target)
    return normalised(target.getvalue())


def _page(package: Any, document: Document) -> None:
    section = package.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(2.5), Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(2.2), Cm(2.4)
    for name in ("Normal", "Heading 1", "Heading 2"):
        style = package.styles[name]
        style.font.name, style.font.color.rgb = _FONT, RGBColor(0x11, 0x11, 0x11)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
        for theme in ("w:asciiTheme", "w:hAnsiTheme"):
            style.element.rPr.rFonts.attrib.pop(qn(theme), None)
        style.font.size = Pt(11)
    normal = package.styles["Normal"]
    normal.paragraph_format.space_after = Pt(6)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "id-ID")
    normal.element.rPr.append(language)
    head = section.header.paragraphs[0]
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if document.fictional:
        _run(head, "NASKAH CONTOH: PERJANJIAN, PEJABAT, DAN SELURUH DATA FIKTIF", size=7.5)
    if document.draft:
        head.add_run()._r.append(parse_xml(_WATERMARK.format(namespaces=nsdecls("w"))))
    foot = section.footer.paragraphs[0]
    foot.paragraph_format.tab_stops.add_tab_stop(Cm(_WIDTH), alignment=2)
    if document.initials:
        _run(foot, "Paraf:  " + "   ".join(f"{name} [                ]" for name in document.initials), size=8)
    _run(foot, "\tHalaman ", size=8)
    _field(foot, "PAGE")
    _run(foot, " dari ", size=8)
    _field(foot, "NUMPAGES")
    _run(section.footer.add_paragraph(), document.foot, size=7)


def _run(paragraph: Any, text: str, bold: bool = False, italic: bool = False, size: float | None = None) -> Any:
    run = paragraph.add_run(text)
    run.bold, run.italic = bold or None, italic or None
    if size:
        run.font.size = Pt(size)
    return run


def _field(paragraph: Any, instruction: str) -> None:
    run = _run(paragraph, "", size=8)
    for kind in ("begin", None, "end"):
        if kind is None:
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = instruction
        else:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)


def _rich(paragraph: Any, runs: Sequence[Run], italic: bool = False, size: float | None = None) -> None:
    for run in runs:
        _run(paragraph, run.text, run.bold, italic, size)


def _letterhead(package: Any, block: Letterhead) -> None:
    table = package.add_table(rows=1, cols=2)
    for cell, lines in zip(table.rows[0].cells, (block.left, block.right), strict=True):
        first = cell.paragraphs[0]
        _run(first, lines[0], bold=True)
        first.paragraph_format.space_after = Pt(0)
        for line in lines[1:]:
            following = cell.add_paragraph()
            _run(following, line, size=8.5)
            following.paragraph_format.space_after = Pt(0)
    _border(package.add_paragraph(), "bottom", 12)


def _border(paragraph: Any, side: str, eighths: int) -> None:
    borders = OxmlElement("w:pBdr")
    line = OxmlElement(f"w:{side}")
    for name, value in (("val", "double"), ("sz", str(eighths)), ("space", "1"), ("color", "111111")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().append(borders)


def _title(package: Any, block: Title) -> None:
    for position, line in enumerate(block.lines):
        paragraph = package.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_after = Pt(2)
        _run(paragraph, line, bold=True, size=14 if position == 0 else 11.5)
    for line in block.numbers:
        paragraph = package.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_after = Pt(2)
        _run(paragraph, line, size=10.5)


def _heading(package: Any, block: Heading) -> None:
    package.add_heading(block.text, level=block.level)


def _paragraph(package: Any, block: Paragraph) -> None:
    paragraph = package.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    note = block.style == "note"
    _rich(paragraph, block.runs, italic=note, size=9.5 if note else None)


def _marker(numbering: str, position: int) -> str:
    names = {"1.": f"{position}.", "a.": f"{chr(96 + position)}.", "I.": f"{_ROMAN[(position - 1) % 12]}."}
    return names[numbering]


def _listing(package: Any, block: Listing) -> None:
    for position, item in enumerate(block.items, 1):
        paragraph = package.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        layout = paragraph.paragraph_format
        layout.left_indent, layout.first_line_indent = Cm(0.9), Cm(-0.9)
        layout.tab_stops.add_tab_stop(Cm(0.9))
        _run(paragraph, f"{_marker(block.numbering, position)}\t")
        _rich(paragraph, item)


def _widths(block: Table) -> list[float]:
    """Centimetres per column: what has no share is as wide as its longest word or value needs."""
    fixed = [
        0.0
        if column.share
        else min(4.0, 0.35 + 0.19 * max([len(column.title) * 0.75, *(len(row[at]) for row in block.rows[:500])]))
        for at, column in enumerate(block.columns)
    ]
    shares = sum(column.share for column in block.columns) or 1
    left = max(_WIDTH - sum(fixed), 3.0)
    return [width or left * column.share / shares for width, column in zip(fixed, block.columns, strict=True)]


def _table(package: Any, block: Table) -> None:
    caption = package.add_paragraph()
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_after = Pt(3)
    _run(caption, block.caption, bold=True, size=9.5)
    centimetres = _widths(block)
    widths = [round(width * 567) for width in centimetres]  # twentieths of a point
    rows = [_row([column.title for column in block.columns], block, widths, head=True)]
    rows += [
        _row(values, block, widths, bold=block.total and at == len(block.rows) - 1)
        for at, values in enumerate(block.rows)
    ]
    table = package.add_table(rows=0, cols=len(block.columns))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, centimetres, strict=True):
        column.width = Cm(width)
    # Whole rows as XML: python-docx's own cells would take minutes for an annex of thousands.
    for row in rows:
        table._tbl.append(parse_xml(row))
    package.add_paragraph().paragraph_format.space_after = Pt(2)


def _row(values: Sequence[str], block: Table, widths: list[int], head: bool = False, bold: bool = False) -> str:
    size = 8.5 if block.dense else 9.5
    cells = []
    for column, width, value in zip(block.columns, widths, values, strict=True):
        font = '<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New"/>' if column.code and not head else ""
        weight = "<w:b/>" if head or bold else ""
        shade = '<w:shd w:val="clear" w:fill="EEEEEE"/>' if head else ""
        cells.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr><w:p><w:pPr>'
            f'<w:spacing w:after="20"/><w:jc w:val="{column.align}"/></w:pPr>'
            f'<w:r><w:rPr>{font}{weight}<w:sz w:val="{round(size * 2)}"/></w:rPr>'
            f'<w:t xml:space="preserve">{_escaped(value)}</w:t></w:r></w:p></w:tc>'
        )
    properties = "<w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if head else "") + "</w:trPr>"
    return f"<w:tr {nsdecls('w')}>{properties}{''.join(cells)}</w:tr>"


def _escaped(text: str) -> str:
    clean = "".join(letter for letter in text if letter >= " " or letter in "\t\n")
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chart(package: Any, block: Chart) -> None:
    """A chart's numbers as a table with bars of characters: editable, and readable in black and white."""
    caption = package.add_paragraph()
    caption.paragraph_format.keep_with_next = True
    _run(caption, block.caption, bold=True, size=9.5)
    table = package.add_table(rows=1, cols=1 + 2 * len(block.series))
    table.style = "Table Grid"
    for at, one in enumerate(block.series):
        _run(table.rows[0].cells[2 + 2 * at].paragraphs[0], one.name, bold=True, size=9)
    span = block.highest - block.lowest
    for position, label in enumerate(block.labels):
        cells = table.add_row().cells
        _run(cells[0].paragraphs[0], label, size=9)
        for at, one in enumerate(block.series):
            share = (one.values[position] - block.lowest) / span if span > 0 else 0.0
            _run(cells[1 + 2 * at].paragraphs[0], one.shown[position], size=9)
            _run(cells[2 + 2 * at].paragraphs[0], "█" * max(1, round(share * 18)), size=7)
    package.add_paragraph()


def _signatures(package: Any, block: Signatures) -> None:
    if block.place_and_day:
        paragraph = package.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.keep_with_next = True
        _run(paragraph, block.place_and_day)
    table = package.add_table(rows=1, cols=len(block.signatures))
    for cell, one in zip(table.rows[0].cells, block.signatures, strict=True):
        lines = ((one.role, True), (one.title, False), *((("", False),) * 4), (one.name, True))
        for position, (text, bold) in enumerate(lines):
            paragraph = cell.paragraphs[0] if position == 0 else cell.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.keep_with_next = position < len(lines) - 1
            paragraph.paragraph_format.space_after = Pt(2)
            _run(paragraph, text, bold=bold)


def _annex(package: Any, block: Annex) -> None:
    package.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    for line in (block.name, block.title.upper()):
        heading = package.add_heading(line, level=1)
        heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
