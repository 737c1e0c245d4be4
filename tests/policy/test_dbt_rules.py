"""House rules of dbt, over its manifest: those of dbt-project-evaluator (on no package registry), and more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from padan.agreement import load_agreement
from tests.column_classes import readers

Node = dict[str, Any]
# The one mart with clear values: for the liaison units alone.
LIAISON_ONLY = "rpt_difference_worklist"
NAMES = {
    "staging/bkn": r"stg_bkn__[a-z_]+",
    "staging/bps": r"stg_bps__[a-z_]+",
    "staging/ledger": r"stg_ledger__[a-z_]+",
    "staging/obligations": r"stg_obligations__[a-z_]+",
    "staging/linkage": r"stg_linkage__[a-z_]+",
    "intermediate/matching": r"int_matching__[a-z_]+",
    "intermediate/comparison": r"int_comparison__[a-z_]+",
    "intermediate/codes": r"int_codes__[a-z_]+",
    "intermediate/indicators": r"int_indicators__[a-z_]+",
    "marts/asn": r"(dim|fct|rpt)_[a-z_]+",
    "marts/functional_position": r"(dim|fct|rpt)_[a-z0-9_]+",
    "marts/reconciliation": r"(dim|fct|rpt)_[a-z_]+",
    "marts/reference": r"(dim|fct|rpt)_[a-z_]+",
}
# Layer -> layers it may read.
MAY_READ = {
    "source": set(),
    "seed": set(),
    "staging": {"source", "staging"},
    "snapshot": {"staging", "intermediate"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"staging", "intermediate", "seed", "snapshot", "marts"},
}
TAGS = {"staging": "staging", "intermediate": "integration", "marts": "marts"}


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    found = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def marts(models: dict[str, Node]) -> dict[str, Node]:
    found = {name: node for name, node in models.items() if layer(node) == "marts"}
    assert len(found) > 10
    return found


def layer(node: Node) -> str:
    if node["resource_type"] == "model":
        return str(node["original_file_path"].split("/")[0])
    return str(node["resource_type"])


def resources(manifest: dict[str, Any]) -> Iterator[Node]:
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        if node["resource_type"] in ("model", "seed", "snapshot", "source"):
            yield node


def names_in(references: list[str]) -> set[str]:
    return {reference.rsplit(".", 1)[-1] for reference in references}


def has_primary_key(node: Node) -> bool:
    return any(constraint["type"] == "primary_key" for constraint in node["constraints"])


def test_names_follow_the_folder(models: dict[str, Node]) -> None:
    wrong = [
        name
        for name, node in models.items()
        if not re.fullmatch(NAMES.get(str(Path(node["original_file_path"]).parent), "no such folder"), name)
    ]
    assert not wrong


def test_each_layer_reads_only_what_it_may(manifest: dict[str, Any]) -> None:
    everything = {**manifest["nodes"], **manifest["sources"]}
    wrong = [
        f"{node['name']} reads {everything[key]['name']}"
        for node in resources(manifest)
        for key in node.get("depends_on", {}).get("nodes", [])
        if layer(everything[key]) not in MAY_READ[layer(node)]
    ]
    assert not wrong


def test_staging_knows_one_agency(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    for node in (node for node in models.values() if re.match("stg_b", node["name"])):
        agency, other = ("bkn", "bps") if node["name"].startswith("stg_bkn__") else ("bps", "bkn")
        assert node["depends_on"]["nodes"], node["name"]
        assert not [key for key in node["depends_on"]["nodes"] if f"raw_{other}" in key or f"stg_{other}__" in key], (
            agency
        )


def test_every_agreed_dataset_is_a_source_that_is_staged(
    manifest: dict[str, Any], models: dict[str, Node], project_dir: Path
) -> None:
    agreement = load_agreement(project_dir / "agreement" / "sandbox.yaml")
    agreed = {f"source.padan.raw_{dataset.party}.{dataset.name}" for dataset in agreement.datasets}
    assert {key for key in manifest["sources"] if ".raw_" in key} == agreed
    read = {key for node in models.values() for key in node["depends_on"]["nodes"]}
    assert not agreed - read


def test_every_raw_source_has_freshness_that_does_not_ask_rows(manifest: dict[str, Any]) -> None:
    for key, source in manifest["sources"].items():
        if ".raw_" not in key:
            continue
        assert source["freshness"]["warn_after"]["count"], key
        assert source["freshness"]["error_after"]["count"], key
        assert "latest_published" in source["loaded_at_query"], key
        assert not source["loaded_at_field"], key


def test_imports_come_first(models: dict[str, Node]) -> None:
    """ref and source stand in import CTEs of their own, which may leave out whom no change reaches; of what is read
    when a model is compiled, in its first line.
    """
    relation = r"\{\{ (ref|source)\('[^)]*'\) \}\}"
    affected = r"\{\{ of_affected\('\w+', '\w+'(, above_joins=true)?\) \}\}"
    imported = (
        rf"    select \* from {relation}\n|    select \*\n    from {relation}\n    where {affected}( or {affected})?\n"
    )
    for name, node in models.items():
        code = re.sub(r"\A-- depends_on: \{\{ ref\('[^)]*'\) \}\}\n", "", node["raw_code"])
        assert not re.findall(r".*\b(?:ref|source)\(.*", re.sub(imported, "", code)), name


def test_everything_is_described(manifest: dict[str, Any]) -> None:
    assert not [node["name"] for node in resources(manifest) if not node["description"].strip()]


def test_every_model_says_its_grain(models: dict[str, Node]) -> None:
    assert not [name for name, node in models.items() if not node["description"].startswith("One row per ")]


def test_every_model_is_tested(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    tested = {
        key
        for node in (*manifest["nodes"].values(), *manifest["unit_tests"].values())
        if node["resource_type"] in ("test", "unit_test")
        for key in node["depends_on"]["nodes"]
    }
    assert not [name for name, node in models.items() if node["unique_id"] not in tested]
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "key"
    }
    # The view is read row by row into int_indicators__outcomes, whose key it is: asked of both, it is worked out twice.
    keyed.add("model.padan.int_indicators__inputs")
    assert not [name for name, node in models.items() if node["unique_id"] not in keyed and not has_primary_key(node)]


def test_every_stage_is_selected_by_its_tag(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    assert not [name for name, node in models.items() if node["config"]["tags"] != [TAGS[layer(node)]]]
    tags = {node["name"]: node["config"]["tags"] for node in resources(manifest) if node["resource_type"] == "snapshot"}
    assert tags == {
        "snap_bkn__people": ["people_history"],
        "snap_bps__holders": ["people_history"],
        "snap_comparison__differences": ["integration"],
        "snap_codes__listed": ["integration"],
        "snap_codes__differences": ["integration"],
    }


def test_only_the_worklist_is_not_public(marts: dict[str, Node], models: dict[str, Node]) -> None:
    assert {name for name, node in marts.items() if node["access"] != "public"} == {LIAISON_ONLY}
    assert not [name for name, node in models.items() if layer(node) != "marts" and node["access"] == "public"]


def test_every_mart_has_contract_key_docs_group_and_readers(manifest: dict[str, Any], marts: dict[str, Node]) -> None:
    owners = {group["name"]: group["owner"]["email"] for group in manifest["groups"].values()}
    for name, node in marts.items():
        assert node["contract"]["enforced"], name
        assert has_primary_key(node), name
        assert node["config"]["persist_docs"] == {"relation": True, "columns": True}, name
        assert owners[node["group"]], name
        assert readers(node), name
        for column in node["columns"].values():
            assert column["description"], f"{name}.{column['name']}"
            assert column["data_type"], f"{name}.{column['name']}"


def test_every_mart_has_a_unit_test_and_an_exposure(manifest: dict[str, Any], marts: dict[str, Node]) -> None:
    proved = {test["model"] for test in manifest["unit_tests"].values()}
    assert not set(marts) - proved
    exposed = {
        name for exposure in manifest["exposures"].values() for name in names_in(exposure["depends_on"]["nodes"])
    }
    assert not set(marts) - exposed
    assert all(exposure["owner"]["email"] for exposure in manifest["exposures"].values())


def test_public_marts_have_no_column_of_a_direct_personal_item(marts: dict[str, Node], project_dir: Path) -> None:
    agreement = load_agreement(project_dir / "agreement" / "sandbox.yaml")
    items = [item for dataset in agreement.datasets for item in dataset.items]
    direct = {item.column for item in items if item.personal in ("direct", "sensitive")}
    direct |= {"nip", "nik", "name", "nip_bps", "birth_date", "person_id_bkn", "holder_id", "diploma_number"}
    assert {"nip_baru", "nik", "tgl_lahir", "holder_id"} <= direct
    found = {name: direct & set(node["columns"]) for name, node in marts.items()}
    assert found[LIAISON_ONLY], "the search finds nothing in the worklist either: it searches wrongly"
    assert not [name for name, columns in found.items() if columns and name != LIAISON_ONLY]


def test_no_model_reads_the_clock(models: dict[str, Node], manifest: dict[str, Any]) -> None:
    clock = re.compile(
        r"\b(now\(\)|current_(date|timestamp)|localtimestamp|clock_timestamp|run_started_at|random\(\))", re.IGNORECASE
    )
    own_macros = [macro for macro in manifest["macros"].values() if macro["package_name"] == "padan"]
    assert own_macros
    assert not [name for name, node in models.items() if clock.search(node["raw_code"])]
    assert not [macro["name"] for macro in own_macros if clock.search(macro["macro_sql"])]


def test_no_failing_row_is_stored(manifest: dict[str, Any]) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests
    assert not [node["name"] for node in tests if node["config"].get("store_failures")]
    assert not [node["name"] for node in tests if node["config"]["severity"].lower() != "error"]
