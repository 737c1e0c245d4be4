"""The record, the assessment and the breach notice, from the project's own agreement and column classes."""

from __future__ import annotations

import io
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx as word
import pytest

from padan.agreement import load_agreement
from padan.errors import ConfigurationError
from padan.minutes import docx, pdf
from padan.minutes.content import Document
from padan.privacy.breach import Incident, breach
from padan.privacy.dpia import dpia
from padan.privacy.facts import Exchanges, Facts
from padan.privacy.lineage import relations
from padan.privacy.paper import markdown
from padan.privacy.ropa import ropa

DAY = date(2026, 11, 24)
WORKLIST = "marts_reconciliation.rpt_difference_worklist"
FOUND = datetime(2026, 11, 29, 22, 15)  # noqa: DTZ001 - Jakarta's wall clock, as the command takes it


@pytest.fixture(scope="module")
def manifest_file(manifest: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifest") / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


@pytest.fixture(scope="module")
def facts(manifest_file: Path, project_dir: Path) -> Facts:
    agreement = load_agreement(project_dir / "agreement" / "pks_bps_bkn_2023.yaml").on(DAY)
    exchanges = (Exchanges("bps", 1234, 3, 45678, DAY, DAY), Exchanges("bkn", 0, 0, 0, None, None))
    return Facts(agreement, DAY, relations(manifest_file), exchanges, 5588, 1234, 7)


def papers(facts: Facts) -> list[Document]:
    return [ropa(facts), dpia(facts), breach(facts, Incident("Surel keliru.", FOUND, (WORKLIST,)))]


def test_the_record_lists_each_dataset_about_people_with_basis_and_retention(facts: Facts) -> None:
    text = ropa(facts).plain_text()
    personal = facts.personal_datasets()
    assert len(personal) > 8
    assert all(one.name in text and one.purpose in text for one in personal)
    assert "Pasal 31 Undang-Undang Nomor 27 Tahun 2022" in text
    assert "biro.kepegawaian@bps.go.id" in text
    assert "90 hari sejak perjanjian berakhir" in text
    assert "5.588" in text
    assert "1.234" in text


def test_classes_readers_and_sources_come_from_dbt(facts: Facts) -> None:
    found = {one.full_name: one for one in facts.relations}
    worklist, people = found[WORKLIST], found["marts_asn.dim_asn"]
    assert worklist.classes["direct"] >= 5
    assert set(worklist.readers) == {"liaison_bps", "liaison_bkn", "liaison_bps_agencies", "liaison_bkn_agencies"}
    assert people.classes["direct"] == 0
    assert {"bkn.data_utama", "bps.holders"} <= set(people.sources)
    text = ropa(facts).plain_text()
    assert WORKLIST in text
    assert "marts_asn.dim_instansi" not in text  # tells nothing of a person


def test_the_assessment_judges_each_letter_of_article_34(facts: Facts) -> None:
    text = dpia(facts).plain_text()
    assert "Pencocokan atau penggabungan sekelompok data" in text
    table = next(one for one in dpia(facts).blocks if getattr(one, "caption", "").endswith("Pasal 34 ayat (2)"))
    assert [row[0] for row in table.rows] == list("abcdefg")  # type: ignore[union-attr]
    assert {row[0]: row[2] for row in table.rows}["e"] == "ya"  # type: ignore[union-attr]


def test_the_notice_is_due_within_72_hours_and_says_what_was_disclosed(facts: Facts) -> None:
    text = breach(facts, Incident("Surel keliru.", FOUND, (WORKLIST,))).plain_text()
    assert "29 November 2026 pukul 22.15 WIB" in text
    assert "2 Desember 2026 pukul 22.15 WIB" in text
    assert WORKLIST in text
    assert "Pasal 46" in text
    for names in ((), ("marts_asn.absent",)):
        with pytest.raises(ConfigurationError, match="no such relation"):
            breach(facts, Incident("x", FOUND, names))


def words(text: str) -> set[str]:
    return set(re.findall(r"[A-Z]+", text.upper()))


def prose(paper: Document) -> set[str]:
    """The words of its paragraphs and tables; what else the model holds is how it looks."""
    parts = [run.text for block in paper.blocks for run in getattr(block, "runs", ())]
    parts += [cell for block in paper.blocks for row in getattr(block, "rows", ()) for cell in row]
    return words(" ".join(parts))


def test_each_form_says_the_same(facts: Facts) -> None:
    for paper in papers(facts):
        written = word.Document(io.BytesIO(docx.render(paper)))
        cells = [cell.text for table in written.tables for row in table.rows for cell in row.cells]
        assert len(prose(paper)) > 100
        assert prose(paper) - words(markdown(paper)) == set()
        assert prose(paper) - words(" ".join([*(one.text for one in written.paragraphs), *cells])) == set()
        assert pdf.render(paper).startswith(b"%PDF")


def test_without_a_manifest_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="padan write-docs"):
        relations(tmp_path / "manifest.json")
