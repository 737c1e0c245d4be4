"""The projection without a database: allow-list, scope first, both ways of writing a line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padan.agreement import Dataset, Item
from padan.projection.projector import Projected, Projector, Scope, valid_nik, valid_nip

DATASET = Dataset(
    name="things",
    party="bps",
    access="paged",
    purpose="test",
    row_key=("id",),
    incremental=True,
    items=(
        Item(field="Id", column="id", meaning="id", required=True),
        Item(field="nip", meaning="NIP", rule="nip"),
        Item(field="code", meaning="code"),
        Item(field="text", meaning="text"),
        Item(field="updated_at", meaning="moment"),
    ),
)
SCOPE = Scope(("code",), lambda values: {"in": True, "out": False}.get(values[2]))
NIP = "199001012015011001"
TAIL = "\ttail\n"


def row(**values: Any) -> dict[str, Any]:
    return {"Id": "1", "nip": NIP, "code": "in", "text": "t", "updated_at": "2026-01-01T00:00:00Z"} | values


def lines_of(result: Projected) -> list[str]:
    lines = result.text.decode().split("\n")[:-1]
    assert len(lines) == result.landed
    return [line + "\n" for line in lines]


@pytest.mark.parametrize(
    ("nip", "valid"),
    [
        (NIP, True),
        ("199001012015211001", True),  # PPPK
        ("199001012015131001", False),
        ("199001012015001001", False),
        ("19900101201501100", False),
        ("1990010120150110011", False),
        ("19900101 01501100 1", False),
        ("１９９００１０１２０１５０１１００１", False),
        ("", False),
    ],
)
def test_nip(nip: str, valid: bool) -> None:
    assert valid_nip(nip) is valid


@pytest.mark.parametrize(("nik", "valid"), [("3374010101900001", True), ("337401010190000", False), ("x" * 16, False)])
def test_nik(nik: str, valid: bool) -> None:
    assert valid_nik(nik) is valid


scalars = st.one_of(
    st.none(), st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.lists(st.tuples(scalars, st.sampled_from(["in", "out"])), max_size=30))
def test_lines_read_back_as_what_was_sent(values: list[tuple[Any, str]]) -> None:
    rows = [row(Id=str(number), text=value, code=code) for number, (value, code) in enumerate(values)]
    result = Projector(DATASET, SCOPE).project(rows, TAIL)
    assert result.out_of_scope == sum(code == "out" for _, code in values)
    assert result.extracted + result.out_of_scope == len(rows)
    sent = {str(number): value for number, (value, code) in enumerate(values) if code == "in"}
    for line in lines_of(result):
        cells = line.removesuffix(TAIL).split("\t")
        assert len(cells) == len(DATASET.items) + 2  # hash and position
        value = sent[cells[0]]
        text = unescaped(cells[3])
        assert text == value if isinstance(value, str | None) else text == expected_text(value)


def unescaped(cell: str) -> str | None:
    if cell == "\\N":
        return None
    letters = iter(cell)
    return "".join(
        {"t": "\t", "n": "\n", "r": "\r"}.get(c := next(letters), c) if letter == "\\" else letter for letter in letters
    )


def expected_text(value: Any) -> str:
    import orjson

    return orjson.dumps(value).decode()


def test_different_rows_have_different_hashes() -> None:
    rows = [
        row(text="a\tb", nip=None),
        row(text="a", nip=None),
        row(text=None),
        row(text="\\N"),
        row(text=""),
        row(text="1"),
        row(text=1),
    ]
    hashes = [line.split("\t")[-3] for line in lines_of(Projector(DATASET).project(rows, TAIL))]
    assert len(set(hashes)) == len(rows) - 1  # text "1" and number 1 are the same in raw


def test_only_agreed_fields_leave_the_projection() -> None:
    result = Projector(DATASET).project([row(secret="hidden", deleted_at=None), row(Id="")], TAIL)
    assert "hidden" not in (result.text + result.archive).decode()
    assert result.dropped == {"secret": 1}


def test_scope_is_decided_before_anything_is_kept() -> None:
    bad = {"nip": "17", "text": {"nested": "outside"}}
    result = Projector(DATASET, SCOPE).project(
        [row(code="out", **bad), row(code=None, **bad), row(code=["x"], **bad)], TAIL
    )
    assert (result.out_of_scope, len(result.rejected), lines_of(result)) == (1, 2, [])
    assert result.archive == b"[]"
    assert [rejected.payload for rejected in result.rejected] == [{}, {}]


def test_deleted_row_is_no_landed_row() -> None:
    result = Projector(DATASET, SCOPE).project(
        [row(deleted_at="2026-01-02T00:00:00Z"), row(Id="2", deleted_at=None)], TAIL
    )
    assert (result.extracted, result.tombstones, len(result.leaving)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("moments", "watermark"),
    [
        (["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"], "2026-01-03T00:00:00Z"),
        (["2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"], "2026-01-01T00:00:00Z"),  # would hide all changes
        (["2026-01-01T00:00:00Z", "2026-01-09 garbage", 7, None], "2026-01-01T00:00:00Z"),
        ([None], None),
    ],
)
def test_watermark(moments: list[Any], watermark: str | None) -> None:
    projector = Projector(DATASET, latest="2026-02-01T00:00:00Z")
    assert projector.project([row(updated_at=moment) for moment in moments], TAIL).watermark == watermark


def test_rows_of_many_shapes_do_not_pile_up() -> None:
    projector = Projector(DATASET)
    for number in range(3000):
        projector.project([row(**{f"f{number}": 1})], TAIL)
    assert len(projector._shapes) <= 1000


def test_number_beyond_64_bits_and_half_a_surrogate_are_quarantined() -> None:
    result = Projector(DATASET).project([row(text=2**70), row(Id="2", text="\ud800"), row(Id="3")], TAIL)
    assert [(rejected.row_key, rejected.rule) for rejected in result.rejected] == [
        ("1", "not_scalar"),
        ("2", "not_unicode"),
    ]
    assert len(lines_of(result)) == 1
