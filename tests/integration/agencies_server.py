"""A scripted agency over real sockets, and what the tests of both clients share."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from padan.agencies import Clock, Exchange
from padan.settings import JfSettings, SiasnSettings

TOKEN_CANARY = "canary-token-7f3a9b"
NIP_CANARY = "199912312024019999"


@dataclass
class Request:
    """What the server got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    at: float


@dataclass
class Reply:
    """What the server does: answer (after ``hang`` seconds, ``cut`` bytes of the body), ``reset``, or send ``raw``."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    hang: float = 0.0
    cut: int | None = None
    raw: bytes = b""


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json", **named})


def token(value: str = TOKEN_CANARY, expires_in: Any = 600) -> Reply:
    return as_json({"access_token": value, "token_type": "Bearer", "expires_in": expires_in})


PERSON = "/apisiasn/1.0/pns/"
UNOR = "/apisiasn/1.0/referensi/ref-unor"
GATEWAY_TOKEN = "/oauth2/token"
SSO_TOKEN = "/auth/"
NOTHING_THERE = as_json({"code": 0, "data": "Data tidak ditemukan"}, 404)
Script = Callable[[Request], Reply] | list[Reply] | Reply


class ScriptedServer:
    """Answers by the longest registered prefix of the path; of a list, one reply each, the last one for ever."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                scripted.serve(self)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                return

        self._http = Server(("127.0.0.1", 0), Handler)
        if context:
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._scheme = "https" if context else "http"
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.002}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def on(self, prefix: str, script: Script) -> None:
        self._scripts[prefix] = script

    def asked(self, prefix: str) -> list[Request]:
        return [request for request in self.requests if request.path.startswith(prefix)]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        form = parse_qs(handler.rfile.read(length).decode()) if length else {}
        parts = urlsplit(handler.path)
        request = Request(
            handler.command,
            parts.path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            dict(handler.headers.items()),
            {name: values[0] for name, values in form.items()},
            time.monotonic(),
        )
        with self._lock:
            self.requests.append(request)
            reply = self._reply(request)
        if callable(reply):
            reply = reply(request)
        self._send(handler, reply)

    def _reply(self, request: Request) -> Reply | Callable[[Request], Reply]:
        prefixes = [prefix for prefix in self._scripts if request.path.startswith(prefix)]
        if not prefixes:
            return Reply(500, b"no script for this path")
        script = self._scripts[max(prefixes, key=len)]
        if isinstance(script, list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hang:
            time.sleep(reply.hang)
        if reply.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return
        if reply.raw:
            handler.wfile.write(reply.raw)
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body[: reply.cut])
        handler.close_connection = reply.cut is not None or handler.close_connection


class SteppingClock(Clock):
    """Waiting takes no time, but moves the clock; every wait is kept."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._start = now
        self._passed = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self._passed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        with self._lock:
            self.waits.append(seconds)
            self._passed += seconds
        return stop.is_set()


class Exchanges(list[Exchange]):
    """Collects what a client reports, and from which threads."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def __call__(self, exchange: Exchange) -> None:
        self.threads.add(threading.current_thread().name)
        self.append(exchange)


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(context)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def siasn_server(context: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """A server whose token endpoints work."""
    with running(context) as server:
        server.on(GATEWAY_TOKEN, token("gateway-1"))
        server.on(SSO_TOKEN, token("sso-1"))
        yield server


def siasn_settings(server: ScriptedServer, **changes: Any) -> SiasnSettings:
    values: dict[str, Any] = {
        "base_url": server.url,
        "token_url": f"{server.url}/oauth2/token",
        "sso_token_url": f"{server.url}/auth/realms/public-siasn/protocol/openid-connect/token",
        "consumer_key": "key",
        "consumer_secret": "secret",
        "sso_client_id": "client",
        "sso_username": "operator",
        "sso_password": "password",
        "requests_per_second": float("inf"),
        "concurrency": 4,
        "connect_timeout": 2.0,
        "read_timeout": 2.0,
        "retries": 3,
    }
    return SiasnSettings(**(values | changes))


def jf_settings(server: ScriptedServer, **changes: Any) -> JfSettings:
    values: dict[str, Any] = {
        "base_url": server.url,
        "token_url": f"{server.url}/oauth2/token",
        "client_id": "padan",
        "client_secret": "secret",
        "page_size": 2,
        "requests_per_second": float("inf"),
        "connect_timeout": 2.0,
        "read_timeout": 2.0,
        "retries": 3,
    }
    return JfSettings(**(values | changes))


def threads_of(party: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{party}-")]
