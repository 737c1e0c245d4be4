"""What is kept of a national result, and what is drawn of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import curves
from benchmarks.contestant import RunFailed
from benchmarks.national import STEPS


def step(name: str, seconds: float) -> dict[str, Any]:
    sizes = {"peak_bytes": 2_000_000_000, "postgres_peak_bytes": 3_000_000_000, "database_bytes": 4_000_000_000}
    traffic = {"temporary_bytes": 0, "wal_bytes": 1_000_000_000}
    texts = {"statements": [{"statement": "select secret"}], "nodes": [{"name": "node"}], "counts": {"people": 1}}
    return {"step": name, "seconds": seconds, "sql_seconds": seconds / 2, **sizes, **traffic, **texts}


def day(kind: str, changed: int, seconds: float) -> dict[str, Any]:
    steps = [step(name, seconds) for name in STEPS]
    return {"kind": kind, "changed": changed, "as_of": "2026-01-05", "right": True, "steps": steps}


def taken(people: int) -> dict[str, Any]:
    other = {"seconds": 5.0, "rows": 9, "peak_bytes": 1, "postgres_peak_bytes": 2, "statements": ["select secret"]}
    return {
        "suite": "national",
        "taken_at": "2026-01-05T00:00:00+00:00",
        "options": {},
        "machine": {"cores": 2},
        "load": {"before": 0.1},
        "result": {
            "people": people,
            "days": [day("full", 0, 10), day("changes", 300, 3), day("repeated", 0, 1), day("changes", 20, 2)],
            "others": {"floor": other, "datacompy": {"stopped": "memory", "peak_bytes": 3, "postgres_peak_bytes": 4}},
            "relations": {"raw_bkn.data_utama": 7},
        },
    }


def test_every_step_is_in_one_part_of_the_figures() -> None:
    assert sorted(name for names in curves.PARTS.values() for name in names) == sorted(STEPS)


def test_a_summary_holds_figures_and_no_text_of_a_statement(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(taken(2000)))
    written = curves.keep(path, tmp_path / "kept")
    assert written.name == "national-2000.json"
    assert "secret" not in written.read_text()
    (kept,) = curves.kept_summaries(tmp_path / "kept")
    assert kept["machine"] == {"cores": 2}
    assert kept["others"]["datacompy"] == {"stopped": "memory", "peak_bytes": 3, "postgres_peak_bytes": 4}
    assert kept["days"][1]["steps"][0] == {
        "step": STEPS[0], "seconds": 3, "sql_seconds": 1.5, "peak_bytes": 2_000_000_000,
        "postgres_peak_bytes": 3_000_000_000, "temporary_bytes": 0, "wal_bytes": 1_000_000_000,
        "database_bytes": 4_000_000_000,
    }  # fmt: skip


@pytest.mark.parametrize("change", [{"failed": "differences: found others"}, {"suite": "year"}])
def test_a_result_that_failed_or_is_of_another_suite_is_not_kept(change: dict[str, Any]) -> None:
    with pytest.raises(RunFailed, match="found others|suite year"):
        curves.summary(taken(2000) | change)


def test_curves_are_drawn_against_people_and_against_changed_people() -> None:
    days, changes, sizes, others = curves.figures([curves.summary(taken(2000)), curves.summary(taken(30_000))])
    full, changed = days["panels"]
    drawn = {line["label"]: line for line in full["lines"]}
    assert drawn["together"] == {"label": "together", "x": [2000, 30_000], "y": [120, 120]}
    assert drawn["checks, documentation"]["y"] == [60, 60]
    assert drawn["of SQL"]["y"] == [60, 60]
    assert full["levels"] == [{"label": "target", "y": 300}]
    assert changed["lines"][0]["y"] == [18, 18]  # of the first day of changes
    assert changed["levels"] == [{"label": "target", "y": 5}]

    assert [panel["title"] for panel in changes["panels"]] == ["2,000 people a side", "30,000 people a side"]
    drawn = {line["label"]: line for line in changes["panels"][0]["lines"]}
    assert drawn["together"] == {"label": "together", "x": [20, 300], "y": [24, 36]}
    assert changes["panels"][0]["levels"] == [{"label": "nothing changed, together", "y": 12}]

    memory, disk = sizes["panels"]
    assert memory["lines"][0] == {"label": "Python, everything", "x": [2000, 30_000], "y": [2, 2]}
    assert [(line["label"], line["y"]) for line in disk["lines"]] == [
        ("database", [4, 4]), ("write-ahead log", [12, 12]),
    ]  # fmt: skip  # no temporary file: a logarithm has no place for none

    bars = [(bar["label"], bar["value"]) for bar in others["panels"][0]["bars"]]
    assert bars == [
        ("Padan, integrate", 10), ("Padan, staging to ledger", 30), ("floor", 5), ("datacompy", None),
    ]  # fmt: skip


def test_nothing_kept_is_nothing_drawn() -> None:
    assert curves.figures([]) == []
