"""The personal-data class of every column that dbt makes, and which roles may read a relation for it."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
# From least to most revealing (UU 27/2022 article 4: `sensitive` is its specific personal data).
CLASSES = ("none", "indirect", "direct", "sensitive")
LIAISON = ("liaison_bps", "liaison_bkn", "liaison_bps_agencies", "liaison_bkn_agencies")


def classified(manifest: dict[str, Any]) -> dict[str, Node]:
    """``schema.name`` -> node of everything with columns that dbt makes."""
    return {
        f"{node['schema']}.{node['alias']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
    }


def class_of(column: dict[str, Any]) -> str | None:
    found = column.get("config", {}).get("meta", {}).get("personal")
    return found if found in CLASSES else None


def worst(node: Node) -> str:
    """The most revealing class of the relation's columns; one without a class counts as the worst."""
    classes = [class_of(column) or CLASSES[-1] for column in node["columns"].values()]
    return max(classes, key=CLASSES.index, default=CLASSES[-1])


def readers(node: Node) -> list[str]:
    """The roles that a mart is granted to, by its columns alone; nothing but marts is granted."""
    if node["resource_type"] != "model" or not node["schema"].startswith("marts_"):
        return []
    own_side = node["config"].get("meta", {}).get("row_policy") == "own_side"  # macro only_own_side
    return {
        "none": ["bi_reader", *(LIAISON if own_side else ())],
        "indirect": ["bi_reader"],
        "direct": list(LIAISON),
    }.get(worst(node), [])
