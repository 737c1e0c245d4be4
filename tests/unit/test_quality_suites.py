"""Suite files: strict, complete against their index, and usable by Great Expectations as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from padan.agreement import load_agreement
from padan.errors import ConfigurationError
from padan.quality import cases
from padan.quality.changed import rows_to_ask
from padan.quality.engine import build_expectation
from padan.quality.suites import STAGES, Attribute, ExpectationType, expand, read_suites

DAY = date(2026, 11, 24)
ATTRIBUTES = (
    Attribute("golongan", "bkn", "Golongan ruang"),
    Attribute("jenjang", "bps", "Jenjang"),
    Attribute("presence", "none", "Keberadaan"),
)
Write = Callable[..., Path]


def suite(**changes: Any) -> dict[str, Any]:
    return {
        "suite": "comparison_x",
        "stage": "comparison",
        "table": "integration.x",
        "description": "Something.",
        "expectations": [expectation()],
    } | changes


def expectation(**changes: Any) -> dict[str, Any]:
    return {
        "id": "rows_present",
        "type": "expect_table_row_count_to_be_between",
        "kwargs": {"min_value": 1},
        "severity": "critical",
        "owner": "data-engineering",
        "reason": "Because an empty table is a failed build.",
    } | changes


PER_ATTRIBUTE = expectation(
    id="tolerance_{attribute}",
    for_each="attribute",
    type="expect_column_pair_values_a_to_be_greater_than_b",
    kwargs={"column_A": "tolerance_share", "column_B": "modified_share", "or_equal": True},
    where={"attribute": "{attribute}"},
    severity="warning",
    owner="{owner}",
    cases_query="select case_id from d where attribute = '{attribute}'",
    label_id="Atribut {label_id}",
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write suites, and an index of them unless another is given; return the folder."""

    def _write(*suites: dict[str, Any], index: Any = None) -> Path:
        listed: dict[str, dict[str, list[str]]] = {}
        for each in suites:
            (tmp_path / f"{each['suite']}.yaml").write_text(yaml.safe_dump(each))
            names = [item["id"] for item in each["expectations"]]
            listed.setdefault(each["stage"], {})[each["suite"]] = names
        (tmp_path / "index.yaml").write_text(yaml.safe_dump(listed if index is None else index))
        return tmp_path

    return _write


def test_the_projects_suites_are_usable(project_dir: Path) -> None:
    files = read_suites(project_dir / "expectations")
    assert {file.stage for file in files} == set(STAGES)
    for file in files:
        ready = expand(file, ATTRIBUTES, DAY)
        for item in ready.expectations:
            build_expectation(ready, item)
            assert "{" not in item.id + item.owner + item.label_id
            assert "{attribute}" not in repr(item)
            assert item.cases_query.startswith("select "), f"{file.suite}.{item.id} names no query of its cases"
            assert not {"{", "}"} & set(re.sub(r"\{\d+\}", "", item.cases_query))


def test_a_query_is_known_for_every_type() -> None:
    assert set(cases._QUERIES) == set(get_args(ExpectationType))


@pytest.mark.parametrize(
    ("kind", "kwargs", "query"),
    [
        ("expect_column_values_to_not_be_null", {"column": "b"}, "select k from integration.x where b is null"),
        (
            "expect_column_values_to_be_between",
            {"column": "b", "min_value": 1, "max_value": "2020-01-01"},
            "select k from integration.x where (b < '1' or b > '2020-01-01')",
        ),
        (
            "expect_column_values_to_be_in_set",
            {"column": "b", "value_set": ["a", "it's"]},
            "select k from integration.x where b::text not in ('a', 'it''s')",
        ),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select 1 as found from {batch} as mine where mine.b ~ '^[0-9]{{2}}$'"},
            "select mine.k from integration.x as mine where mine.b ~ '^[0-9]{2}$'",
        ),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select 1 as found from {batch} group by b having count(*) > 1"},
            "select b from integration.x as subselect group by b having count(*) > 1",
        ),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select 1 as found from (select sum(n) as n from {batch}) as t where n > 1"},
            "select * from (select sum(n) as n from integration.x as subselect) as t where n > 1",
        ),
    ],
)
def test_an_expectation_without_a_query_lists_the_rows_that_break_it(
    write: Write, kind: str, kwargs: dict[str, Any], query: str
) -> None:
    key = expectation(id="key_unique", type="expect_column_values_to_be_unique", kwargs={"column": "k"})
    (file,) = read_suites(write(suite(expectations=[key, expectation(id="other", type=kind, kwargs=kwargs)])))
    unique, other = expand(file, ATTRIBUTES, DAY).expectations
    assert other.cases_query == query
    assert unique.cases_query == (
        "select k from (select *, count(*) over (partition by k) as alike from integration.x) as counted "
        "where alike > 1"
    )


