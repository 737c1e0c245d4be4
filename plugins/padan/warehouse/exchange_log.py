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
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from psycopg import sql

from padan.errors import ExchangeLogBroken
from padan.places import Place, make_folders, write_whole
from padan.warehouse.connection import Connection

COLUMNS = (
    "extract_id", "party", "endpoint", "dataset", "purpose", "attempt", "status", "error", "rows", "body_bytes",
    "body_sha256", "started_at", "duration",
)  # fmt: skip
GENESIS = hashlib.sha256(b"padan exchange log").hexdigest()  # what the first row and the first seal follow
SEAL_KEY = "exchange log seal"  # the purpose of its key: padan.settings.Settings.key
SEALS_FILE, SEALS_FOLDER = "exchange_seals.jsonl", "exchange_seals"
_ONE_WRITER = "select pg_advisory_xact_lock(hashtextextended('padan:exchange_log', 0))"
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


def seal(connection: Connection, key: bytes, folder: Place) -> None:
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
    _keep(folder, made)


def verify(connection: Connection, key: bytes, folder: Place, *, since: date | None = None) -> Verified:
    """Follow the chain from its first row, and hold it against its seals and against those kept in ``folder``.

    With ``since``, from the last row sealed before that day; the seals are genuine, so what they sealed is only looked
    at where they bear on a row. The database does the work, all rows in two statements.

    Raises:
        ExchangeLogBroken: naming the first row that is not as it was written.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        seals = list(_seals(connection, "order by seal_id"))
        _refuse_forged(seals, key)
        _refuse_lost(seals, folder)
        trusted = [one for one in seals if since and one.day < since.isoformat()]
        start = trusted[-1].exchange_id if trusted else 1
        head, _ = _head(connection)
        problem = min(
            filter(None, (_first_unlinked(connection, start), _first_altered(connection, start))), default=None
        )
        limit = problem[0] if problem else head + 1
        _refuse_rewritten(connection, seals, limit)
        if problem:
            raise ExchangeLogBroken(problem[0], problem[2])
        if seals and max(one.exchange_id for one in seals) > head:
            raise ExchangeLogBroken(head + 1, f"is missing: row {max(one.exchange_id for one in seals)} was sealed")
        return Verified(max(head - start + 1, 0), len(seals))


# What row_hash() hashes, of a row: to_json escapes as Python's json does, and both write the shortest exact number.
_CONTENT: LiteralString = """
    '["' || previous_hash || '",' || exchange_id
    || ',' || coalesce(extract_id::text, 'null')
    || ',' || to_json(party) || ',' || to_json(endpoint) || ',' || to_json(dataset) || ',' || to_json(purpose)
    || ',' || attempt
    || ',' || coalesce(status::text, 'null')
    || ',' || coalesce(to_json(error)::text, 'null')
    || ',' || coalesce(rows::text, 'null')
    || ',' || body_bytes
    || ',' || coalesce(to_json(body_sha256)::text, 'null')
    || ',"' || to_char(
        started_at at time zone 'UTC',
        case
            when date_trunc('second', started_at) = started_at then 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'
            else 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
        end
    ) || '",' || duration || case when duration = trunc(duration) then '.0' else '' end || ']'
"""
# Not along the primary key row by row (+ 0), but over the whole table by as many processes as the server allows.
_ALTERED: LiteralString = (
    "select min(exchange_id + 0) from landing.exchange_log where exchange_id >= %(start)s "
    "and row_hash is distinct from encode(sha256(convert_to({content}, 'UTF8')), 'hex')"
)
_UNLINKED: LiteralString = """
    select exchange_id, last_id from (
        select
            exchange_id,
            previous_hash,
            lag(exchange_id, 1, %(start)s - 1) over chain as last_id,
            lag(row_hash, 1, case when %(start)s = 1 then %(genesis)s else previous_hash end) over chain as last_hash
        from landing.exchange_log
        where exchange_id >= %(start)s
        window chain as (order by exchange_id)
    ) as linked
    where exchange_id <> last_id + 1 or previous_hash <> last_hash
    order by exchange_id
    limit 1
