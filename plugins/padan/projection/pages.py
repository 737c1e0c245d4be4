"""A page of BPS's JF service from its body: the envelope, what tells the page from another, and its rows projected."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from padan.projection.projector import DELETED_AT, Projected, Projector

_DELETED_AT = itemgetter(DELETED_AT)


@dataclass(slots=True)
class PageReading:
    """A page whose rows were projected at once; ``document`` is the body without them."""

    document: dict[str, Any]
    count: int
    live: int
    mark: bytes
    projected: Projected


def read_page(body: bytes, projector: Projector, tail: str) -> PageReading | None:
    """The page in ``body``, or None where it is not of the usual shape and has to be looked at by the client."""
    try:
        document = orjson.loads(body)
        paging, rows = document["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
    if type(document["data"]) is not list or type(rows) is not list:
        return None
    document["data"] = [paging, []]
    return PageReading(document, len(rows), live_rows(rows), mark_of(rows), projector.project(rows, tail))


def live_rows(rows: list[Any]) -> int:
    """How many of the rows are not marked as deleted."""
    try:
        return list(map(_DELETED_AT, rows)).count(None)
    except (KeyError, IndexError, TypeError):  # a row without the mark, or no object
        return sum(not (isinstance(row, dict) and row.get(DELETED_AT) is not None) for row in rows)


def mark_of(rows: list[Any]) -> bytes:
    """The same for pages with the same number of rows, the same first and the same last row; nothing for none."""
    if not rows:
        return b""
    edges = orjson.dumps([len(rows), rows[0], rows[-1]], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(edges).digest()
