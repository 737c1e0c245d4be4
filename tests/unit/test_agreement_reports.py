"""What ``padan agreement`` prints and writes: completeness, a view on a day, differences, data contracts."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from padan.agreement import Agreement, AgreementFileError, load_agreement
from padan.agreement.clauses import PartyCode
from padan.agreement.data_contract import as_yaml, contract
from padan.agreement.difference import differences
from padan.agreement.rules import remarks
from padan.agreement.service_contract import require_offered
from padan.agreement.yardstick import Standing, completeness
from padan.agreement_cli import app
from padan.errors import ConfigurationError
from tests.agreement_files import ANNEX, EXTENSION, PROJECT_DIR, REAL, Copy

REAL_FILE = PROJECT_DIR / "agreement" / REAL
JF_CONTRACT = PROJECT_DIR / "contracts" / "bps_jf_service.openapi.yaml"
DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def real() -> Agreement:
    return load_agreement(REAL_FILE)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path)


def padan(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])


# --- check


def test_the_yardstick_has_every_paragraph_of_section_19_1(real: Agreement) -> None:
    findings = completeness(real)
    assert [finding.paragraph for finding in findings] == [f"19(1)({letter})" for letter in "abcdefghijklmnopqr"]


def test_the_yardstick_tells_stated_from_assumed_from_missing(real: Agreement) -> None:
    standing = {finding.paragraph[6]: finding.standing for finding in completeness(real)}
    assert {letter for letter in standing if standing[letter] is Standing.STATED} == set("acdehijmp")
    assert {letter for letter in standing if standing[letter] is Standing.ASSUMED} == set("bfgno")
    assert {letter for letter in standing if standing[letter] is Standing.MISSING} == set("klr")
    where = {finding.paragraph[6]: finding.where for finding in completeness(real)}
    assert (where["m"], where["p"], where["n"]) == ("9(9)", "6(2)", "")


def test_an_addendum_can_fill_a_gap(copy: Copy) -> None:
    provision = '      provisions: [{topic: proportionality, text: "perlu dan sebanding", cites: ["12"]}]\n'
    changed = load_agreement(copy.addenda(EXTENSION + provision).path)
    standing = {finding.paragraph[6]: finding.standing for finding in completeness(changed.on(date(2026, 11, 20)))}
    assert standing["r"] is Standing.STATED


def test_check_reports_and_succeeds() -> None:
    result = padan("check", REAL_FILE)
    assert result.exit_code == 0
    assert "well formed; 22 datasets" in result.output
    assert "19(1)(r)" in result.output
    assert "The annex lists the data items and is not public" in result.output


def test_check_refuses_a_faulty_file(copy: Copy) -> None:
    copy.edit('    cites: ["10(2)"]\n', '    cites: ["10(4)"]\n')
    result = padan("check", copy.path)
    assert result.exit_code == 1
    assert str(result.exception).startswith(f"{REAL}:{copy.line('10(4)')}: unknown_article: ")


@pytest.mark.parametrize(
    ("announced", "said"), [("2026-11-04", []), ("2026-11-05", ["after 2026-11-04"]), ("null", ["due"])]
)
def test_check_remarks_on_an_extension_announced_late(copy: Copy, announced: str, said: list[str]) -> None:
    changed = load_agreement(copy.addenda(EXTENSION.replace("2026-10-30", announced)).path)
    found = list(remarks(changed))
    assert len(found) == len(said)
    assert all(text in remark for text, remark in zip(said, found, strict=True))


def test_the_service_offers_every_item_that_the_agreement_lists(real: Agreement) -> None:
    require_offered(real, "bps", REAL_FILE, JF_CONTRACT)


def test_an_item_that_the_contract_lacks_is_refused(copy: Copy) -> None:
    copy.edit('{field: jf_tmt, meaning: "effective date in the position"', '{field: salary, meaning: "pay"', ANNEX)
    with pytest.raises(AgreementFileError) as error:
        require_offered(load_agreement(copy.path), "bps", copy.path, JF_CONTRACT)
    [problem] = error.value.problems
    assert (problem.file, problem.line) == (ANNEX, copy.line("field: salary", ANNEX))
    assert problem.rule == "contract_lacks_item"
    result = padan("check", copy.path, "--contract", f"bps={JF_CONTRACT}")
    assert isinstance(result.exception, AgreementFileError)


def test_a_dataset_that_the_contract_lacks_is_refused(copy: Copy, tmp_path: Path) -> None:
    document = yaml.safe_load(JF_CONTRACT.read_text())
    document["paths"] = {path: value for path, value in document["paths"].items() if not path.endswith("/formations")}
    (tmp_path / "service.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(AgreementFileError) as error:
        require_offered(load_agreement(copy.path), "bps", copy.path, tmp_path / "service.yaml")
    assert [(problem.rule, problem.line) for problem in error.value.problems] == [
        ("contract_lacks_dataset", copy.line("- name: formations", ANNEX))
    ]


def test_contract_wants_a_party() -> None:
    assert isinstance(padan("check", REAL_FILE, "--contract", str(JF_CONTRACT)).exception, ConfigurationError)


# --- show


def test_show_is_the_agreement_on_a_day(copy: Copy) -> None:
    before = padan("show", REAL_FILE, "--day", "2026-11-24").output
    assert "exchange permitted on 2026-11-24" in before
    assert "had to be announced in writing by 2026-11-04" in before
    assert "biro.kepegawaian@bps.go.id" in before
    assert "3(2)d, 4(1)d" in before
    after = padan("show", REAL_FILE, "--day", "2026-12-05").output
    assert "no extract on 2026-12-05" in after
    extended = padan("show", copy.addenda(EXTENSION).path, "--day", "2026-12-05").output
    assert "exchange permitted on 2026-12-05" in extended
    assert "addendum 1/PKS/11/2026 / 2/HM/2026 of 2026-11-20: Perpanjangan tiga tahun" in extended


def test_show_says_when_it_is_fictional() -> None:
    assert "FICTIONAL" in padan("show", PROJECT_DIR / "agreement" / "sandbox.yaml", "--day", "2031-03-03").output


# --- diff


def test_diff_goes_item_by_item(copy: Copy, real: Agreement) -> None:
    copy.edit("NIP as BPS holds it", "NIP as BPS has it", ANNEX)
    copy.edit('      - {field: score, meaning: "score", personal: indirect}\n', "", ANNEX)
    copy.edit("  - name: formations\n", "  - name: vacancies\n", ANNEX).edit("[formations]", "[vacancies]", ANNEX)
    copy.edit("pdpik@bkn.go.id", "lain@bkn.go.id")
    found = {
        (difference.kind, difference.place): difference for difference in differences(real, load_agreement(copy.path))
    }
    assert set(found) == {
        ("changed", "datasets.bps.holders.items.nip_bps.meaning"),
        ("removed", "datasets.bps.competence_tests.items.score"),
        ("removed", "datasets.bps.formations"),
        ("added", "datasets.bps.vacancies"),
        ("removed", "item_terms.bps formations"),
        ("added", "item_terms.bps vacancies"),
        ("changed", "liaison_units.bkn 2023-12-04.email"),
    }
    changed = found["changed", "liaison_units.bkn 2023-12-04.email"]
    assert (changed.before, changed.after) == ("pdpik@bkn.go.id", "lain@bkn.go.id")


def test_diff_does_not_mind_the_order(copy: Copy, real: Agreement) -> None:
    text = copy.path.read_text()
    first, second = text.index("  - id: jf_guidance"), text.index("  - id: minutes")
    third = text.index("  - id: integration_evaluation")
    copy.path.write_text(text[:first] + text[second:third] + text[first:second] + text[third:])
    assert differences(real, load_agreement(copy.path)) == ()


def test_diff_exits_as_diff_does(copy: Copy) -> None:
    assert padan("diff", REAL_FILE, copy.path).exit_code == 0
    result = padan("diff", REAL_FILE, copy.addenda(EXTENSION).path)
    assert result.exit_code == 1
    assert "+ addenda.1/PKS/11/2026 / 2/HM/2026: Perpanjangan tiga tahun" in result.output


# --- export


@pytest.mark.parametrize("giver", ["bps", "bkn"])
def test_a_contract_holds_every_item_of_its_giver(real: Agreement, giver: PartyCode) -> None:
    exported = yaml.safe_load(as_yaml(contract(real, giver, DAY)))
    assert (exported["apiVersion"], exported["kind"], exported["status"]) == ("v3.1.0", "DataContract", "active")
    listed = {schema["name"]: schema for schema in exported["schema"]}
    assert set(listed) == {dataset.name for dataset in real.given_by(giver)}
    for dataset in real.given_by(giver):
        properties = {column["name"]: column for column in listed[dataset.name]["properties"]}
        assert tuple(properties) == dataset.columns
        assert {name for name, column in properties.items() if column.get("primaryKey")} == set(dataset.row_key)
        for item in dataset.items:
            found = properties[item.column]
            assert (found["physicalName"], found["classification"], found["required"]) == (
                item.field, item.personal, item.required,
            )  # fmt: skip
    term = {
        entry["property"]: entry["value"] for entry in exported["slaProperties"] if entry["property"] != "retention"
    }
    assert term == {"generalAvailability": "2023-12-04", "endOfSupport": "2026-12-04"}


def test_retention_of_a_contract_covers_each_item_once(real: Agreement) -> None:
    exported = contract(real, "bps", DAY)
    covered = [
        element
        for entry in exported["slaProperties"]
        if entry["property"] == "retention"
        for element in entry["element"].split(",")
    ]
    listed = [f"{dataset.name}.{column}" for dataset in real.given_by("bps") for column in dataset.columns]
    assert sorted(covered) == sorted(listed)


def test_version_and_status_follow_addenda_and_day(copy: Copy, real: Agreement) -> None:
    extended = load_agreement(copy.addenda(EXTENSION).path)
    assert [contract(real, "bps", day)["status"] for day in (date(2023, 12, 3), DAY, date(2026, 12, 5))] == [
        "proposed", "active", "retired",
    ]  # fmt: skip
    assert contract(extended, "bps", date(2026, 12, 5))["status"] == "active"
    assert [contract(extended, "bps", day)["version"] for day in (date(2026, 11, 19), DAY)] == ["1.0.0", "1.1.0"]
    assert contract(extended, "bps", DAY)["id"] == contract(real, "bps", DAY)["id"] != contract(real, "bkn", DAY)["id"]


def test_export_writes_both_contracts_and_the_same_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert padan("export", REAL_FILE, "--to", tmp_path / "out", "--day", "2026-11-24").exit_code == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["pks_bps_bkn_2023.bkn.odcs.yaml", "pks_bps_bkn_2023.bps.odcs.yaml"]
    for file, giver in zip(files, ("bkn", "bps"), strict=True):
        assert file.read_text() == as_yaml(contract(load_agreement(REAL_FILE), giver, DAY))  # type: ignore[arg-type]


# The standard's own keys (ODCS v3.1.0); what it does not know it refuses.
CONTRACT_KEYS = {"apiVersion", "kind", "id", "name", "version", "status", "domain", "tenant", "tags", "description",
                 "schema", "support", "team", "slaProperties", "customProperties"}  # fmt: skip
OBJECT_KEYS = {"name", "logicalType", "physicalType", "description", "dataGranularityDescription", "properties",
               "customProperties"}  # fmt: skip
PROPERTY_KEYS = {"name", "physicalName", "logicalType", "physicalType", "description", "required", "classification",
                 "primaryKey", "primaryKeyPosition", "customProperties"}  # fmt: skip


@pytest.mark.parametrize("giver", ["bps", "bkn"])
def test_a_contract_has_no_key_that_the_standard_does_not_know(real: Agreement, giver: PartyCode) -> None:
    exported = contract(real, giver, DAY)
    assert set(exported) == CONTRACT_KEYS
    for schema in exported["schema"]:
        assert set(schema) == OBJECT_KEYS
        for column in schema["properties"]:
            assert set(column) <= PROPERTY_KEYS
    holders: list[dict[str, Any]] = [exported, *exported["schema"]]
    for holder in holders:
        for custom in holder["customProperties"]:
            assert set(custom) == {"property", "value"}


@pytest.mark.parametrize("file", [REAL, "sandbox.yaml"])
@pytest.mark.parametrize("giver", ["bps", "bkn"])
def test_a_contract_meets_the_standards_json_schema(file: str, giver: PartyCode) -> None:
    package = pytest.importorskip("open_data_contract_standard", reason="the standard's schema is in this package")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resources.files(package).joinpath("schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    exported = contract(load_agreement(PROJECT_DIR / "agreement" / file), giver, DAY)
    assert [error.message for error in validator.iter_errors(exported)] == []
    assert list(validator.iter_errors({**exported, "unknown": 1}))  # it can fail
    del exported["status"]
    assert list(validator.iter_errors(exported))