"""


def _first_unlinked(connection: Connection, start: int) -> tuple[int, int, str] | None:
    """The first row that does not follow the one before: its number, rank of the reason at one row, the reason."""
    connection.execute("set local enable_sort = off")  # the primary key has the rows in order: no sort of all of them
    found = connection.execute(_UNLINKED, {"start": start, "genesis": GENESIS}).fetchone()
    if found is None:
        return None
    exchange_id, last = found
    if exchange_id != last + 1:
        return last + 1, 0, f"is missing; the next one is row {exchange_id}"
    return exchange_id, 1, "does not carry the hash of the row before it"


def _first_altered(connection: Connection, start: int) -> tuple[int, int, str] | None:
    found = connection.execute(sql.SQL(_ALTERED).format(content=sql.SQL(_CONTENT)), {"start": start}).fetchone()
    return (found[0], 2, "is not as it was written") if found and found[0] is not None else None


def _refuse_rewritten(connection: Connection, seals: list[Seal], limit: int) -> None:
    """A chain that holds up to ``limit`` (exclusive) but is not the one that was sealed: someone hashed it anew."""
    rows = connection.execute(
        "select seal_id, exchange_seal.exchange_id from landing.exchange_seal "
        "join landing.exchange_log using (exchange_id) "
        "where exchange_log.row_hash <> exchange_seal.row_hash and exchange_id < %s order by exchange_id limit 1",
        (limit,),
    ).fetchone()
    if rows:
        seal_id, exchange_id = rows
        first = max((one.exchange_id for one in seals if one.exchange_id < exchange_id), default=0) + 1
        raise ExchangeLogBroken(first, f"or a later one up to {exchange_id} was rewritten (seal {seal_id})")


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        "select exchange_id, row_hash from landing.exchange_log order by exchange_id desc limit 1"
    ).fetchone()
    return (row[0], row[1]) if row else (0, GENESIS)


def _seals(connection: Connection, tail: str) -> Iterator[Seal]:
    statement = f"select seal_id, day, exchange_id, row_hash, seal from landing.exchange_seal {tail}"  # noqa: S608
    for seal_id, day, exchange_id, head, value in connection.execute(statement.encode()):
        yield Seal(seal_id, day.isoformat() if isinstance(day, date) else day, exchange_id, head, value)


def _seal_of(key: bytes, before: str, *content: object) -> str:
    return hmac.new(key, json.dumps([before, *content]).encode(), hashlib.sha256).hexdigest()


def _refuse_forged(seals: Iterable[Seal], key: bytes) -> None:
    before = GENESIS
    for number, one in enumerate(seals, 1):
        genuine = _seal_of(key, before, one.seal_id, one.day, one.exchange_id, one.row_hash)
        if one.seal_id != number or not hmac.compare_digest(genuine, one.seal):
            raise ExchangeLogBroken(one.exchange_id, f"bears seal {number}, which is not ours or follows a lost one")
        before = one.seal


def _refuse_lost(seals: Iterable[Seal], folder: Place) -> None:
    """A seal that was kept outside and that the database has no longer: the log was cut."""
    there = {one.seal for one in seals}
    for line in _kept(folder):
        kept = json.loads(line)
        if kept["seal"] not in there:
            raise ExchangeLogBroken(kept["exchange_id"], f"was sealed on {kept['day']}, and the seal is gone")


def _kept(folder: Place) -> list[bytes]:
    """In a folder, lines of a file; in an object store, which cannot append, an object for each seal."""
    if isinstance(folder, Path):
        path = folder / SEALS_FILE
        return path.read_bytes().splitlines() if path.exists() else []
    objects = folder / SEALS_FOLDER
    found = sorted(path.path for path in objects.glob("*.json"))
    return list(objects.fs.cat(found, on_error="raise").values()) if found else []


def _keep(folder: Place, made: Seal) -> None:
    line = json.dumps(asdict(made)).encode() + b"\n"
    make_folders(folder)
    if not isinstance(folder, Path):
        write_whole(folder / SEALS_FOLDER / f"{made.seal_id:09d}.json", line)
        return
    descriptor = os.open(folder / SEALS_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
