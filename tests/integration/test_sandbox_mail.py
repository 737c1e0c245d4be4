"""The mail catcher: a real SMTP conversation in, a file and a page out."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from sandbox.mail import Mailbox
from sandbox.postgres import free_port


class Catcher:
    """A running catcher."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.smtp_port, self.http_port = folder, free_port(), free_port()
        ports = ["--smtp-port", str(self.smtp_port), "--http-port", str(self.http_port)]
        self.process = subprocess.Popen([sys.executable, "-m", "sandbox.mail", *ports, "--to", str(folder)])

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=10)

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.get("/")
                return
            except requests.ConnectionError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def send(self, subject: str, text: str, html: str = "") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "padan@padan.invalid", "unit@padan.invalid", subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
            server.send_message(message)


@pytest.fixture(scope="module")
def catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    catcher = Catcher(tmp_path_factory.mktemp("mail"))
    try:
        catcher.wait()
        yield catcher
    finally:
        catcher.process.terminate()
        assert catcher.process.wait(20) is not None


def test_messages_are_kept_and_listed_the_newest_first(catcher: Catcher) -> None:
    catcher.send("first <one>", "Satu")
    catcher.send("second", "Dua\n.\n.titik", "<p>Dua</p>")
    listed = catcher.get("/messages.json").json()
    assert [item["subject"] for item in listed] == ["second", "first <one>"]
    assert listed[0]["to"] == "unit@padan.invalid"
    assert [path.suffix for path in Mailbox(catcher.folder).paths()] == [".eml", ".eml"]
    page = catcher.get("/").text
    assert page.index("second") < page.index("first &lt;one&gt;")

    name = listed[0]["name"]
    assert "Dua\n.\n.titik" in catcher.get(f"/messages/{name}?view=text").text.replace("\r\n", "\n")
    assert "unit@padan.invalid" in catcher.get(f"/messages/{name}?view=headers").text
    assert catcher.get(f"/messages/{name}/raw").content == (catcher.folder / f"{name}.eml").read_bytes()


def test_the_html_of_a_mail_may_run_and_load_nothing(catcher: Catcher) -> None:
    catcher.send("third", "Tiga", "<p>Tiga</p><script>top.location = 'x'</script>")
    name = catcher.get("/messages.json").json()[0]["name"]
    page = catcher.get(f"/messages/{name}").text
    assert '<iframe sandbox=""' in page
    assert "top.location" not in page
    frame = catcher.get(f"/messages/{name}/html")
    assert "<p>Tiga</p>" in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", ["nothing", "..%2F..%2Fetc%2Fpasswd", "%00"])
def test_an_unknown_message_is_not_found(catcher: Catcher, name: str) -> None:
    assert catcher.get(f"/messages/{name}").status_code == 404
    assert catcher.get(f"/messages/{name}/raw").status_code == 404
