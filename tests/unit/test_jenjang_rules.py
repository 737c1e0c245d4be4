"""The reviewed numbers of jenjang against those that the sandbox has, written down apart from them."""

from __future__ import annotations

import csv
from pathlib import Path

from sandbox.reference import FOSTERED, JENJANG, PREDICATES


def seed(project_dir: Path, name: str) -> list[dict[str, str]]:
    with (project_dir / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_coefficients_categories_and_retirement_ages_are_those_of_the_positions(project_dir: Path) -> None:
    rules = {row["jenjang"]: row for row in seed(project_dir, "jenjang_rules")}
    assert {code: float(row["yearly_credit"]) for code, row in rules.items()} == {
        code: level.coefficient for code, level in JENJANG.items()
    }
    assert {code for code, row in rules.items() if row["category"] == "keterampilan"} == {
        code for code, level in JENJANG.items() if level.skilled
    }
    assert {(row.jenjang, row.retirement_age) for row in FOSTERED} == {
        (code, int(row["retirement_age"])) for code, row in rules.items()
    }


def test_the_next_jenjang_is_of_the_same_category_and_needs_what_the_regulation_says(project_dir: Path) -> None:
    """PermenPANRB 1/2023: 15, 60, 100 (keterampilan); 100, 200, 450 (keahlian)."""
    rules = {row["jenjang"]: row for row in seed(project_dir, "jenjang_rules")}
    rises = {(code, row["next_jenjang"], row["credit_to_next_jenjang"]) for code, row in rules.items()}
    assert rises == {
        ("PM", "TR", "15"), ("TR", "MH", "60"), ("MH", "PY", "100"), ("PY", "", ""),
        ("PT", "MU", "100"), ("MU", "MA", "200"), ("MA", "UT", "450"), ("UT", "", ""),
    }  # fmt: skip


def test_predicates_earn_their_share(project_dir: Path) -> None:
    shares = {row["predicate"]: float(row["credit_share"]) * 100 for row in seed(project_dir, "performance_predicates")}
    assert dict(PREDICATES).items() <= shares.items()
    assert sorted(shares.values()) == [25, 50, 75, 75, 100, 150]
