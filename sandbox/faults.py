"""Faults on request: what real services do to their clients, one call away. README.md lists kinds and options."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox.serving import App, Header, Message, Receive, Scope, Send, body_of, query_of, respond, respond_json

_HTML = (
    b"<!DOCTYPE html><html><head><title>Pemeliharaan</title></head>"
    b"<body><h1>Sistem sedang dalam pemeliharaan</h1></body></html>"
)
_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><am:fault xmlns:am="http://wso2.org/apimanager"><am:code>101503</am:code>'
    b"<am:type>Status report</am:type><am:message>Runtime Error</am:message>"
    b"<am:description>Error connecting to the back end</am:description></am:fault>"
)
_BACK_END = "Error connecting to the back end"
_SUSPENDED = "Currently , Address endpoint : [ Name : SIASN ] [ State : SUSPENDED ]"
Answer = tuple[int, bytes, tuple[Header, ...]]
Row = dict[str, Any]


@dataclass(slots=True)
class Fault:
    """A fault of ``kind`` on requests whose path contains ``path``, to happen ``times`` times (None: until removed)."""

    kind: str
    path: str
    times: int | None
    options: dict[str, Any] = field(default_factory=dict)
    fired: int = 0


def _fault_body(code: str, message: str, description: str) -> bytes:
    return orjson.dumps({"code": code, "type": "Status report", "message": message, "description": description})


def _retry_after(options: dict[str, Any]) -> tuple[Header, ...]:
    return ((b"retry-after", str(options["retry_after"]).encode()),) if "retry_after" in options else ()


def _throttled(options: dict[str, Any]) -> Answer:
    body = _fault_body(str(options.get("code", "900802")), "Message throttled out", "You have exceeded your quota")
    return 429, body, _retry_after(options)


# Kinds that answer in the service's place.
_ANSWERS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "too_many_requests": lambda options: (
        429, b'{"status":"ERROR","message":"Too Many Requests"}', _retry_after({"retry_after": 1, **options})),
    "throttled": _throttled,
    "suspended": lambda options: (503, _fault_body("303001", "Runtime Error", _SUSPENDED), ()),
    "runtime_error": lambda options: (500, _fault_body("101503", "Runtime Error", _BACK_END), ()),
    "unavailable": lambda options: (503, _HTML, ((b"content-type", b"text/html"), *_retry_after(options))),
    "html": lambda options: (200, _HTML, ((b"content-type", b"text/html; charset=utf-8"),)),
    "xml_fault": lambda options: (int(options.get("status", 500)), _XML, ((b"content-type", b"application/xml"),)),
    "sso_mismatch": lambda options: (401, b'{"code":0,"data":"Token SSO mismatch"}', ()),
    "expired_operator_token": lambda options: (401, b'{"code":401,"message":"invalid or expired jwt"}', ()),
    "refused_login": lambda options: (401, b'{"error":"invalid_grant"}', ()),
}  # fmt: skip


def _rename(row: Row, options: dict[str, Any]) -> None:
    if options["field"] in row:
        row[options.get("to", f"{options['field']}Baru")] = row.pop(options["field"])


def _extra(row: Row, options: dict[str, Any]) -> None:
    row[options.get("field", "fieldBaru")] = options.get("value", "x")


def _replace(row: Row, options: dict[str, Any]) -> None:
    row[options["field"]] = options.get("value", {"tidak": "terduga"})


def _impossible_date(row: Row, options: dict[str, Any]) -> None:
    row[options["field"]] = options.get("value", "31-02-2020")


# Kinds that change rows of the true answer, and how many rows unless told: None is all.
_ROW_CHANGES: dict[str, tuple[Callable[[Row, dict[str, Any]], None], int | None]] = {
    "renamed_field": (_rename, None),
    "extra_field": (_extra, None),
    "wrong_type": (_replace, 1),
    "impossible_date": (_impossible_date, 1),
}
# Kinds that are about the SSO token, which only the people product asks for.
_PEOPLE_ONLY = ("sso_mismatch", "expired_operator_token")
# Kinds that the services themselves ask for.
_ASKED = ("empty_list", "shrunk_list", "short_token")
KINDS = frozenset(
    {
        *_ANSWERS,
        *_ROW_CHANGES,
        *_ASKED,
        "expired_token",
        "connection_reset",
        "truncated_json",
        "slow",
        "repeated_page",
        "duplicated_row",
    }
)


def rows_of(document: Any) -> list[Any]:
    """The rows of an answer in any of the services' envelopes."""
    if isinstance(document, list):
        return document
    data = document.get("results", document.get("data"))
    if isinstance(data, list) and len(data) == 2 and isinstance(data[1], list):
        return data[1]
    return data if isinstance(data, list) else [data]


