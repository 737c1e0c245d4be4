"""Each column that dbt makes has a personal-data class, and who may read a relation follows from the classes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from padan.agreement import load_agreement
from tests.column_classes import Node, class_of, classified, readers

# Whatever the model: what names a person, and the values of both sides side by side.
ALWAYS_DIRECT = {"nip", "nik", "name", "birth_date", "person_id_bkn", "holder_id", "bkn_value", "bps_value"}


@pytest.fixture
def nodes(manifest: dict[str, Any]) -> dict[str, Node]:
    found = classified(copy.deepcopy(manifest))
    assert len(found) > 50
    return found


# Roles of the pipeline's own rooms, which nobody logs in as: what each reads is in tests/role_matrix.yaml.
ROOMS = {"quality", "status", "ledger", "alerts", "minutes", "privacy", "reference"}


def unclassified(nodes: dict[str, Node]) -> list[str]:
    return [
        *(f"{name} lists no column" for name, node in nodes.items() if not node["columns"]),
        *(
            f"{name}.{column['name']}"
            for name, node in nodes.items()
            for column in node["columns"].values()
            if class_of(column) is None
        ),
    ]


def wrongly_granted(nodes: dict[str, Node]) -> list[str]:
    """Relations whose grants in dbt are not those that follow from the classes of their columns."""
    return [
        f"{name}: {grants} instead of {readers(node)}"
        for name, node in nodes.items()
        if (grants := [one for one in node["config"].get("grants", {}).get("select", []) if one not in ROOMS])
        != readers(node)
    ]


def too_mildly_classified(nodes: dict[str, Node], direct: set[str]) -> list[str]:
    return [
        f"{name}.{column['name']}"
        for name, node in nodes.items()
        for column in node["columns"].values()
        if column["name"] in direct and class_of(column) in ("none", "indirect")
    ]


def always_direct(project_dir: Path) -> set[str]:
    """The names of columns that say directly who is meant, also by the agreement."""
    agreement = load_agreement(project_dir / "agreement" / "sandbox.yaml")
    items = [item for dataset in agreement.datasets for item in dataset.items]
    direct = {item.column for item in items if item.personal in ("direct", "sensitive")}
    return ALWAYS_DIRECT | direct - {item.column for item in items if item.personal in ("none", "indirect")}


def test_every_column_has_a_class(nodes: dict[str, Node]) -> None:
    assert unclassified(nodes) == []


def test_grants_follow_from_the_classes(nodes: dict[str, Node]) -> None:
    assert wrongly_granted(nodes) == []


def test_what_names_a_person_is_classified_so(nodes: dict[str, Node], project_dir: Path) -> None:
    assert {"nip_baru", "nip_bps", "tgl_lahir"} <= always_direct(project_dir)
    assert too_mildly_classified(nodes, always_direct(project_dir)) == []


def test_a_column_without_class_or_with_a_wrong_one_is_found(nodes: dict[str, Node], project_dir: Path) -> None:
    columns = nodes["marts_asn.dim_asn"]["columns"]
    columns["sex"]["config"]["meta"] = {}
    columns["jenjang"]["config"]["meta"]["personal"] = "somewhat"
    nodes["snapshots.snap_bkn__people"]["columns"] = {}
    assert set(unclassified(nodes)) == {
        "marts_asn.dim_asn.sex",
        "marts_asn.dim_asn.jenjang",
        "snapshots.snap_bkn__people lists no column",
    }
    nodes["staging_bkn.stg_bkn__people"]["columns"]["nip"]["config"]["meta"]["personal"] = "indirect"
    assert too_mildly_classified(nodes, always_direct(project_dir)) == ["staging_bkn.stg_bkn__people.nip"]


@pytest.mark.parametrize("revealing", ["direct", "sensitive"])
def test_a_revealing_column_in_what_bi_reader_reads_is_found(nodes: dict[str, Node], revealing: str) -> None:
    nodes["marts_asn.dim_asn"]["columns"]["sex"]["config"]["meta"]["personal"] = revealing
    assert len(wrongly_granted(nodes)) == 1


def test_a_grant_on_what_is_no_mart_is_found(nodes: dict[str, Node]) -> None:
    nodes["staging_bkn.stg_bkn__golongan"]["config"]["grants"] = {"select": ["bi_reader"]}
    assert len(wrongly_granted(nodes)) == 1
