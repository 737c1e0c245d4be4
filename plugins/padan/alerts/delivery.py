"""Hands a digest in over SMTP. No message of an error names an address."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from padan.errors import AuthenticationError, ConfigurationError, SourceUnavailable
from padan.settings import SmtpSettings


@contextmanager
def open_server(settings: SmtpSettings) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, encrypted and logged in where the settings say so.

    Raises:
        SourceUnavailable: it cannot be reached, breaks off or refuses for now; a later attempt may succeed.
        AuthenticationError: it refuses the login.
        ConfigurationError: it offers no STARTTLS or no login, and the settings demand it.
    """
    try:
        with smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout) as server:
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


def send(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Hand ``message`` in; it was taken when this returns."""
    server.send_message(message)
