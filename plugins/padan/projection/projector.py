"""From rows as sent to lines for COPY: the allow-list, the scope, the checks that decide between raw and quarantine.

A page takes two passes. The first picks the agreed values and drops what is out of scope; the second checks and writes.
The page's JSON, made for the archive anyway, tells in one look whether any value needs escaping: if it holds no
backslash, none does, and the page takes the quick way, column by column. Where anything is not plain, its rows go one
by one. What a projector keeps between pages decides which way is tried, never what comes of it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

import orjson

Values: TypeAlias = Sequence[Any]  # agreed values of one row, in the agreed order

ABSENT = "the field is absent"
EMPTY = "the field is empty"
DELETED_AT = "deleted_at"  # part of the JF service's protocol, not a data item
UPDATED_AT = "updated_at"
_SHAPES_KEPT = 1000
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")
_UNUSED_HASH = hashlib.blake2b(digest_size=16)
_NUMBERS = {int, float, bool, type(None)}
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class AgreedItem(Protocol):
    """A data item of the agreement."""

    @property
    def field(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def rule(self) -> str: ...


class Layout(Protocol):
    """What the agreement says of a dataset's rows; ``padan.agreement.Dataset`` says it."""

    @property
    def items(self) -> Sequence[AgreedItem]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def row_key(self) -> tuple[str, ...]: ...
    @property
    def incremental(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class AllListed:
    """Whether each place of a row holds one of its codes: an ``admits`` that takes a whole page at once as well.

    None where a place that would decide is empty. A number counts as its text.
    """

    tests: tuple[tuple[int, frozenset[str]], ...]

    def __call__(self, values: Values) -> bool | None:
        verdicts = [_listed(values[place], codes) for place, codes in self.tests]
        return False if False in verdicts else None if None in verdicts else True

    def all_of(self, rows: list[Values]) -> bool:
        """Whether every row is admitted for sure; False also where a look at single rows may admit all.

        Raises:
            TypeError: as calling it does, for a list or an object where a code should be.
        """
        return all(codes.issuperset([values[place] for values in rows]) for place, codes in self.tests)


def _listed(value: Any, codes: frozenset[str]) -> bool | None:
    if value in codes:
        return True
    if value is None or value == "":
        return None
    return type(value) is not str and str(value) in codes


@dataclass(frozen=True, slots=True)
class AnyListed:
    """Whether a row holds, in every place of one of its ways, one of the codes there; for rows of text."""

    ways: tuple[tuple[tuple[int, frozenset[str]], ...], ...]

    def __call__(self, values: Values) -> bool:
        return any(all(values[place] in codes for place, codes in way) for way in self.ways)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of a dataset the agreement covers.

    ``admits`` gets the agreed values of a row: True, False, or None where the row does not let us decide.
    """

    columns: tuple[str, ...]
    admits: Callable[[Values], bool | None]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row for quarantine. ``payload`` holds agreed columns only, and none while the scope is not known."""

    row_key: str | None
    field: str | None
    rule: str
    reason: str
    payload: dict[str, Any]


@dataclass(slots=True)
class Projected:
    """What became of one page: lines for COPY, rows for quarantine, counts."""

    text: bytes = b""
    """Lines for COPY."""
    landed: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    archive: bytes = b"[]"
    out_of_scope: int = 0
    tombstones: int = 0
    leaving: list[Values] = field(default_factory=list)
    """Agreed values of rows out of scope or deleted at the source: if raw holds them, they must leave it."""
    dropped: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    watermark: str | None = None

    @property
    def extracted(self) -> int:
        """In-scope rows: landed and quarantined."""
        return self.landed + len(self.rejected)


@dataclass(slots=True)
class _Shape:
    """A set of keys that rows come with, worked out once."""

    pick: Callable[[dict[str, Any]], Values]
    rest: Callable[[dict[str, Any]], Any]
    """Fails where a row lacks a key that ``pick`` does not miss; both together see every key of the shape."""
    dropped: tuple[str, ...]
    undecidable: str | None  # a field that the scope needs and the row lacks
    lacking: str | None  # a required field that the row lacks
    rows: int = 0


def valid_nip(value: str) -> bool:
    """18 digits; digits 13-14 are a month for PNS, 21 and up for PPPK (siasn.md section 6)."""
    if len(value) != 18 or not (value.isascii() and value.isdigit()):
        return False
    code = value[12:14]
    return "01" <= code <= "12" or code >= "21"


def valid_nik(value: str) -> bool:
    """16 digits (siasn.md section 6); disagreement with the NIP is a finding of staging, not looked at here."""
    return len(value) == 16 and value.isascii() and value.isdigit()


_NIP_CODES = frozenset(f"{code:02}" for code in (*range(1, 13), *range(21, 100)))


def _digits_only(values: list[str], length: int) -> bool:
    text = "".join(values)
    return text.isascii() and text.isdigit() and set(map(len, values)) == {length}


def _all_nips(values: list[str]) -> bool:
    return _digits_only(values, 18) and {value[12:14] for value in values} <= _NIP_CODES


def _all_niks(values: list[str]) -> bool:
    return _digits_only(values, 16)


# of one value; of many, none of them empty; what is wrong with one
_RULES: dict[str, tuple[Callable[[str], bool], Callable[[list[str]], bool], str]] = {
    "nip": (valid_nip, _all_nips, "not 18 digits with a valid code at digits 13-14"),
    "nik": (valid_nik, _all_niks, "not 16 digits"),
}


class _Unusable(Exception):  # noqa: N818 - control flow inside this module
    def __init__(self, column: int, rule: str, reason: str) -> None:
        self.column, self.rule, self.reason = column, rule, reason


def _number_text(value: Any) -> str:
    """JSON text of a number or boolean; TypeError for anything nested."""
    if type(value) in (int, float, bool):
        return orjson.dumps(value).decode()
    raise TypeError


def _column_texts(column: Collection[Any]) -> list[str | None]:
    """A column's values as text; TypeError for anything nested."""
    if set(map(type, column)) <= _NUMBERS:
        return [None if text == "null" else text for text in orjson.dumps(column)[1:-1].decode().split(",")]
    return [value if value is None or type(value) is str else _number_text(value) for value in column]


def tail(extract_id: int, unit: str, fetched_at: datetime, deleted: str = "f") -> str:
    """The bookkeeping that ends a line: extract, unit, moment, whether the row is one to be taken out of raw."""
    return f"\t{extract_id}\t{unit}\t{fetched_at.isoformat()}\t{deleted}\n"


def scalar_text(value: Any) -> str | None:
    """The text that raw holds for a JSON scalar; None for null and for anything nested."""
    if value is None or isinstance(value, str):
        return value
    try:
        return _number_text(value)
    except (TypeError, orjson.JSONEncodeError):
        return None


class Projector:
    """Projects the pages of one dataset. Keeps shapes of rows between pages, no rows."""

    def __init__(self, dataset: Layout, scope: Scope | None = None, *, latest: str = "9") -> None:
        """``latest``: later moments (ISO-8601) do not move the watermark; a date far ahead would hide changes."""
        self.dataset = dataset
        self._scope = scope
        self._latest = latest
        self._fields = tuple(item.field for item in dataset.items)
        self._columns = dataset.columns
        key = dataset.row_key
        self._key = tuple(self._columns.index(column) for column in key)
        self._required = tuple(place for place, item in enumerate(dataset.items) if item.required or item.column in key)
        self._ruled = tuple(
            (place, *_RULES[item.rule]) for place, item in enumerate(dataset.items) if item.rule in _RULES
        )
        admits = scope.admits if scope else None
        self._covers_all: Callable[[list[Values]], bool] | None = (
            admits.all_of if isinstance(admits, AllListed) else _each(admits) if admits else None
        )
        self._updated_at = self._columns.index(UPDATED_AT) if UPDATED_AT in self._columns else None
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._numeric: set[int] = set()  # places where numbers were seen
        self._nullable: set[int] = set()  # places where null was seen

    def project(self, rows: list[Any], tail: str) -> Projected:
        """Project a page; ``tail`` ends each line (tab-separated bookkeeping that is the same for the whole page)."""
        result = Projected()
        kept = self._quick_select(rows, result)
        if kept is None:
            kept = self._select(rows, result)
        return self._write(kept, result, tail)

    def project_table(self, header: Sequence[str], rows: list[list[str]], tail: str) -> Projected:
        """Project rows of a file, all of text and in the order of ``header``; those of another length come out as one
        that is no object does.
        """
        lengths = set(map(len, rows))
        fields = set(self._fields)
        if lengths != {len(header)} or not fields <= set(header) or self.dataset.incremental:
            objects = [dict(zip(header, row, strict=True)) if len(row) == len(header) else row for row in rows]
            return self.project(objects, tail)
        result = Projected()
        kept: list[Values] = list(
            zip(*[map(itemgetter(header.index(name)), rows) for name in self._fields], strict=True)
        )
        if self._scope:
            kept = [values for values in kept if self._scope.admits(values)]
            result.out_of_scope = len(rows) - len(kept)
        for name in header:
            if name not in fields:
                result.dropped[name if _FIELD_NAME.fullmatch(name) else "(not a plain name)"] += len(rows)
        return self._write(kept, result, tail)

    def _write(self, kept: list[Values], result: Projected, tail: str) -> Projected:
        """The second pass."""
        result.archive, plain = _as_json(kept)
        if self.dataset.incremental:
            self._raise_watermark(kept, result)
        lines = self._quick_page(kept) if plain else None
        if lines is None:
            lines = self._mixed_page(kept, result)
        hashed = _hashes(lines)
        result.text = "".join(
            [f"{line}\t{mark}\t{place}{tail}" for place, (line, mark) in enumerate(zip(lines, hashed, strict=True))]
        ).encode()
        result.landed = len(lines)
        return result

    def leaving_line(self, values: Values, tail: str) -> str:
        """The line that takes a row out of raw: its key and its moment of change, nothing else."""
        kept = {*self._key, self._updated_at}
        texts = [scalar_text(value) if place in kept else None for place, value in enumerate(values)]
        return f"{_escaped(texts)}\t-\t0{tail}"

    def key_of(self, values: Values) -> tuple[str, ...] | None:
        """The row's key as raw holds it, or None where it has none."""
        texts = [scalar_text(values[place]) for place in self._key]
        return tuple(text for text in texts if text) if all(texts) else None

    def _quick_select(self, rows: list[Any], result: Projected) -> list[Values] | None:
        """The first pass over a page of whole rows of one shape, all in scope and none deleted; None for any other.

        No function of ours is called for a row, unless the scope is one that looks at single rows.
        """
        if not rows or set(map(type, rows)) != {dict}:
            return None
        shape = self._shapes.get(tuple(rows[0]))
        if shape is None or shape.undecidable or shape.lacking or set(map(len, rows)) != {len(rows[0])}:
            return None
        try:
            kept = list(map(shape.pick, rows))
            list(map(shape.rest, rows))
            if self.dataset.incremental and DELETED_AT in rows[0] and _some_deleted(rows):
                return None
            if self._covers_all and not self._covers_all(kept):
                return None
        except (KeyError, TypeError):  # another shape; as in _decide
            return None
        shape.rows += len(rows)
        self._count_dropped(result)
        return kept

    def _select(self, rows: list[Any], result: Projected) -> list[Values]:
        """First pass: agreed values of the rows in scope."""
        kept: list[Values] = []
        shapes, incremental = self._shapes, self.dataset.incremental
        admits = self._scope.admits if self._scope else None
        for row in rows:
            if type(row) is not dict:
                reason = f"the row is not an object but {_json_kind(row)}"
                result.rejected.append(Rejected(None, None, "not_object", reason, {}))
                continue
            shape = shapes.get(tuple(row)) or self._learn(row)
            shape.rows += 1
            values = shape.pick(row)
            if shape.undecidable:
                self._lacks(shape.undecidable, None, result)
                continue
            verdict = _decide(admits, values) if admits else True
            deleted = incremental and row.get(DELETED_AT) is not None
            if deleted or verdict is False:
                result.leaving.append(values)
                result.tombstones += deleted
                result.out_of_scope += not deleted
            elif verdict is None:
                column = self._scope.columns[0] if self._scope else None
                result.rejected.append(Rejected(self._key_text(values), column, "missing_required", EMPTY, {}))
            elif shape.lacking:
                self._lacks(shape.lacking, values, result)
            else:
                kept.append(values)
        self._count_dropped(result)
        return kept

    def _lacks(self, column: str, values: Values | None, result: Projected) -> None:
        result.absent[column] += 1
        key = self._key_text(values) if values is not None else None
        payload = self._payload(values) if values is not None else {}
        result.rejected.append(Rejected(key, column, "missing_required", ABSENT, payload))

    def _learn(self, row: dict[str, Any]) -> _Shape:
        missing = [item.column for item in self.dataset.items if item.field not in row]
        fields = self._fields
        pick: Callable[[dict[str, Any]], Values] = (
            (lambda row: tuple(map(row.get, fields))) if missing or len(fields) == 1 else itemgetter(*fields)
        )
        proved = () if missing or len(fields) == 1 else fields  # what pick fails without
        others = [name for name in row if name not in proved]
        agreed = {*fields, DELETED_AT} if self.dataset.incremental else set(fields)
        needed = self._scope.columns if self._scope else ()
        shape = _Shape(
            pick,
            itemgetter(*others) if others else _nothing,
            tuple(name if _FIELD_NAME.fullmatch(name) else "(not a plain name)" for name in row if name not in agreed),
            next((column for column in needed if column in missing), None),
            next((self._columns[place] for place in self._required if self._columns[place] in missing), None),
        )
        if len(self._shapes) < _SHAPES_KEPT:
            self._shapes[tuple(row)] = shape
        return shape

    def _count_dropped(self, result: Projected) -> None:
        for shape in self._shapes.values():
            if shape.rows:
                for name in shape.dropped:
                    result.dropped[name] += shape.rows
                shape.rows = 0

    def _raise_watermark(self, kept: list[Values], result: Projected) -> None:
        place = self._updated_at
        if place is None:
            return
        moments = [values[place] for values in kept]
        moments += [values[place] for values in result.leaving]
        usable = [moment for moment in moments if isinstance(moment, str) and moment <= self._latest]
        best = max(usable, default=None)
        if best is not None and not _MOMENT.fullmatch(best):
            best = max(filter(_MOMENT.fullmatch, usable), default=None)
        result.watermark = best

    def _quick_page(self, kept: list[Values]) -> list[str] | None:
        """The lines of rows that need no escaping; None if any of them has to be looked at by itself."""
        if not kept:
            return []
        columns = list(zip(*kept, strict=True))
        try:
            return self._quick_lines(columns)
        except TypeError:  # a number or a null in a place where none was seen yet, or something nested
            known = len(self._numeric) + len(self._nullable)
            for place, column in enumerate(columns):
                kinds = set(map(type, column))
                self._numeric |= {place} if kinds & _NUMBERS - {type(None)} else set()
                self._nullable |= {place} if None in column else set()
        try:
            return self._quick_lines(columns) if len(self._numeric) + len(self._nullable) > known else None
        except TypeError:
            return None

    def _quick_lines(self, kept: Sequence[Collection[Any]]) -> list[str] | None:
        columns = list(kept)
        for place in self._numeric:
            columns[place] = _column_texts(columns[place])
        if not all(all(columns[place]) for place in self._required):
            return None
        for place, _, all_valid, _ in self._ruled:
            present = list(filter(None, columns[place]))
            if present and not all_valid(present):
                return None
        for place in self._nullable:
            columns[place] = ["\\N" if value is None else value for value in columns[place]]
        return list(map("\t".join, zip(*columns, strict=True)))

    def _mixed_page(self, kept: list[Values], result: Projected) -> list[str]:
        """The lines of a page in which not all is plain; rows that have none go to quarantine."""
        plain = [_as_json([values])[1] for values in kept]
        quick = self._quick_page([values for values, is_plain in zip(kept, plain, strict=True) if is_plain])
        ready = iter(quick or ())
        lines = []
        for values, is_plain in zip(kept, plain, strict=True):
            try:
                lines.append(next(ready) if is_plain and quick is not None else self._careful_line(values))
            except _Unusable as problem:
                result.rejected.append(self._reject(values, problem))
        return lines

    def _careful_line(self, values: Values) -> str:
        """The same line, or why there is none."""
        texts: list[str | None] = []
        for place, value in enumerate(values):
            text = self._checked_text(place, value)
            if text is None or text == "":
                if place in self._required:
                    raise _Unusable(place, "missing_required", EMPTY)
            elif "\0" in text:
                raise _Unusable(place, "nul_character", "the value holds a NUL character, which a text column cannot")
            texts.append(text)
        for place, check, _, reason in self._ruled:
            text = texts[place]
            if text and not check(text):
                raise _Unusable(place, self.dataset.items[place].rule, reason)
        return _escaped(texts)

    def _checked_text(self, place: int, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            if not _encodable(value):
                raise _Unusable(place, "not_unicode", "the value holds half of a surrogate pair")
            return value
        try:
            return _number_text(value)
        except (TypeError, orjson.JSONEncodeError):
            raise _Unusable(place, "not_scalar", f"the value is {_json_kind(value)}") from None

    def _reject(self, values: Values, problem: _Unusable) -> Rejected:
        column = self._columns[problem.column]
        return Rejected(self._key_text(values), column, problem.rule, problem.reason, self._payload(values))

    def _key_text(self, values: Values) -> str | None:
        key = self.key_of(values)
        return _storable("|".join(key)) if key else None

    def _payload(self, values: Values) -> dict[str, Any]:
        return {
            column: _storable(value) if isinstance(value, str) else value if scalar_text(value) is not None else None
            for column, value in zip(self._columns, values, strict=True)
        }


def _hashes(lines: list[str]) -> list[str]:
    """Of the escaped lines, so that no two rows share a preimage."""
    hashes = []
    for line in lines:
        hashed = _UNUSED_HASH.copy()  # half the price of a new one
        hashed.update(line.encode())
        hashes.append(hashed.hexdigest())
    return hashes


def _nothing(row: dict[str, Any]) -> None:
    """What is left of a row whose every key is picked."""


def _some_deleted(rows: list[dict[str, Any]]) -> bool:
    return list(map(itemgetter(DELETED_AT), rows)).count(None) != len(rows)


def _each(admits: Callable[[Values], bool | None]) -> Callable[[list[Values]], bool]:
    return lambda rows: all(map(admits, rows))


def _decide(admits: Callable[[Values], bool | None], values: Values) -> bool | None:
    try:
        return admits(values)
    except TypeError:  # a list or an object where a code should be
        return None


def _as_json(kept: list[Values]) -> tuple[bytes, bool]:
    """The page as JSON, and whether no value in it holds anything that COPY must have escaped."""
    try:
        text = orjson.dumps(kept)
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number beyond 64 bits
        return orjson.dumps([values for values in kept if _dumps(values)]), False
    return text, b"\\" not in text


def _dumps(values: Values) -> bool:
    try:
        orjson.dumps(values)
    except orjson.JSONEncodeError:
        return False
    return True


def _escaped(texts: list[str | None]) -> str:
    return "\t".join(["\\N" if text is None else text.translate(_ESCAPES) for text in texts])


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(value: str) -> str:
    """What quarantine can hold of a value that a database cannot."""
    return value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _json_kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
