"""The exchange log as a chain: who inserts, alters, deletes or reorders a row breaks it at that row (PKS article 9).

Each row carries the hash of the one before and its own, which covers both its content and that hash. The chain alone
does not stop one who rewrites it to the end; so its head is sealed at the end of each step, hence every day on which
anything was exchanged, with a key that the database does not know, and each seal is kept outside the database as well.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import sql

from padan.errors import ExchangeLogBroken
from padan.warehouse.connection import Connection

COLUMNS = (
    "extract_id", "party", "endpoint", "dataset", "purpose", "attempt", "status", "error", "rows", "body_bytes",
    "body_sha256", "started_at", "duration",
)  # fmt: skip
GENESIS = hashlib.sha256(b"padan exchange log").hexdigest()  # what the first row and the first seal follow
SEAL_KEY = "exchange log seal"  # the purpose of its key: padan.settings.Settings.key
SEALS_FILE = "exchange_seals.jsonl"
_ONE_WRITER = "select pg_advisory_xact_lock(hashtextextended('padan:exchange_log', 0))"
_ROWS_AT_ONCE = 10_000
_JAKARTA = ZoneInfo("Asia/Jakarta")


@dataclass(frozen=True, slots=True)
class Seal:
    """The head of the chain at a moment, sealed."""

    seal_id: int
    day: str
    exchange_id: int
    row_hash: str
    seal: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A log without a break: its rows, and how many seals they bear."""

    rows: int
    seals: int


def append(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Append rows (of :data:`COLUMNS`) to the chain: one lock, one look at its head and one COPY for all of them."""
    if not rows:
        return
    with connection.transaction():
        connection.execute(_ONE_WRITER)
        exchange_id, previous = _head(connection)
        statement = sql.SQL("copy landing.exchange_log (exchange_id, {}, previous_hash, row_hash) from stdin").format(
            sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for values in rows:
                exchange_id += 1
                current = row_hash(previous, exchange_id, values)
                copy.write_row((exchange_id, *values, previous, current))
                previous = current


def row_hash(previous: str, exchange_id: int, values: tuple[Any, ...]) -> str:
    """SHA-256 over the hash before and everything in the row, as JSON; moments in UTC."""
    parts = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in values]
    content = json.dumps([previous, exchange_id, *parts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def seal(connection: Connection, key: bytes, folder: Path) -> None:
    """Seal the head of the chain, in the database and in a file of ``folder``, unless it is sealed already."""
    with connection.transaction():
        connection.execute(_ONE_WRITER)
        exchange_id, head = _head(connection)
        before = next(_seals(connection, "order by seal_id desc limit 1"), None)
        if exchange_id == 0 or (before and before.exchange_id == exchange_id):
            return
        day = datetime.now(_JAKARTA).date().isoformat()
        seal_id = before.seal_id + 1 if before else 1
        value = _seal_of(key, before.seal if before else GENESIS, seal_id, day, exchange_id, head)
        made = Seal(seal_id, day, exchange_id, head, value)
        connection.execute(
            "insert into landing.exchange_seal (seal_id, day, exchange_id, row_hash, seal) values (%s, %s, %s, %s, %s)",
            (made.seal_id, made.day, made.exchange_id, made.row_hash, made.seal),
        )
    _keep(folder / SEALS_FILE, made)


def verify(connection: Connection, key: bytes, folder: Path) -> Verified:
    """Follow the chain from its first row, and hold it against its seals and against those kept in ``folder``.

    Raises:
        ExchangeLogBroken: naming the first row that is not as it was written.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        seals = list(_seals(connection, "order by seal_id"))
        _refuse_forged(seals, key)
        _refuse_lost(seals, folder / SEALS_FILE)
        sealed = {one.exchange_id: one for one in seals}
        expected, previous = 1, GENESIS
        for exchange_id, values, carried, own in _rows(connection):
            if exchange_id != expected:
                raise ExchangeLogBroken(expected, f"is missing; the next one is row {exchange_id}")
            if carried != previous:
                raise ExchangeLogBroken(exchange_id, "does not carry the hash of the row before it")
            if own != row_hash(previous, exchange_id, values):
                raise ExchangeLogBroken(exchange_id, "is not as it was written")
            one = sealed.pop(exchange_id, None)
            if one and one.row_hash != own:
                since = max((each.exchange_id for each in seals if each.exchange_id < exchange_id), default=0) + 1
                raise ExchangeLogBroken(since, f"or a later one up to {exchange_id} was rewritten (seal {one.seal_id})")
            expected, previous = exchange_id + 1, own
        if sealed:
            raise ExchangeLogBroken(expected, f"is missing: row {max(sealed)} was sealed")
        return Verified(expected - 1, len(seals))


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        "select exchange_id, row_hash from landing.exchange_log order by exchange_id desc limit 1"
    ).fetchone()
    return (row[0], row[1]) if row else (0, GENESIS)


def _seals(connection: Connection, tail: str) -> Iterator[Seal]:
    statement = f"select seal_id, day, exchange_id, row_hash, seal from landing.exchange_seal {tail}"  # noqa: S608
    for seal_id, day, exchange_id, head, value in connection.execute(statement.encode()):
        yield Seal(seal_id, day.isoformat() if isinstance(day, date) else day, exchange_id, head, value)


def _rows(connection: Connection) -> Iterator[tuple[int, tuple[Any, ...], str, str]]:
    statement = sql.SQL("select exchange_id, {}, previous_hash, row_hash from landing.exchange_log order by 1").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with connection.cursor("exchange_log") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(statement)
        for row in cursor:
            yield row[0], row[1:-2], row[-2], row[-1]


def _seal_of(key: bytes, before: str, *content: object) -> str:
    return hmac.new(key, json.dumps([before, *content]).encode(), hashlib.sha256).hexdigest()


def _refuse_forged(seals: Iterable[Seal], key: bytes) -> None:
    before = GENESIS
    for number, one in enumerate(seals, 1):
        genuine = _seal_of(key, before, one.seal_id, one.day, one.exchange_id, one.row_hash)
        if one.seal_id != number or not hmac.compare_digest(genuine, one.seal):
            raise ExchangeLogBroken(one.exchange_id, f"bears seal {number}, which is not ours or follows a lost one")
        before = one.seal


def _refuse_lost(seals: Iterable[Seal], path: Path) -> None:
    """A seal that was kept outside and that the database has no longer: the log was cut."""
    if not path.exists():
        return
    there = {one.seal for one in seals}
    for line in path.read_text().splitlines():
        kept = json.loads(line)
        if kept["seal"] not in there:
            raise ExchangeLogBroken(kept["exchange_id"], f"was sealed on {kept['day']}, and the seal is gone")


def _keep(path: Path, made: Seal) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(asdict(made)) + "\n")
        file.flush()
        os.fsync(file.fileno())