def test_rows_that_are_not_there_are_sought_where_they_were_kept_back(write: Write) -> None:
    raw = suite(suite="raw_bkn_x", stage="raw", table="raw_bkn.x")
    (file,) = read_suites(write(raw))
    (item,) = expand(file, ATTRIBUTES, DAY).expectations
    assert "from landing.quarantine where party = 'bkn' and dataset = 'x'" in item.cases_query


def test_arguments_that_are_not_the_types_are_an_error(write: Write) -> None:
    (file,) = read_suites(write(suite(expectations=[expectation(type="expect_column_values_to_not_be_null")])))
    with pytest.raises(ConfigurationError, match="no query of its cases: it lacks 'column'"):
        expand(file, ATTRIBUTES, DAY)


def test_every_agreed_dataset_must_hold_rows(project_dir: Path) -> None:
    datasets = load_agreement(project_dir / "agreement" / "sandbox.yaml").datasets
    checked = {
        file.table
        for file in read_suites(project_dir / "expectations")
        if any(item.id == "rows_present" and item.severity == "critical" for item in file.expectations)
    }
    assert {f"raw_{dataset.party}.{dataset.name}" for dataset in datasets} <= checked


def test_an_expectation_per_attribute_is_addressed_to_the_party_that_mends(write: Write) -> None:
    (file,) = read_suites(write(suite(expectations=[PER_ATTRIBUTE], without_attributes=["presence"])))
    golongan, jenjang = expand(file, ATTRIBUTES, DAY).expectations
    assert (golongan.id, golongan.owner) == ("tolerance_golongan", "liaison-bps")
    assert (jenjang.id, jenjang.owner) == ("tolerance_jenjang", "liaison-bkn")
    assert golongan.where == {"attribute": "golongan"}
    assert golongan.cases_query == "select case_id from d where attribute = 'golongan'"
    assert golongan.label_id == "Atribut Golongan ruang"
    assert golongan.columns == ("attribute", "tolerance_share", "modified_share")


def test_without_an_authority_both_parties_mend() -> None:
    assert Attribute("presence", "none", "").owner == "liaison-both"


def test_lists_and_the_logical_date_are_filled_in_and_other_braces_stay(write: Write) -> None:
    kwargs = {"column": "a", "value_set": "{attributes}", "regex": "^[0-9]{18}$", "max_value": "{as_of}"}
    (file,) = read_suites(write(suite(expectations=[expectation(kwargs=kwargs)])))
    (item,) = expand(file, ATTRIBUTES, DAY).expectations
    assert item.kwargs == {
        "column": "a",
        "value_set": ["golongan", "jenjang", "presence"],
        "regex": "^[0-9]{18}$",
        "max_value": "2026-11-24",
    }


QUERY = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select 1 as found from {batch}"}}
CHANGED = "select {0} from integration.x where k in (select key from landing.affected where side = 'asn')"
OF_PEOPLE = CHANGED + " union all select {0} from integration.x where k is null"


@pytest.mark.parametrize(
    ("changes", "question"),
    [
        ({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "b"}}, OF_PEOPLE.format("*")),
        ({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": [1], "mostly": 0.9}},
         OF_PEOPLE.format("*")),
        ({"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": {"column_A": "a", "column_B": "b"}},
         OF_PEOPLE.format("*")),
        (QUERY | {"by_person": True}, OF_PEOPLE.format("*")),
        (QUERY, None),
        ({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}, None),
        ({"type": "expect_column_to_exist", "kwargs": {"column": "b"}}, None),
        ({"type": "expect_column_distinct_values_to_contain_set", "kwargs": {"column": "b", "value_set": [1]}}, None),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "k"}}, OF_PEOPLE.format("*")),
        ({"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["b", "k"]}},
         OF_PEOPLE.format("*")),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "b"}},
         f"select * from integration.x where (b) in ({OF_PEOPLE.format('b')})"),
        ({"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["a", "b"]}},
         f"select * from integration.x where (a, b) in ({OF_PEOPLE.format('a, b')})"),
    ],
)  # fmt: skip
def test_what_changed_rows_alone_can_break_is_asked_of_them(
    write: Write, changes: dict[str, Any], question: str | None
) -> None:
    (file,) = read_suites(write(suite(changes={"asn": "k"}, expectations=[expectation(**changes)])))
    ready = expand(file, (), DAY)
    assert rows_to_ask(ready, ready.expectations[0]) == question
    (file,) = read_suites(write(suite(expectations=[expectation(**changes | {"by_person": False})])))
    nobody = expand(file, (), DAY)
    assert rows_to_ask(nobody, nobody.expectations[0]) is None, "no column names a person"