class FaultBox:
    """The faults that are set on one service."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.requests: Counter[str] = Counter()

    def add(self, document: Any) -> Fault:
        """Set a fault given as JSON.

        Raises:
            ValueError: saying what is wrong with it.
        """
        if not isinstance(document, dict) or document.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        default = None if document["kind"] in ("empty_list", "shrunk_list", "expired_operator_token") else 1
        times = document.get("times", default)
        options = document.get("options") or {}
        if not (times is None or isinstance(times, int)) or not isinstance(options, dict):
            raise ValueError("times must be a number or null, options an object")
        if document["kind"] in ("renamed_field", "wrong_type", "impossible_date") and "field" not in options:
            raise ValueError("options.field must name the field")
        fault = Fault(document["kind"], str(document.get("path", "")), times, options)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults and forget the counts of requests."""
        self._faults.clear()
        self.requests.clear()

    def described(self) -> list[dict[str, Any]]:
        """All faults, spent ones too."""
        return [asdict(fault) for fault in self._faults]

    def find(self, path: str, *, asked: str = "") -> Fault | None:
        """The first fault that is due on ``path``: of kind ``asked``, or any that the services do not ask for."""
        for fault in self._faults:
            if fault.times is not None and fault.fired >= fault.times:
                continue
            if fault.kind in _PEOPLE_ONLY and not path.startswith("/apisiasn/"):
                continue
            if (fault.kind == asked if asked else fault.kind not in _ASKED) and fault.path in path:
                return fault
        return None

    def kept(self, path: str, rows: int) -> int:
        """How many of a list's ``rows`` it still has under the list faults."""
        for kind in ("empty_list", "shrunk_list"):
            fault = self.find(path, asked=kind)
            if fault:
                fault.fired += 1
                return 0 if kind == "empty_list" else int(rows * (1 - float(fault.options.get("share", 0.3))))
        return rows

    def lifetime(self, path: str) -> int | None:
        """The lifetime that a token issued at ``path`` is to have, if a fault says so."""
        fault = self.find(path, asked="short_token")
        if fault is None:
            return None
        fault.fired += 1
        return int(fault.options.get("expires_in", 2))


class FaultMiddleware:
    """Plays the faults of ``box`` before ``app``, and serves ``/_sandbox/*``. ``revoke`` ends a request's token."""

    def __init__(self, app: App, box: FaultBox, revoke: Callable[[Scope, str], None]) -> None:
        self._app, self._box, self._revoke = app, box, revoke

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith("/_sandbox/"):
            await self._control(scope, receive, send)
            return
        fault = self._box.find(path)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._play(fault, scope, receive, send)

    async def _play(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind in _ROW_CHANGES or fault.kind in ("truncated_json", "repeated_page", "duplicated_row"):
            await self._changed(fault, scope, receive, send)
            return
        fault.fired += 1
        if fault.kind in _ANSWERS:
            status, body, headers = _ANSWERS[fault.kind](fault.options)
            await respond(send, status, body, *headers)
        elif fault.kind == "connection_reset":
            _reset(receive)
        else:
            if fault.kind == "expired_token":
                self._revoke(scope, str(fault.options.get("which", "apim")))
            else:
                await asyncio.sleep(float(fault.options.get("seconds", 2)))
            await self._app(scope, receive, send)

    async def _changed(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the service answer, and change its answer if it is a good one."""
        query = query_of(scope)
        asked = dict(query)
        if fault.kind == "repeated_page":
            _turn_back(query)
            if query == asked:
                await self._app(scope, receive, send)
                return
            scope = {**scope, "query_string": urlencode(query).encode()}
        status, headers, body = await _captured(self._app, scope, receive)
        if status == 200:
            fault.fired += 1
            body = _altered(fault, body, asked)
        kept = [item for item in headers if item[0] != b"content-length"]
        await respond(send, status, body, *kept)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        action = (scope["method"], scope["path"].removeprefix("/_sandbox/"))
        if action == ("POST", "faults"):
            try:
                fault = self._box.add(orjson.loads(await body_of(receive)))
            except ValueError as error:
                await respond_json(send, 400, {"message": str(error)})
                return
            await respond_json(send, 201, asdict(fault))
        elif action == ("DELETE", "faults"):
            self._box.clear()
            await respond(send, 204, b"")
        elif action == ("GET", "faults"):
            await respond_json(send, 200, self._box.described())
        elif action == ("GET", "requests"):
            await respond_json(send, 200, dict(self._box.requests))
        elif action == ("GET", "health"):
            await respond_json(send, 200, {"status": "ok"})
        else:
            await respond_json(send, 404, {"message": "faults, requests or health"})


def _turn_back(query: dict[str, str]) -> None:
    """Ask for the page before the one asked for; the first page has none."""
    if int(query.get("page", "1")) > 1:
        query["page"] = str(int(query["page"]) - 1)
    elif int(query.get("offset", "0")) > 0:
        query["offset"] = str(max(0, int(query["offset"]) - int(query.get("limit", "10"))))


def _altered(fault: Fault, body: bytes, asked: dict[str, str]) -> bytes:
    if fault.kind == "truncated_json":
        return body[: len(body) // 2]
    document = orjson.loads(body)
    rows = rows_of(document)
    if fault.kind == "repeated_page":
        if isinstance(document, dict) and isinstance(document.get("data"), list) and document["data"]:
            paging = document["data"][0]
            if "per_page" in paging:
                paging["page"] = int(asked["page"])
    elif fault.kind == "duplicated_row":
        rows.append(rows[0])
    else:
        change, usual = _ROW_CHANGES[fault.kind]
        for row in rows[: fault.options.get("rows", usual)]:
            if isinstance(row, dict):
                change(row, fault.options)
    return orjson.dumps(document)


async def _captured(app: App, scope: Scope, receive: Receive) -> tuple[int, list[Header], bytes]:
    status, headers, body = 500, [], b""

    async def gather(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(name), bytes(value)) for name, value in message["headers"]]
        else:
            body += message.get("body", b"")

    await app(scope, receive, gather)
    return status, headers, body


def _reset(receive: Receive) -> None:
    """Cut the connection with a TCP reset, as a load balancer does."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the server gives no transport to cut")
    wire = transport.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
