"""Airflow's own share of a chain: every second counts once, and those with a step at work are not Airflow's."""

from __future__ import annotations

import pytest

from benchmarks.airflow_suite import Task, shares, together


def test_each_second_counts_once() -> None:
    tasks = [
        Task("first", "land", queued=2, started=4, worked=(7, 20), ended=22),
        # Two at once: while one works, the other's start is nobody's loss.
        Task("second", "left", queued=30, started=31, worked=(33, 40), ended=41),
        Task("second", "right", queued=30, started=31, worked=(38, 45), ended=46),
        Task("second", "after", queued=50, started=51, worked=(52, 60), ended=61),
    ]
    found = shares(0, tasks)
    assert found["seconds"] == 61
    assert found["parts"] == {
        "steps at work": 13 + 12 + 8,
        "tasks starting": 3 + 2 + 1,
        "tasks ending": 2 + 1 + 1,
        "tasks queued": 2 + 1 + 1,
        "between tasks of a run": 4,
        "between runs": 2 + 8,
    }
    assert found["own_seconds"] == 61 - 33
    assert sum(found["parts"].values()) == found["seconds"]
    assert [task["task"] for task in found["tasks"]] == ["land", "left", "right", "after"]
    assert found["tasks"][0] == {
        "dag": "first", "task": "land", "queued": 2, "starting": 3, "working": 13, "ending": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [([], 0), ([(1, 3), (5, 6)], 3), ([(1, 10), (2, 3), (9, 12)], 11), ([(4, 5), (4, 5)], 1)],
)
def test_overlapping_spans_count_once(spans: list[tuple[float, float]], seconds: float) -> None:
    assert together(spans) == seconds
