"""Connections to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import psycopg
from psycopg import sql

from padan.errors import SourceUnavailable, StepFailed

# What a room may do, by the name of the room; the login may take each of these and may do nothing without one.
Role: TypeAlias = Literal[
    "owner", "loader", "transformer", "quality", "ledger", "alerts", "minutes", "obligations", "privacy", "reference",
    "status",     "auditor",
]  # fmt: skip
LOCK_WAIT = 60  # seconds; the session of a killed run ends well within them
Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]


def connect(database_url: str, *, application: str = "padan", role: Role | None = None) -> Connection:
    """Open an autocommit connection: a transaction is what stands in a ``with connection.transaction()`` block.

    It may do what ``role`` may, and no more; without one, nothing but hold a lock.

    Raises:
        SourceUnavailable: if the server does not answer; without the URL, which holds a password.
    """
    try:
        connection = psycopg.connect(database_url, autocommit=True, application_name=application, connect_timeout=10)
        if role:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        return connection
    except psycopg.OperationalError as error:
        raise SourceUnavailable(f"the warehouse does not accept a connection ({type(error).__name__})") from None


@contextmanager
def exclusive(connection: Connection, name: str, *, wait: int | None = None) -> Iterator[None]:
    """Hold the advisory lock ``name`` for the length of the block; it dies with the connection, so with the process.

    Raises:
        StepFailed: if another run still holds it after ``wait`` seconds (default: LOCK_WAIT).
    """
    key = f"padan:{name}"
    connection.execute("select set_config('lock_timeout', %s, false)", (f"{LOCK_WAIT if wait is None else wait}s",))
    try:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (key,))
    except psycopg.errors.LockNotAvailable:
        raise StepFailed(f"another run works on {name}; nothing was done") from None
    finally:
        connection.execute("select set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (key,))
