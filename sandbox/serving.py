"""What both sandbox services share: the world they serve, plain ASGI answers, credentials."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sandbox.world import WORLD_FILE

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

_STAT_EVERY = 0.5  # seconds
_FORM_LIMIT = 65_536  # bytes
JSON: Header = (b"content-type", b"application/json")


class World:
    """The world file, opened read-only when first asked and again when another one has taken its place."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / WORLD_FILE
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._looked = 0.0

    def query(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """All rows of a SELECT.

        Raises:
            FileNotFoundError: if no world has been built in the directory.
        """
        now = time.monotonic()
        if self._connection is None or now - self._looked > _STAT_EVERY:
            self._looked = now
            self._open_if_new()
        if self._connection is None:
            raise FileNotFoundError(f"no {WORLD_FILE}: run `python -m sandbox build` first")
        return self._connection.execute(statement, values).fetchall()

    def _open_if_new(self) -> None:
        found = os.stat(self._file)
        identity = (found.st_ino, found.st_mtime_ns)
        if identity == self._identity:
            return
        if self._connection is not None:
            self._connection.close()
        self._connection = sqlite3.connect(f"file:{self._file}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._identity = identity


def world_directory() -> Path:
    """Where the world is, from the environment.

    Raises:
        KeyError: if ``PADAN_SANDBOX_WORLD`` is not set.
    """
    return Path(os.environ["PADAN_SANDBOX_WORLD"])


def header(scope: Scope, name: bytes) -> bytes:
    """The value of a request header, empty if absent."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def query_of(scope: Scope) -> dict[str, str]:
    """The query parameters of a request."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


async def respond(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """Send a whole answer; JSON unless a content type is among ``headers``."""
    typed = headers if any(name == b"content-type" for name, _ in headers) else (JSON, *headers)
    await send(
        {"type": "http.response.start", "status": status, "headers": [*typed, (b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, document: Any, *headers: Header) -> None:
    """Send ``document`` as JSON."""
    await respond(send, status, orjson.dumps(document), *headers)


async def body_of(receive: Receive) -> bytes:
    """The request body, cut off beyond what a form may hold."""
    chunks, more = b"", True
    while more and len(chunks) < _FORM_LIMIT:
        message = await receive()
        chunks += message.get("body", b"")
        more = message.get("more_body", False)
    return chunks


async def form_of(receive: Receive) -> dict[str, str]:
    """The fields of a form body."""
    return dict(parse_qsl((await body_of(receive)).decode("utf-8", "replace"), keep_blank_values=True))


def basic_credentials_match(scope: Scope, user: str, password: str) -> bool:
    """Whether the request carries these credentials by HTTP Basic."""
    kind, _, encoded = header(scope, b"authorization").partition(b" ")
    if kind.lower() != b"basic":
        return False
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, f"{user}:{password}".encode())


def bearer(value: bytes) -> str:
    """The token of a ``Bearer`` header in upper or lower case, empty if it is none."""
    kind, _, token = value.partition(b" ")
    return token.decode("latin-1") if kind.lower() == b"bearer" else ""
