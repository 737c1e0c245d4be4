"""What a COPY sends comes out as the same bytes, however large the pieces on either side are."""

from __future__ import annotations

from typing import Any

import pytest

from padan.matching.streams import _CopyStream


class Messages:
    """The one method of a COPY that the stream asks for."""

    def __init__(self, messages: list[bytes]) -> None:
        self._left = list(messages)

    def read(self) -> memoryview:
        return memoryview(self._left.pop(0) if self._left else b"")


def drained(stream: Any, size: int) -> bytes:
    got = b""
    while taken := stream.readinto(memoryview(piece := bytearray(size))):
        got += bytes(piece[:taken])
    return got


@pytest.mark.parametrize("size", [1, 3, 7, 10, 11, 64, 1000])
def test_every_byte_comes_once_and_in_order(size: int) -> None:
    messages = [bytes([number]) * number for number in range(1, 30)]
    assert drained(_CopyStream(Messages(messages)), size) == b"".join(messages)


def test_a_read_takes_as_many_messages_as_fit() -> None:
    piece = bytearray(8)
    assert _CopyStream(Messages([b"ab", b"cd", b"efghij"])).readinto(memoryview(piece)) == 8
    assert bytes(piece) == b"abcdefgh"
