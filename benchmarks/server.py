"""Both agencies as one local HTTP server that hands out bodies rendered beforehand: it must not be what is measured.

Run as a process of its own; it prints its port and lives until its standard input closes. A path may begin with
``/after/N``: then the answer comes after N milliseconds, as from an agency far away.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.contestant import PROJECT
from benchmarks.pages import Pages, render

_DELAY = re.compile(r"/after/(\d+)(?=/)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TOKEN = orjson.dumps({"access_token": "benchmark-token", "token_type": "Bearer", "expires_in": 36_000})


def _reply(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Answers:
    """Path to reply."""

    def __init__(self, pages: Pages, page_size: int) -> None:
        self._pages = [_reply(body) for body in pages.bodies]
        self._probe = _reply(pages.probe)
        self._page_size = page_size
        self._token = _reply(_TOKEN)
        self._missing = _reply(b'{"status":"ERROR","message":"not found"}', "404 Not Found")

    def of(self, path: str, query: str) -> bytes:
        if path.endswith("/token"):
            return self._token
        if path.endswith("/v1/holders"):
            return self._page({name: int(values[0]) for name, values in parse_qs(query).items()})
        if "/pns/" in path:
            return self._person(path.rsplit("/", 1)[1])
        return self._missing

    def _page(self, query: dict[str, int]) -> bytes:
        if query["per_page"] == 1:
            return self._probe
        if query["per_page"] != self._page_size or not 1 <= query["page"] <= len(self._pages):
            return self._missing
        return self._pages[query["page"] - 1]

    def _person(self, nip: str) -> bytes:
        """``data-utama`` of about the size that SIASN sends."""
        person = {"id": f"8ae4{nip}", "nipBaru": nip, "nama": "Pegawai Sintetis", **_FURTHER}
        return _reply(orjson.dumps({"code": 1, "data": person}))


_FURTHER = {f"field{number}": f"value {number} of a person" for number in range(110)}


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            # a whole page goes to the kernel at once, so that this process is not woken for the rest of it
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, rest = self._received.split(b"\r\n\r\n", 1)
            length = _LENGTH.search(head)
            body = int(length[1]) if length else 0
            if len(rest) < body:
                return
            self._received = rest[body:]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, target: str) -> None:
        parts = urlsplit(target)
        reply = self._answers.of(parts.path, parts.query)
        delay = _DELAY.match(parts.path)
        if self._transport is None:
            return
        if delay:
            asyncio.get_running_loop().call_later(int(delay[1]) / 1000, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def _serve(answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def served(rows: int, page_size: int) -> Iterator[str]:
    """The server in a process of its own; its URL."""
    command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows), "--page-size", str(page_size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise RuntimeError("the page server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def main() -> None:
    """Render, listen, wait for the end of standard input."""
    parser = argparse.ArgumentParser(prog="benchmarks.server")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--page-size", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(_serve(Answers(render(arguments.rows, arguments.page_size), arguments.page_size)))


if __name__ == "__main__":
    main()
