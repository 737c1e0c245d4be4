"""The papers: what they say in the extremes, that all formats say the same, that bytes depend on inputs alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typst
from docx import Document as open_docx

from padan.minutes import berita_acara, bundle, docx, evaluation, pdf, xlsx
from padan.minutes.common import article
from padan.minutes.content import Document, Heading, Listing, Paragraph, Signatures, Table, runs
from padan.minutes.errors import TemplateError
from padan.minutes.inputs import canonical, canonical_inputs
from padan.minutes.office import verify_folder
from padan.minutes.wording import TEXTS, Wording
from padan.minutes.words import count
from tests.minutes_papers import DRAFT, FINAL, LONG_AGENCY, semester

BUILDERS = (berita_acara.build, evaluation.build)
EXTREMES = {
    "nobody": {"differences": 0, "pairs": 0, "only_bkn": 0, "only_bps": 0, "previous": False},
    "one person": {"differences": 0, "pairs": 1, "only_bkn": 0, "only_bps": 0},
    "one difference": {"differences": 1, "pairs": 1, "only_bkn": 0, "only_bps": 0},
    "usual": {},
    "a list over many pages": {"differences": 3_000},
}


@pytest.fixture(scope="module", params=EXTREMES)
def papers(request: pytest.FixtureRequest) -> tuple[Any, Document, Document]:
    """Inputs and both papers of each extreme."""
    found = semester(**EXTREMES[request.param])  # type: ignore[arg-type]
    minutes, report = (build(found.inputs, found.manifest, FINAL) for build in BUILDERS)
    return found.inputs, minutes, report


def texts_of(value: Any) -> list[str]:
    """Every text that Typst laid out below a queried element."""
    if isinstance(value, dict):
        return (
            [value["text"]] if isinstance(value.get("text"), str) else [t for v in value.values() for t in texts_of(v)]
        )
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []


def words_of_pdf(document: Document) -> str:
    """The words of the tables and paragraphs as Typst's own introspection has them."""
    inputs = {"paper": canonical(document.as_json())}
    found = [
        typst.query(
            str(pdf.TEMPLATE), selector, root=str(pdf.TEMPLATE.parent), ignore_system_fonts=True, sys_inputs=inputs
        )
        for selector in ("table", "par", "enum", "heading")
    ]
    return "".join("".join(texts_of(json.loads(one))) for one in found)


def words_of_docx(package: bytes) -> str:
    return squeezed(
        "".join(node.text or "" for node in open_docx(io.BytesIO(package)).element.body.iter() if node.text)
    )


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def words_of_model(document: Document) -> list[str]:
    """Each paragraph, item and cell of the model."""
    found = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            found.append("".join(run.text for run in block.runs))
        elif isinstance(block, Listing):
            found += ["".join(run.text for run in item) for item in block.items]
        elif isinstance(block, Table):
            found += [cell for row in block.rows for cell in row if cell]
        elif isinstance(block, Heading):
            found.append(block.text)
    return found