def test_a_row_of_two_sides_is_asked_once_where_either_changed(write: Write) -> None:
    changes = {"bkn": "a", "bps": "b"}
    item = expectation(type="expect_column_values_to_be_unique", kwargs={"column": "a"})
    (file,) = read_suites(write(suite(changes=changes, expectations=[item])))
    ready = expand(file, (), DAY)
    assert rows_to_ask(ready, ready.expectations[0]) == (
        "select * from integration.x where (a) in (select a from integration.x "
        "where a in (select key from landing.affected where side = 'bkn') "
        "or b in (select key from landing.affected where side = 'bps') or (a is null and b is null))"
    )


@pytest.mark.parametrize(
    ("kwargs", "dated"),
    [
        ({"column": "a", "max_value": "{as_of}"}, False),
        ({"column": "a", "min_value": "{as_of}"}, True),
        ({"column": "a", "min_value": "1970-01-01", "max_value": "2026-01-01"}, False),
    ],
)
def test_a_bound_that_the_day_can_break_is_known(write: Write, kwargs: dict[str, Any], dated: bool) -> None:
    (file,) = read_suites(
        write(suite(expectations=[expectation(type="expect_column_values_to_be_between", kwargs=kwargs)]))
    )
    assert expand(file, (), DAY).expectations[0].dated is dated


def test_an_empty_registry_is_an_error_not_a_pass(write: Write) -> None:
    (file,) = read_suites(write(suite(expectations=[PER_ATTRIBUTE])))
    with pytest.raises(ConfigurationError, match="registry is empty"):
        expand(file, (), DAY)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (suite(unknown=1), "unknown"),
        (suite(stage="later"), "stage"),
        (suite(table="x"), "table"),
        (suite(suite="raw_x"), "starts with comparison"),
        (suite(expectations=[expectation(), expectation()]), "listed twice: rows_present"),
        (suite(expectations=[expectation(type="expect_column_most_common_value_to_be_in_set")]), "type"),
        (suite(expectations=[expectation(severity="error")]), "severity"),
        (suite(expectations=[expectation(owner="somebody")]), "owner"),
        (suite(expectations=[expectation(reason="because")]), "reason"),
        (suite(expectations=[expectation(severity="warning")]), "needs a cases_query"),
        (suite(expectations=[PER_ATTRIBUTE | {"label_id": ""}]), "needs a label_id"),
        (
            suite(suite="raw_x", stage="raw", expectations=[PER_ATTRIBUTE | {"cases_query": ""}]),
            "needs a label_id and a cases_query",
        ),
        (suite(expectations=[PER_ATTRIBUTE | {"for_each": ""}]), "go together"),
        (suite(changes={"other": "a"}), "changes"),
        (suite(changes={"bkn": "a; b"}), "changes"),
        (suite(changes={"bkn": "a"}, expectations=[expectation(by_person=True)]), "by_person is for a query"),
        (suite(expectations=[expectation(**QUERY, by_person=True)]), "by_person needs the suite's changes"),
        (suite(expectations=[expectation(owner="{owner}")]), "needs for_each"),
    ],
)
def test_a_malformed_suite_names_its_file_and_fault(write: Write, document: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_suites(write(document))
    assert f"{document['suite']}.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"comparison": {"comparison_x": ["rows_present", "key_unique"]}}, "no file.*comparison_x.key_unique"),
        ({"comparison": {"comparison_x": ["rows_present"], "comparison_y": ["a"]}}, "no file.*comparison_y.a"),
        ({"marts": {"comparison_x": ["rows_present"]}}, "no file of that stage.*comparison_x.rows_present"),
        ({"comparison": {}}, "not listed.*comparison_x.rows_present"),
        ({"later": {}}, "index.yaml"),
    ],
)
def test_files_and_index_must_agree(write: Write, index: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_suites(write(suite(), index=index))


def test_two_suites_of_one_table_are_refused(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="one table: integration.x"):
        read_suites(write(suite(), suite(suite="comparison_y")))


def test_a_file_named_otherwise_or_not_yaml_is_refused(write: Write) -> None:
    folder = write(suite())
    (folder / "comparison_x.yaml").rename(folder / "comparison_z.yaml")
    with pytest.raises(ConfigurationError, match="comparison_z.yaml holds suite comparison_x"):
        read_suites(folder)
    (folder / "comparison_z.yaml").write_text("a: [\n")
    with pytest.raises(ConfigurationError, match="not YAML at line 2"):
        read_suites(folder)
    (folder / "comparison_z.yaml").unlink()
    (folder / "index.yaml").unlink()
    with pytest.raises(ConfigurationError, match="index.yaml cannot be read"):
        read_suites(folder)


def test_arguments_that_do_not_fit_the_type_name_suite_and_expectation(write: Write) -> None:
    (file,) = read_suites(write(suite(expectations=[expectation(kwargs={"minimum": 1})])))
    ready = expand(file, (), DAY)
    with pytest.raises(ConfigurationError, match="suite comparison_x: rows_present is not a usable"):
        build_expectation(ready, ready.expectations[0])
