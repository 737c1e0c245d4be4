"""A faulty agreement file is refused with file, line and rule, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from padan.agreement import AgreementFileError, load_agreement
from padan.errors import AgreementError
from tests.agreement_files import ANNEX, EXTENSION, REAL, Copy


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path)


def refused(copy: Copy) -> list[tuple[str, int, str]]:
    with pytest.raises(AgreementFileError) as error:
        load_agreement(copy.path)
    assert str(error.value).splitlines() == [str(problem) for problem in error.value.problems]
    return [(problem.file, problem.line, problem.rule) for problem in error.value.problems]


def test_the_copy_itself_is_accepted(copy: Copy) -> None:
    load_agreement(copy.path)


# (file, text that is there, text in its place, text of the line that the error must name, rule)
CASES = [
    (REAL, "place: Jakarta\n", "place: Jakarta\nplaces: Jakarta\n", "places: Jakarta", "unknown_field"),
    (REAL, "signed: 2023-12-04\n", "", "# The agreement (PKS)", "missing_field"),
    (REAL, "signed: 2023-12-04\n", "signed: yesterday\n", "signed: yesterday", "date_from_datetime_parsing"),
    (REAL, "signed: 2023-12-04\n", "signed: 2023-13-04\n", "signed: 2023-13-04", "yaml"),
    (REAL, "signed: 2023-12-04\n", "signed: 2023-12-04\nsigned: 2023-12-05\n", "signed: 2023-12-05", "yaml"),
    (REAL, "signed: 2023-12-04\n", "signed: [2023-12-04\n", "parties:", "yaml"),
    (REAL, "signed: 2023-12-04\n", "signed: 2023-12-05\n", "start: 2023-12-04", "validity_before_signing"),
    (REAL, "  end: 2026-12-04\n", "  end: 2022-12-04\n", "validity:", "validity_reversed"),
    (REAL, "    role: PIHAK KEDUA\n", "    role: PIHAK KETIGA\n", "role: PIHAK KETIGA", "literal_error"),
    (REAL, '    cites: ["10(2)"]\n', '    cites: ["10(4)"]\n', 'cites: ["10(4)"]', "unknown_article"),
    (REAL, '    cites: ["3(2)e"]\n', '    cites: ["3(2)g"]\n', 'cites: ["3(2)g"]', "unknown_article"),
    (REAL, '    cites: ["8(2)"]\n', "", "- id: liaison_change", "ungrounded"),
    (REAL, "- id: monitoring", "- id: minutes # again", "  - id: minutes # again", "given_twice"),
    (REAL, "kind: periodic, times_per_year: 2}\n    evidence: evaluation_held",
     "kind: periodic}\n    evidence: evaluation_held", "cadence: {kind: periodic}", "cadence"),
    (REAL, "  - about: numbers", "  - about: nothing", "- about: nothing", "unknown_section"),
    (REAL, "include:\n", "include:\n  - {file: absent.yaml, sections: [scope]}\n", "absent.yaml", "include_missing"),
    (REAL, "include:\n", "include:\n  - {file: ../x.yaml, sections: [scope]}\n", "../x.yaml", "include_outside"),
    (REAL, "include:\n", "include:\n  - {file: sandbox.yaml, sections: [scope]}\n", "sandbox.yaml",
     "include_lacks_section"),
    (REAL, "include:\n", "scope: {}\ninclude:\n", "scope: {}", "section_twice"),
    (REAL, "include:\n", "include:\n  - {file: sandbox.yaml}\n", "sandbox.yaml", "include"),
    (ANNEX, "  - {party: bps, legal_basis: jf_access, retention: person,",
     "  - {party: bps, retention: person,", "{field: holder_id, meaning: \"person id at BPS\"", "item_without_basis"),
    (ANNEX, "retention: person, cites: [\"4(2)a\"]", "cites: [\"4(2)a\"]",
     "{field: id, meaning: \"person id at BKN\"", "item_without_retention"),
    (ANNEX, "    days: 1825\n    counted_from: received", "    days: 1825\n    counted_from: superseded",
     "covers: [access.reading", "record_without_reception"),
    (ANNEX, "[access.reading, privacy", "[access.reading, access.reading, privacy", "covers: [access.reading",
     "covered_twice"),
    (ANNEX, "legal_basis: jf_codes", "legal_basis: goodwill", "legal_basis: goodwill", "unknown_basis"),
    (ANNEX, "    datasets: [reference_codes]", "    datasets: [reference_cods]", "reference_cods", "unknown_dataset"),
    (ANNEX, "meaning: \"NIP as BPS holds it\"", "retention: forever, meaning: \"NIP as BPS holds it\"",
     "retention: forever", "unknown_retention"),
    (ANNEX, "meaning: \"NIP as BPS holds it\", personal: direct", "meaning: \"NIP as BPS holds it\", personal: secret",
     "personal: secret", "literal_error"),
    (ANNEX, "    row_key: [holder_id]", "    row_key: [holder]", "- name: holders", "key_not_item"),
    (ANNEX, "column: nip_lama_bps", "column: nip_bps", "- name: holders", "column_twice"),
    (ANNEX, "attributes: [jabatan_fungsional, jenjang, credit_total]", "attributes: [jabatan_fungsional, jenjang, nik]",
     "jenjang, nik]", "given_twice"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "at", "rule"), CASES)
def test_a_fault_names_its_file_line_and_rule(copy: Copy, file: str, old: str, new: str, at: str, rule: str) -> None:
    copy.edit(old, new, file)
    assert (file, copy.line(at, file), rule) in refused(copy)


def test_every_fault_is_named_at_once(copy: Copy) -> None:
    copy.edit('    cites: ["10(2)"]\n', '    cites: ["10(4)"]\n').edit(
        '    cites: ["3(2)e"]\n', '    cites: ["3(2)g"]\n'
    )
    assert [rule for *_, rule in refused(copy)] == ["unknown_article", "unknown_article"]


BPS_UNIT = '    phone: "(021) 3841195"\n    valid_from: 2023-12-04\n'
NEXT_UNIT = """  - {{party: bps, unit: Biro Baru, email: baru@bps.go.id, valid_from: {start}, cites: ["8(2)"]}}
suspensions: []
"""


@pytest.mark.parametrize(
    ("valid_to", "next_start", "at", "rule"),
    [
        ("2025-05-31", "2025-06-02", "unit: Biro Baru", "liaison_gap"),
        ("2025-05-31", "2025-05-31", "unit: Biro Baru", "liaison_overlap"),
        ("2025-05-31", "2023-12-04", "unit: Biro Baru", "liaison_overlap"),
        ("2023-11-30", "2025-06-01", "- party: bps", "liaison_reversed"),
    ],
)
def test_liaison_units_neither_leave_a_gap_nor_overlap(
    copy: Copy, valid_to: str, next_start: str, at: str, rule: str
) -> None:
    copy.edit(BPS_UNIT, f"{BPS_UNIT}    valid_to: {valid_to}\n").edit(
        "suspensions: []\n", NEXT_UNIT.format(start=next_start)
    )
    assert (REAL, copy.line(at), rule) in refused(copy)


@pytest.mark.parametrize(("valid_to", "refusals"), [("2026-12-03", ["liaison_gap"]), ("2026-12-04", [])])
def test_a_liaison_unit_lasts_to_the_last_day(copy: Copy, valid_to: str, refusals: list[str]) -> None:
    copy.edit(BPS_UNIT, f"{BPS_UNIT}    valid_to: {valid_to}\n")
    if refusals:
        assert [(rule, line) for _, line, rule in refused(copy)] == [("liaison_gap", copy.line("- party: bps"))]
    else:
        load_agreement(copy.path)


def test_an_extension_asks_for_liaison_units_to_its_end(copy: Copy) -> None:
    copy.edit(BPS_UNIT, f"{BPS_UNIT}    valid_to: 2026-12-04\n").addenda(EXTENSION)
    assert [rule for *_, rule in refused(copy)] == ["liaison_gap"]


def test_a_party_without_any_liaison_unit_is_a_gap(copy: Copy) -> None:
    text = copy.path.read_text()
    start, end = text.index("  - party: bkn\n    unit: Direktur"), text.index("suspensions: []")
    copy.path.write_text(text[:start] + text[end:])
    assert (REAL, copy.line("liaison_units:"), "liaison_gap") in refused(copy)


FIRST_LINE = '- numbers: {bps: "1/PKS'
IN_FORCE = "in_force_from: 2026-11-20"
EXTENDS = 'extension: {start: 2026-12-05, end: 2029-12-04, cites: ["6(2)"]}'


@pytest.mark.parametrize(
    ("old", "new", "at", "rule"),
    [
        ("{start: 2026-12-05, end", "{start: 2026-12-04, end", "extension: {start: 2026-12-04", "validity_overlap"),
        ("{start: 2026-12-05, end", "{start: 2026-12-06, end", "extension: {start: 2026-12-06", "validity_gap"),
        ("end: 2029-12-04, cites", "end: 2025-12-04, cites", "extension: {start: 2026-12-05", "validity_reversed"),
        ("signed: 2026-11-20", "signed: 2026-11-21", FIRST_LINE, "addendum_before_signing"),
        (IN_FORCE, "in_force_from: 2026-12-06", FIRST_LINE, "addendum_after_end"),
        (IN_FORCE, f"{IN_FORCE}\n    in_force_to: 2026-11-19", FIRST_LINE, "addendum_reversed"),
        ('cites: ["6(2)", "12"]', 'cites: ["6(2)", "14"]', 'cites: ["6(2)", "14"]', "unknown_article"),
        (EXTENDS, "{}", "changes:", "addendum_empty"),
        (EXTENDS, "termination: 2027-01-01", "termination:", "termination_outside_term"),
        (EXTENDS, "remove_datasets: [bkn.gaji]", "remove_datasets:", "unknown_target"),
        (EXTENDS, "remove_items: [bkn.data_utama.gaji]", "remove_items:", "unknown_target"),
        (EXTENDS, "remove_items: [bkn.data_utama.id]", "changes:", "key_not_item"),
        (EXTENDS, "remove_obligations: [gaji]", "remove_obligations:", "unknown_target"),
    ],
)
def test_a_faulty_addendum_is_refused(copy: Copy, old: str, new: str, at: str, rule: str) -> None:
    assert EXTENSION.count(old) == 1
    copy.addenda(EXTENSION.replace(old, new))
    assert (REAL, copy.line(at), rule) in refused(copy)


def test_an_addendum_signed_after_the_end_is_refused(copy: Copy) -> None:
    late = EXTENSION.replace("signed: 2026-11-20", "signed: 2026-12-05").replace(IN_FORCE, "in_force_from: 2026-12-05")
    copy.addenda(late)
    assert (REAL, copy.line(FIRST_LINE), "addendum_after_end") in refused(copy)


def test_an_added_item_needs_a_basis_too(copy: Copy) -> None:
    addition = """      datasets:
        - name: salaries
          party: bps
          access: paged
          purpose: gaji
          row_key: [nip]
          items:
            - {field: nip, meaning: NIP, personal: direct, legal_basis: nothing}