def sheets(package: bytes) -> dict[str, list[list[str]]]:
    """Rows of each sheet of a workbook, read without the library that wrote it."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        shared = [
            "".join(node.text or "" for node in item.iter(f"{{{space['m']}}}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).findall("m:si", space)  # noqa: S314
        ]
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        names = [sheet.attrib["name"] for sheet in book.find("m:sheets", space) or []]
        found = {}
        for number, name in enumerate(names, 1):
            sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314
            found[name] = [
                [
                    shared[int(cell.find("m:v", space).text)] if cell.find("m:v", space) is not None else ""
                    for cell in row
                ]  # type: ignore[union-attr,arg-type]
                for row in sheet.iter(f"{{{space['m']}}}row")
            ]
        return found


def test_both_papers_are_made_in_every_extreme(papers: tuple[Any, Document, Document]) -> None:
    _, minutes, report = papers
    for paper in (minutes, report):
        made = pdf.render(paper)
        assert made.startswith(b"%PDF-1.7")
        assert b"pdfaid" in made
        assert docx.render(paper).startswith(b"PK")


def test_pdf_and_docx_hold_every_word_of_the_model(papers: tuple[Any, Document, Document]) -> None:
    for paper in papers[1:]:
        in_pdf, in_docx = squeezed(words_of_pdf(paper)), words_of_docx(docx.render(paper))
        for text in words_of_model(paper):
            assert squeezed(text) in in_pdf, f"not in the PDF: {text}"
            assert squeezed(text) in in_docx, f"not in the DOCX: {text}"


def test_the_numbers_of_the_minutes_are_those_of_the_inputs(papers: tuple[Any, Document, Document]) -> None:
    inputs, minutes, _ = papers
    tables = {block.caption.split(". ", 1)[1]: block for block in minutes.blocks if isinstance(block, Table)}
    people = tables["Pegawai menurut hasil pemadanan"]
    assert people.rows[-1][1] == count(inputs.people.everyone)
    by_kind = tables["Perbedaan data menurut elemen data dan jenis perbedaan"]
    assert by_kind.rows[-1][-1] == count(inputs.open_cases)
    if inputs.cases:
        assert tables["Perbedaan data menurut instansi"].rows[-1][-1] == count(inputs.open_cases)
        assert tables["Perbedaan data yang belum selesai menurut elemen data"].rows[-1][5] == count(inputs.open_cases)


def test_every_case_number_stands_in_the_minutes_once(papers: tuple[Any, Document, Document]) -> None:
    inputs, minutes, _ = papers
    text = minutes.plain_text()
    listed = re.findall(r"K-[0-9A-F]{12}", text)
    assert sorted(listed) == sorted(case.case_id for case in inputs.cases)


def test_no_paper_holds_a_personal_value() -> None:
    found = semester(value="RAHASIA-SEKALI")
    for build in BUILDERS:
        text = build(found.inputs, found.manifest, FINAL).plain_text()
        assert "RAHASIA-SEKALI" not in text
        assert not re.search(r"(?<!\d)(?:\d{18}|\d{16})(?!\d)", text)


def test_personal_columns_go_only_to_the_party_that_mends() -> None:
    found = semester(60, value="RAHASIA")
    for party, own, other in (("bps", "Pihak Kesatu", "Pihak Kedua"), ("bkn", "Pihak Kedua", "Pihak Kesatu")):
        book = sheets(xlsx.render(found.inputs, found.personal, party, FINAL))  # type: ignore[arg-type]
        mine, theirs = book[f"Kasus {own}"], book[f"Kasus {other}"]
        assert [row[1] for row in mine[1:]] == [case.case_id for case in found.inputs.of_party(party)]  # type: ignore[arg-type]
        assert all("RAHASIA" in "".join(row) for row in mine[1:])
        assert len(theirs) > 1
        assert not any("RAHASIA" in cell or re.fullmatch(r"\d{18}", cell) for row in theirs for cell in row)


@pytest.mark.parametrize(
    "value", ["=1+1", "+62812", "-5", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x.invalid")', "http://x.invalid"]
)
def test_nothing_from_the_data_becomes_a_formula_or_a_link(value: str) -> None:
    found = semester(5, value=value)
    made = xlsx.render(found.inputs, found.personal, "bps", FINAL)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist() if "worksheets" in name)
        assert b"<f>" not in content
        assert b"<hyperlink" not in content
        assert b"sheetProtection" in content
        if value[0] != "h":
            assert b'quotePrefix="1"' in archive.read("xl/styles.xml")
    assert any(value.strip() in cell for row in sheets(made)["Kasus Pihak Kesatu"] for cell in row)


def test_markup_from_the_data_stays_text() -> None:
    found = semester(3)
    evil = "#panic(1) $x$ *b* <w:p/> & ]]> {nama} \\u{1}"
    cases = tuple(case.model_copy(update={"agency": evil}) for case in found.inputs.cases)
    inputs = found.inputs.model_copy(update={"cases": cases})
    paper = berita_acara.build(inputs, found.manifest, FINAL)
    assert squeezed(evil) in squeezed(words_of_pdf(paper))
    assert squeezed(evil) in words_of_docx(docx.render(paper))


def test_a_long_agency_name_wraps_within_its_column() -> None:
    paper = berita_acara.build(semester(60).inputs, semester(60).manifest, FINAL)
    assert squeezed(LONG_AGENCY) in squeezed(words_of_pdf(paper))


def test_a_draft_says_so_and_a_final_does_not() -> None:
    found = semester()
    draft, final = (berita_acara.build(found.inputs, found.manifest, issue) for issue in (DRAFT, FINAL))
    assert draft.draft
    assert not final.draft
    assert b'string="DRAF"' in zipfile.ZipFile(io.BytesIO(docx.render(draft))).read("word/header1.xml")
    assert b'string="DRAF"' not in zipfile.ZipFile(io.BytesIO(docx.render(final))).read("word/header1.xml")
    assert pdf.render(draft) != pdf.render(final)


def test_signatures_of_both_parties_stand_side_by_side() -> None:
    found = semester()
    signatures = [
        b for b in berita_acara.build(found.inputs, found.manifest, FINAL).blocks if isinstance(b, Signatures)
    ]
    assert [one.role for one in signatures[0].signatures] == ["PIHAK KESATU,", "PIHAK KEDUA,"]


def test_the_opening_writes_day_and_date_in_words() -> None:
    text = berita_acara.build(semester().inputs, semester().manifest, FINAL).plain_text()
    assert "Pada hari ini, Rabu, tanggal Delapan, bulan Juli, tahun Dua Ribu Dua Puluh Enam (08-07-2026)" in text


def test_citations_in_words() -> None:
    assert article("3(2)d") == "Pasal 3 ayat (2) huruf d"
    assert article("7") == "Pasal 7"
    assert article("10(2)") == "Pasal 10 ayat (2)"


def test_a_template_with_a_missing_field_or_paragraph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "naskah.yaml").write_text("a: 'Tanggal {tanggal}'\nb: 'Tanpa {'\nc: ''\n")
    wording = Wording("naskah", {}, tmp_path)
    assert wording.text("a", tanggal="8 Juli") == "Tanggal 8 Juli"
    for key, message in (
        ("a", "there is no field tanggal"),
        ("b", "brace"),
        ("c", "no paragraph c"),
        ("d", "no paragraph d"),
    ):
        with pytest.raises(TemplateError, match=message):
            wording.text(key)
    with pytest.raises(TemplateError, match="cannot be read"):
        Wording("absent", {}, tmp_path)


def test_every_paragraph_of_the_prose_is_used() -> None:
    code = "".join(path.read_text() for path in TEXTS.parent.glob("*.py"))
    for path in TEXTS.glob("*.yaml"):
        keys = re.findall(r"^([A-Za-z0-9_]+):", path.read_text(), re.MULTILINE)
        assert [key for key in keys if f'"{key}"' not in code and key != "R9"] == []


def test_bold_runs() -> None:
    assert [(run.text, run.bold) for run in runs("a **b** c")] == [("a ", False), ("b", True), (" c", False)]


CHILD = """
import hashlib, json, sys, time, datetime
shift = 86400 * 800
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + shift
time.time_ns = lambda: real_ns() + shift * 10**9
class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls): return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
datetime.datetime = Later
assert datetime.datetime.now().year > 2028, "the clock was not shifted"
from tests.minutes_papers import FINAL, semester
from padan.minutes import bundle
files = bundle.render(semester(), FINAL)
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in files.items()}))
"""


@pytest.mark.parametrize(
    ("zone", "language", "seed"),
    [("Pacific/Kiritimati", "C", "1"), ("America/Caracas", "id_ID.UTF-8", "2"), ("Asia/Jakarta", "tr_TR.UTF-8", "3")],
)
def test_bytes_depend_on_nothing_but_the_inputs(
    zone: str, language: str, seed: str, project_dir: Path, tmp_path: Path
) -> None:
    """Another day (two years on), zone, locale, folder and hash seed: the same nine files."""
    here = {name: hashlib.sha256(content).hexdigest() for name, content in bundle.render(semester(), FINAL).items()}
    paths = os.pathsep.join([str(project_dir / "plugins"), str(project_dir)])
    environment = {
        **os.environ,
        "TZ": zone,
        "LC_ALL": language,
        "LANG": language,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": paths,
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == here
    assert len(here) == 9


def test_other_inputs_make_other_bytes() -> None:
    one, other = (bundle.render(semester(number), FINAL) for number in (40, 41))
    assert {name for name in one if one[name] == other[name]} == set()


@pytest.mark.parametrize("name", ["2026-S1", "2026-S2"])
def test_the_examples_of_the_documentation_are_proved(project_dir: Path, name: str) -> None:
    """A change of layout or prose shows here: published papers of the release before are made again by its own code."""
    found = verify_folder(project_dir / "docs" / "examples" / name)
    assert found.identical, found.differences


def test_terms_are_those_of_the_ledger() -> None:
    found = semester(6)
    text = berita_acara.build(found.inputs, found.manifest, FINAL).plain_text().replace("\n", "")
    assert (
        "tenggat yang paling awal jatuh pada tanggal 2 Mei 2026 dan yang paling akhir pada tanggal 2 Juni 2026" in text
    )
    by_owner = {owner: found.inputs.owned(owner) for owner in ("bps", "bkn", "both")}
    late = {owner: sum(case.overdue(found.inputs.cut) for case in cases) for owner, cases in by_owner.items()}
    assert late == {"bps": 2, "bkn": 1, "both": 0}, "waived cases are late for nobody"
    assert "pada posisi data ini 2 perbedaan telah melewati tenggat dan 2 di antaranya telah dieskalasi" in text
    assert (
        "memperbaiki padanan 2 (dua) kode referensi: tenggat yang paling awal jatuh pada tanggal 14 Juli 2026" in text
    )
    assert "02-03-2026" in text, "the annex lists each case with its due date"


@pytest.mark.parametrize("build", BUILDERS)
def test_a_semester_of_the_first_format_makes_the_same_papers(build: Any) -> None:
    """Frozen and drafted before the ledger held the terms: inputs, hash and every word stay what they were."""
    folder = Path(__file__).parent / "minutes_format_1"
    inputs, manifest = (
        gzip.decompress((folder / f"{name}.json.gz").read_bytes()).decode() for name in ("inputs", "manifest")
    )
    found = bundle.thaw(manifest, inputs, None)
    assert found.manifest.format == 1
    assert canonical_inputs(found.inputs) == inputs
    document = build(found.inputs, found.manifest, FINAL)
    assert document.plain_text() == (folder / f"{document.name}.txt").read_text()
    assert xlsx.render(found.inputs, (), "bps", FINAL)
