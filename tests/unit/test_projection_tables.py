"""A CSV file in parts: the same rows as in one go, or a refusal."""

from __future__ import annotations

import csv
import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padan.projection import tables

CELLS = st.text(alphabet='ab"\n\r,é ', max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12)


@given(rows=ROWS, block=st.integers(1, 40), mark=st.booleans(), ending=st.sampled_from(["\n", "\r\n"]))
def test_parts_of_well_formed_rows_are_whole_rows(rows: list[list[str]], block: int, mark: bool, ending: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=ending).writerows(rows)
    content = text.getvalue().encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_BLOCK_BYTES", max(block, 3))
        found = list(tables.parts(io.BytesIO((b"\xef\xbb\xbf" if mark else b"") + content)))
    assert b"".join(found) == content
    read = [tables.rows_of(part) for part in found]
    assert None not in read
    assert list(chain.from_iterable(part or [] for part in read)) == rows
    assert read[0] == rows[:1]


@given(content=st.text(alphabet='ab"\n,', max_size=60).map(str.encode), block=st.integers(3, 20))
def test_parts_of_anything_are_the_same_rows_or_refused(content: bytes, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_BLOCK_BYTES", block)
        read = [tables.rows_of(part) for part in tables.parts(io.BytesIO(content))]
    if None not in read:
        assert list(chain.from_iterable(part or [] for part in read)) == tables.rows_of(content)


def test_a_file_whose_rows_do_not_end_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_BLOCK_BYTES", 10)
    monkeypatch.setattr(tables, "_MOST_BYTES", 100)
    taken = io.BytesIO(b'a,b\n1,"' + b"x\n" * 1000)
    with pytest.raises(tables.CannotBeCut):
        list(tables.parts(taken))
    assert taken.tell() < 200


def test_what_is_not_utf8_is_refused() -> None:
    assert tables.rows_of(b"a,\xff\n") is None