"""
    copy.addenda(EXTENSION + addition)
    assert (REAL, copy.line("legal_basis: nothing"), "unknown_basis") in refused(copy)


def test_two_addenda_of_one_day_may_not_change_the_same_point(copy: Copy) -> None:
    second = """  - numbers: {bps: "3/PKS/11/2026", bkn: "4/HM/2026"}
    signed: 2026-11-20
    in_force_from: 2026-11-20
    summary: "Tujuan lain"
    cites: ["12"]
    changes:
      purpose: {text: "Tujuan lain", cites: ["1"]}
"""
    third = second.replace("3/PKS", "5/PKS")
    copy.addenda(EXTENSION + second + third)
    assert refused(copy) == [(REAL, copy.line('"5/PKS/11/2026"'), "addenda_conflict")]


SUSPENSION = """suspensions:
  - cause: banjir
    party: bkn
    start: {start}
    end: {end}
    notified: {notified}
    cites: ["10(1)"]
"""


@pytest.mark.parametrize(
    ("start", "end", "notified", "at", "rule"),
    [
        ("2024-02-10", "2024-02-09", "2024-02-12", "cause: banjir", "suspension_reversed"),
        ("2023-12-03", "2023-12-10", "2023-12-04", "cause: banjir", "suspension_outside_validity"),
        ("2026-12-05", "2026-12-10", "2026-12-06", "cause: banjir", "suspension_outside_validity"),
        ("2024-02-10", "2024-02-20", "2024-02-09", "notified:", "notice_before_event"),
    ],
)
def test_a_faulty_suspension_is_refused(copy: Copy, start: str, end: str, notified: str, at: str, rule: str) -> None:
    copy.edit("suspensions: []\n", SUSPENSION.format(start=start, end=end, notified=notified))
    assert (REAL, copy.line(at), rule) in refused(copy)


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe", b"title: \x07"])
def test_what_is_no_agreement_at_all_is_refused(copy: Copy, content: bytes) -> None:
    copy.path.write_bytes(content)
    with pytest.raises(AgreementFileError, match=REAL):
        load_agreement(copy.path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AgreementError, match=r"absent\.yaml:0: unreadable"):
        load_agreement(tmp_path / "absent.yaml")


def test_a_fault_in_an_included_file_names_that_file(copy: Copy) -> None:
    copy.edit('meaning: "NIP as BPS holds it", personal: direct', 'meaning: "NIP as BPS holds it", personal: 7', ANNEX)
    assert refused(copy) == [(ANNEX, copy.line("personal: 7", ANNEX), "literal_error")]
