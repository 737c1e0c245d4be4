"""What dbt's manifest says of each relation: the classes of its columns, who may read it, from which data it comes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from padan.errors import ConfigurationError

CLASSES = ("none", "indirect", "direct", "sensitive")


@dataclass(frozen=True, slots=True)
class Relation:
    """One table or view that dbt makes."""

    schema: str
    name: str
    layer: str
    """staging, intermediate, snapshots, seeds or marts."""
    classes: dict[str, int]
    """Number of columns by class of personal data."""
    readers: tuple[str, ...]
    sources: tuple[str, ...]
    """The agreed datasets that it is made of, party.name, and tables of the ledger and the duties."""

    @property
    def full_name(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def personal(self) -> bool:
        """Whether any column tells something of a person."""
        return any(self.classes[name] for name in CLASSES[1:])


def relations(manifest_file: Path) -> tuple[Relation, ...]:
    """Every relation that dbt makes, by name.

    Raises:
        ConfigurationError: there is no manifest, since dbt has not run here yet.
    """
    try:
        manifest: dict[str, Any] = json.loads(manifest_file.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise ConfigurationError(
            "dbt has left no manifest here; run the pipeline, or `padan write-docs`, once"
        ) from None
    nodes = manifest["nodes"]
    found = [
        Relation(
            schema=node["schema"],
            name=node["alias"],
            layer=str(node["original_file_path"]).split("/", 1)[0],
            classes=_classes(node),
            readers=tuple(
                reader
                for reader in (node["config"].get("grants") or {}).get("select", ())
                if reader == "bi_reader" or reader.startswith("liaison_")  # people's; the others are the system's own
            ),
            sources=tuple(sorted(_sources(key, manifest, {}))),
        )
        for key, node in nodes.items()
        if node["resource_type"] in ("model", "seed", "snapshot")
    ]
    return tuple(sorted(found, key=lambda one: one.full_name))


def _classes(node: dict[str, Any]) -> dict[str, int]:
    """An unclassified column counts as the most revealing."""
    counted = Counter(
        (column.get("config") or {}).get("meta", {}).get("personal", CLASSES[-1]) for column in node["columns"].values()
    )
    return {name: counted[name] for name in CLASSES}


def _sources(key: str, manifest: dict[str, Any], known: dict[str, set[str]]) -> set[str]:
    if key in known:
        return known[key]
    if key in manifest["sources"]:
        source = manifest["sources"][key]
        schema = str(source["schema"])
        return {f"{schema.removeprefix('raw_')}.{source['name']}"}
    node = manifest["nodes"].get(key, {})
    known[key] = set()
    for parent in node.get("depends_on", {}).get("nodes", []):
        known[key] |= _sources(parent, manifest, known)
    return known[key]
