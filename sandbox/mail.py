"""A mail catcher: a real SMTP server that delivers nothing, keeps each message as a file and shows it on a small page.

``python -m sandbox.mail --smtp-port 2525 --http-port 8025 --to DIR``; on loopback unless told otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

LOOPBACK = "127.0.0.1"
_TEMPLATES = Path(__file__).parent / "mail_templates"
# The frame that shows a mail's HTML may run nothing and load nothing.
_FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True)
class Summary:
    """One kept message as the list shows it."""

    name: str
    received_at: datetime
    subject: str
    sender: str
    recipients: str


class Mailbox:
    """A folder of ``.eml`` files named by the moment they came; constructing does no I/O."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def keep(self, content: bytes) -> Path:
        """Store one message, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:  # two messages of one moment keep their order
            name = f"{time.time_ns():020d}-{hashlib.sha256(content).hexdigest()[:12]}"
            partial = self.folder / f".{name}"
            partial.write_bytes(content)
            return partial.rename(self.folder / f"{name}.eml")

    def paths(self) -> list[Path]:
        """Message files, the newest first."""
        return sorted(self.folder.glob("[0-9]*.eml"), reverse=True)

    def summaries(self) -> list[Summary]:
        """All messages, the newest first."""
        return [_summary(path) for path in self.paths()]

    def read(self, name: str) -> tuple[Summary, EmailMessage, bytes]:
        """The message ``name``.

        Raises:
            KeyError: there is none of that name.
        """
        path = next((path for path in self.paths() if path.stem == name), None)
        if path is None:
            raise KeyError(name)
        content = path.read_bytes()
        message = message_from_bytes(content, policy=default_policy)
        return _summary(path), message, content


def _summary(path: Path) -> Summary:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=default_policy).parse(file)
    received_at = datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9).astimezone()
    return Summary(
        name=path.stem,
        received_at=received_at,
        subject=str(headers["Subject"] or "(no subject)"),
        sender=str(headers["From"] or ""),
        recipients=str(headers["To"] or ""),
    )


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._mailbox.keep(envelope.original_content)
        return "250 Message kept"


def smtp_server(mailbox: Mailbox, port: int, host: str = LOOPBACK) -> Any:
    """An SMTP server on the address ``host``, in its own thread once started (``start()``, ``stop()``)."""
    return Controller(_Handler(mailbox), hostname=host, port=port, ready_timeout=10)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def create_app(mailbox: Mailbox) -> Starlette:
    """The page over ``mailbox``."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(["html.j2"]))

    def page(template: str, **values: Any) -> HTMLResponse:
        return HTMLResponse(environment.get_template(template).render(values))

    def find(request: Request) -> tuple[Summary, EmailMessage, bytes]:
        try:
            return mailbox.read(request.path_params["name"])
        except KeyError:
            raise HTTPException(404, "no such message") from None

    def index(request: Request) -> Response:
        return page("list.html.j2", messages=mailbox.summaries())

    def listing(request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "name": item.name,
                    "received_at": item.received_at.isoformat(),
                    "subject": item.subject,
                    "from": item.sender,
                    "to": item.recipients,
                }
                for item in mailbox.summaries()
            ]
        )

    def show(request: Request) -> Response:
        summary, message, _ = find(request)
        view = request.query_params.get("view") or ("html" if _part(message, "html") else "text")
        return page(
            "message.html.j2", summary=summary, headers=message.items(), text=_part(message, "plain"), view=view,
            has_html=bool(_part(message, "html")),
        )  # fmt: skip

    def html(request: Request) -> Response:
        _, message, _ = find(request)
        return HTMLResponse(_part(message, "html"), headers={"Content-Security-Policy": _FRAME_POLICY})

    def raw(request: Request) -> Response:
        return PlainTextResponse(find(request)[2])

    return Starlette(
        routes=[
            Route("/", index),
            Route("/messages.json", listing),
            Route("/messages/{name}", show),
            Route("/messages/{name}/html", html),
            Route("/messages/{name}/raw", raw),
        ]
    )


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s)")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder for the messages")
    arguments = parser.parse_args()
    mailbox = Mailbox(arguments.to)
    mailbox.folder.mkdir(parents=True, exist_ok=True)
    server = smtp_server(mailbox, arguments.smtp_port, arguments.host)
    server.start()
    try:
        uvicorn.run(create_app(mailbox), host=arguments.host, port=arguments.http_port, log_level="warning")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
