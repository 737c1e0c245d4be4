"""The real agreement's file says what the public text of 4 December 2023 says."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from padan.agreement import Agreement, load_agreement
from tests.agreement_files import PROJECT_DIR, REAL


@pytest.fixture(scope="module")
def real() -> Agreement:
    return load_agreement(PROJECT_DIR / "agreement" / REAL)


def test_numbers_dates_and_place(real: Agreement) -> None:
    assert real.numbers == {"bps": "37.03.23/HK.610/PKS/12/2023", "bkn": "41/HM.04.01/2023"}
    assert (real.signed, real.place, real.fictional) == (date(2023, 12, 4), "Jakarta", False)
    assert (real.validity.start, real.validity.end) == (date(2023, 12, 4), date(2026, 12, 4))
    [memorandum] = real.preceded_by
    assert memorandum.numbers == ("18/HM.04.01/2023", "07/HK.610/NK/05/2023")


def test_parties_and_signatories(real: Agreement) -> None:
    bps, bkn = real.parties["bps"], real.parties["bkn"]
    assert (bps.name, bps.role, bps.signatory) == ("Badan Pusat Statistik", "PIHAK KESATU", "Atqo Mardiyanto")
    assert (bkn.name, bkn.role, bkn.signatory) == ("Badan Kepegawaian Negara", "PIHAK KEDUA", "Imas Sukmariah")
    assert "142/TPA Tahun 2021" in bps.appointed_by
    assert "171/TPA Tahun 2020" in bkn.appointed_by


def test_liaison_units_of_article_8(real: Agreement) -> None:
    bps, bkn = real.liaison("bps", real.signed), real.liaison("bkn", real.signed)
    assert (bps.unit, bps.email) == ("Kepala Biro Sumber Daya Manusia", "biro.kepegawaian@bps.go.id")
    assert bkn.unit == "Direktur Pengelolaan Data dan Penyajian Informasi Kepegawaian"
    assert (bkn.email, bkn.phone) == ("pdpik@bkn.go.id", "(021) 8093008 ext. 2101")
    assert (bps.cites, bkn.cites) == (("8(1)a",), ("8(1)b",))


def test_the_text_has_thirteen_articles(real: Agreement) -> None:
    citable = {reference for article in real.articles for reference in article.references()}
    assert [article.number for article in real.articles] == list(range(1, 14))
    assert {"2(2)", "3(1)c", "3(2)f", "4(1)e", "4(2)d", "6(3)", "8(1)b", "9(3)c", "9(10)", "10(3)"} <= citable
    assert not {"2(3)", "3(1)d", "3(2)g", "4(1)f", "4(2)e", "6(4)", "8(3)", "9(11)", "10(4)", "11(1)", "14"} & citable


def test_every_article_is_in_the_file_and_every_duty_is_an_obligation(real: Agreement) -> None:
    cited = {reference for _, clause in real.clauses() for reference in clause.cites}
    assert {int(reference.split("(")[0]) for reference in cited if reference[0].isdigit()} == set(range(1, 14))
    duties = {reference for duty in real.obligations for reference in duty.cites}
    assert {f"3(2){letter}" for letter in "abcdef"} | {f"4(2){letter}" for letter in "abcd"} <= duties
    assert {f"4(1){letter}" for letter in "abcde"} | {
        f"3(1){letter}" for letter in "abc"
    } <= duties  # the other's rights
    assert {"6(2)", "7", "8(2)", "9(1)", "9(9)", "10(2)"} <= duties


def test_who_owes_what_and_when(real: Agreement) -> None:
    duties = {duty.id: duty for duty in real.obligations}
    for duty in real.obligations:
        if any(reference.startswith("3(2)") for reference in duty.cites):
            assert duty.owed_by == ("bps",), duty.id
        elif any(reference.startswith("4(2)") for reference in duty.cites):
            assert duty.owed_by == ("bkn",), duty.id
        else:
            assert duty.owed_by == ("bps", "bkn"), duty.id
    for name in ("minutes", "integration_evaluation", "monitoring"):
        assert duties[name].cadence.times_per_year == 2
    assert (duties["liaison_change"].cadence.within_days, duties["liaison_change"].cadence.day_kind) == (5, "working")
    assert (duties["force_majeure"].cadence.within_days, duties["force_majeure"].cadence.day_kind) == (14, "calendar")
    assert duties["extension_or_end"].cadence.months_before_end == 1


def test_the_eight_laws_of_the_preamble(real: Agreement) -> None:
    laws = [basis for basis in real.legal_bases if basis.cites == ("preamble",)]
    numbers = ("16 Tahun 1997", "5 Tahun 2014", "51 Tahun 1999", "11 Tahun 2017", "86 Tahun 2007", "58 Tahun 2013",
               "7 Tahun 2020", "29 Tahun 2020")  # fmt: skip
    assert len(laws) == len(numbers)
    for law, number in zip(laws, numbers, strict=True):
        assert f"Nomor {number}" in law.text


def test_what_the_text_leaves_open_is_marked(real: Agreement) -> None:
    assumed = dict(real.assumed())
    assert not real.annex.public
    assert {"annex", "numbers", "validity", "scope", "retention.person", "authority.bkn"} <= set(assumed)
    assert "datasets.bkn.portal_export" in assumed  # a file, where the text speaks of a web service only
    for _, clause in real.clauses():
        if type(clause).__name__ in ("Retention", "Authority", "ItemTerms"):
            assert clause.assumption, clause


def test_both_parties_give_their_items_on_their_article(real: Agreement) -> None:
    basis = {basis.id: basis.cites[0] for basis in real.legal_bases}
    for dataset in real.datasets:
        found = {basis[real.legal_basis_of(dataset, item)] for item in dataset.items}
        codes = dataset.name.startswith("ref")
        expected = {"bkn": "4(2)b" if codes else "4(2)a", "bps": "3(2)b" if codes else "3(2)a"}[dataset.party]
        assert found == {expected}, dataset.key
        if codes:
            assert all(item.personal == "none" for item in dataset.items), dataset.key


def test_the_registry_of_attributes_names_the_same_authorities(real: Agreement) -> None:
    with (PROJECT_DIR / "dbt_project" / "seeds" / "attribute_registry.csv").open() as file:
        registry = {row["attribute"]: row["authority"] for row in csv.DictReader(file)}
    assert registry == {name: authority.party for authority in real.authority for name in authority.attributes}
    assert {real.authority_of(name) for name in ("jenjang", "jabatan_fungsional", "credit_total")} == {"bps"}


def test_the_sandbox_has_the_same_items_and_duties_and_nobodys_name(real: Agreement) -> None:
    sandbox = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    assert (sandbox.datasets, sandbox.scope, sandbox.obligations) == (real.datasets, real.scope, real.obligations)
    visible = (sandbox.title, *sandbox.numbers.values(), *(party.signatory_title for party in sandbox.parties.values()))
    assert all("fiktif" in text.casefold() for text in visible)
    assert all(unit.email.endswith(".invalid") for unit in sandbox.liaison_units)
