"""The quick way, the careful way and the way through another process: the same comes of arbitrary rows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from padan.agreement import Dataset, Item
from padan.errors import StepFailed
from padan.projection import AllListed, Projected, Projector, Scope, Values, tail
from padan.projection.pages import read_page
from padan.projection.workers import Workers

DATASET = Dataset(
    name="things",
    party="bps",
    access="paged",
    purpose="test",
    row_key=("id", "part"),
    incremental=True,
    items=(
        Item(field="Id", column="id", meaning="id"),
        Item(field="part", meaning="part of the key"),
        Item(field="nip", meaning="NIP", rule="nip"),
        Item(field="nik", meaning="NIK", rule="nik"),
        Item(field="must", meaning="required", required=True),
        Item(field="code", meaning="code"),
        Item(field="other", meaning="code"),
        Item(field="points", meaning="number"),
        Item(field="text", meaning="text"),
        Item(field="updated_at", meaning="moment"),
    ),
)
SCOPE = Scope(("code", "other"), AllListed(((5, frozenset({"in", "1"})), (6, frozenset({"in"})))))
LATEST = "2026-06-01T00:00:00Z"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
PLAIN = {
    "Id": "1", "part": "a", "nip": "199001012015011001", "nik": "3374010101900001", "must": "m", "code": "in",
    "other": "in", "points": 1.5, "text": "t", "updated_at": "2026-01-01T00:00:00Z", "deleted_at": None, "phone": "0",
}  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.text(max_size=4),
    st.text(alphabet="019", min_size=15, max_size=19),
    st.sampled_from(
        ["", "in", "out", "1", "a\tb", "\\N", "199001012015211001", "２", "2026-02-30T00:00:00Z", "\0", "null"]
    ),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(0, 1),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.text(max_size=2), scalars, max_size=2))
altered = st.dictionaries(st.sampled_from([*PLAIN, "unknown", "no name!"]), values, max_size=2).map(
    lambda changes: PLAIN | changes
)
reordered = st.permutations(list(PLAIN.items())).map(dict)
shortened = st.sampled_from(list(PLAIN)).map(lambda name: {key: PLAIN[key] for key in PLAIN if key != name})
renamed = st.sampled_from(list(PLAIN)).map(lambda name: {("x" if key == name else key): PLAIN[key] for key in PLAIN})
whole = st.sampled_from([PLAIN, PLAIN | {"text": None}, PLAIN | {"points": None, "nip": None}, PLAIN | {"points": 3}])
pages = st.one_of(
    st.lists(st.one_of(whole, whole, whole, altered), max_size=6),
    st.lists(st.one_of(whole, altered, reordered, shortened, renamed, scalars), max_size=6),
)


class Careful(Projector):
    """Looks at each row and each value by itself."""

    def _quick_select(self, rows: list[Any], result: Projected) -> list[Values] | None:
        return None

    def _quick_page(self, kept: list[Values]) -> list[str] | None:
        return None


class Watched(Projector):
    """Tells which way it took."""

    selected = lined = False

    def _quick_select(self, rows: list[Any], result: Projected) -> list[Values] | None:
        kept = super()._quick_select(rows, result)
        self.selected = kept is not None
        return kept

    def _quick_page(self, kept: list[Values]) -> list[str] | None:
        lines = super()._quick_page(kept)
        self.lined = bool(kept) and lines is not None
        return lines


@settings(max_examples=400)
@given(st.lists(pages, min_size=1, max_size=3), st.sampled_from([None, SCOPE]))
def test_quick_and_careful_way_agree_on_arbitrary_pages(sent: list[list[Any]], scope: Scope | None) -> None:
    quick, careful = Watched(DATASET, scope, latest=LATEST), Careful(DATASET, scope, latest=LATEST)
    quick.project([PLAIN], "\n")  # a shape is learnt from a page before
    for rows in sent:
        assert asdict(quick.project(rows, "\n")) == asdict(careful.project(rows, "\n"))
        event(f"quickly selected: {quick.selected}, quickly written: {quick.lined}")


def test_plain_page_takes_the_quick_way() -> None:
    quick = Watched(DATASET, SCOPE, latest=LATEST)
    quick.project([PLAIN], "\n")
    result = quick.project([PLAIN, PLAIN | {"points": None, "nik": None, "code": "1"}], "\n")
    assert (quick.selected, quick.lined, result.landed, result.dropped) == (True, True, 2, {"phone": 2})


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1, DATASET, SCOPE, LATEST, 7) as workers:
        yield workers


def body_of(rows: Any) -> bytes:
    return orjson.dumps({"status": "OK", "data": [{"page": 1}, rows]})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages)
def test_worker_says_what_this_process_would(workers: Workers, rows: list[Any]) -> None:
    body = body_of(rows)
    here = read_page(body, Projector(DATASET, SCOPE, latest=LATEST), tail(7, "1", NOW))
    there = workers.read("1", NOW, body)
    assert here is not None
    assert there is not None
    assert asdict(here) == asdict(there)
    assert here.document == {"status": "OK", "data": [{"page": 1}, []]}
    assert here.count == len(rows)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"data": [', b"[]", b'{"data": [1]}', b'{"data": "ab"}', body_of({})]
)
def test_body_of_another_shape_is_left_to_the_client(workers: Workers, body: bytes) -> None:
    assert workers.read("1", NOW, body) is None
    assert workers.read("1", NOW, body_of([PLAIN])) is not None  # and the worker goes on


def test_fault_of_a_worker_tells_its_kind_and_nothing_of_the_page() -> None:
    beyond = Scope(("code",), AllListed(((99, frozenset()),)))
    with Workers(1, DATASET, beyond, LATEST, 7) as workers, pytest.raises(StepFailed) as error:
        workers.read("1", NOW, body_of([PLAIN]))
    assert str(error.value) == "a worker failed at a page (IndexError)"
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_worker_that_is_killed_ends_the_step() -> None:
    with Workers(1, DATASET, None, LATEST, 7) as workers:
        workers.read("1", NOW, body_of([PLAIN]))
        os.kill(workers.pids[0], signal.SIGKILL)
        with pytest.raises(StepFailed, match="ended before its work was done"):
            workers.read("2", NOW, body_of([PLAIN]))


def test_worker_knows_no_secret_and_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADAN_SECRET_KEY", "a secret " * 4)
    with Workers(1, DATASET, None, LATEST, 7) as workers:
        workers.read("1", NOW, body_of([]))
        (pid,) = workers.pids
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert [name.partition(b"=")[0] for name in environment.split(b"\0") if name] == [b"PYTHONPATH"]
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("count", "scope", "rows", "rate", "worth"),
    [
        (2, SCOPE, 200_000, 1e9, True),
        (0, SCOPE, 200_000, 1e9, False),
        (2, SCOPE, 2_000, 1e9, False),  # an everyday list
        (2, SCOPE, 200_000, 10_000, False),  # 20 requests a second of 500 rows
        (2, Scope((), lambda values: True), 200_000, 1e9, False),  # cannot be told to another process
        (2, Scope((), AllListed(((0, frozenset(map(str, range(200_001)))),))), 300_000, 1e9, False),
    ],
)
def test_only_long_lists_of_fast_sources_are_worth_a_process(
    count: int, scope: Scope, rows: int, rate: float, worth: bool
) -> None:
    with Workers(count, DATASET, scope, LATEST, 7) as workers:
        assert workers.worth(rows, rate) is worth
        assert workers.pids == []
