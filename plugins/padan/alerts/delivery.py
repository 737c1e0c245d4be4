"""Hands a mail in over SMTP. No message of an error names an address."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from padan.agreement.working_days import is_working_day
from padan.errors import AuthenticationError, ConfigurationError, SourceUnavailable
from padan.settings import AlertSettings, SmtpSettings

_JAKARTA = ZoneInfo("Asia/Jakarta")


class _Server(smtplib.SMTP):
    """A session that says when a mail is about to leave: what fails before never arrived, whatever fails after."""

    before_content: Callable[[], None] | None = None

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The content of a mail, after ``before_content``."""
        if self.before_content:
            self.before_content()
        return super().data(msg)


@contextmanager
def open_server(settings: SmtpSettings) -> Iterator[_Server]:
    """A session with the mail server, encrypted and logged in where the settings say so.

    Raises:
        SourceUnavailable: it cannot be reached, breaks off or refuses for now; a later attempt may succeed.
        AuthenticationError: it refuses the login.
        ConfigurationError: it offers no STARTTLS or no login, and the settings demand it.
    """
    try:
        with _Server(settings.host, settings.port, timeout=settings.timeout) as server:
            if settings.starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.username:
                server.login(settings.username, settings.password.get_secret_value())
            yield server
    except smtplib.SMTPAuthenticationError:
        raise AuthenticationError("the mail server refuses the login") from None
    except smtplib.SMTPNotSupportedError:
        raise ConfigurationError("the mail server does not offer what PADAN_SMTP_* demands (STARTTLS, login)") from None
    except (smtplib.SMTPException, OSError) as error:
        raise SourceUnavailable(f"the mail server did not take the digest ({type(error).__name__})") from None


def send(server: _Server, message: EmailMessage) -> None:
    """Hand ``message`` in; it was taken when this returns."""
    server.before_content = None
    server.send_message(message)


def send_once(
    server: _Server, message: EmailMessage, *, leaving: Callable[[], None], refused: Callable[[str], None]
) -> None:
    """Hand ``message`` in so that a crash cannot send it twice: ``leaving`` is called just before its content goes out.

    ``refused`` is called with the kind of error when the server surely did not take it. When the connection breaks
    while the content is under way nobody knows: neither is called, and what ``leaving`` wrote down stays.
    """
    left = False

    def note() -> None:
        nonlocal left
        leaving()
        left = True

    server.before_content = note
    try:
        server.send_message(message)
    except smtplib.SMTPDataError as error:
        refused(f"{type(error).__name__} {error.smtp_code}")
        raise
    except (smtplib.SMTPException, OSError) as error:
        if not left:
            refused(type(error).__name__)
        raise
    finally:
        server.before_content = None


def may_deliver(settings: AlertSettings, moment: datetime) -> bool:
    """Whether mail may go out at ``moment``: within the delivery window and on a working day, where they are set.

    This is when a thing happens, not what a run is about: the clock decides it, and no content.
    """
    local = moment.astimezone(_JAKARTA)
    if settings.working_days_only and not is_working_day(local.date()):
        return False
    if not settings.delivery_window:
        return True
    start, _, end = settings.delivery_window.partition("-")
    return start <= f"{local:%H:%M}" < end
