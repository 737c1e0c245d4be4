"""Tokens: obtained once however many workers ask, renewed before they die, given up when refused.

The life of a token is what the server says (``expires_in``, else the JWT's ``exp``), never a guess.
"""

from __future__ import annotations

import base64
import binascii
import logging
import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from padan.agencies.failures import Failure, Kind, as_error
from padan.agencies.transport import Answer, Call, Line, Transport, path_of
from padan.agencies.types import Clock
from padan.agencies.wire import failure_by_status, parse
from padan.errors import AuthenticationError, OperatorTokenExpired

logger = logging.getLogger(__name__)

LONGEST_MARGIN = 60.0  # seconds before the end of its life at which a token counts as dead
OPERATOR_WARNING = timedelta(hours=2)
_TOKEN_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A bearer token and the moment (monotonic clock) from which it is not used any more."""

    value: str = field(repr=False)
    usable_until: float


class TokenKeeper:
    """Keeps one token for all workers.

    Credentials that were refused once are never sent again: eight workers would lock the account.
    """

    def __init__(self, obtain: Callable[[Line], Token], clock: Clock) -> None:
        self._obtain = obtain
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refusal: tuple[type[AuthenticationError], str] | None = None

    def get(self, line: Line) -> Token:
        """The token in use, obtained or renewed if need be.

        Raises:
            AuthenticationError: the credentials were refused, now or earlier.
            OperatorTokenExpired: only a person can renew it.
            SourceUnavailable, MalformedResponse: the token endpoint does not work.
        """
        token = self._token
        if token is not None and self._clock.monotonic() < token.usable_until:
            return token
        with self._lock:
            if self._refusal is not None:
                error, message = self._refusal
                raise error(message)
            if self._token is None or self._clock.monotonic() >= self._token.usable_until:
                try:
                    self._token = self._obtain(line)
                except AuthenticationError as error:
                    self._refusal = (type(error), str(error))
                    raise
            return self._token

    def drop(self, token: Token) -> None:
        """Use ``token`` no more, unless somebody renewed it already."""
        with self._lock:
            if self._token is token:
                self._token = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Obtains a token from an OAuth2 token endpoint (RFC 6749, sections 4.3 and 4.4)."""

    transport: Transport
    name: str  # for messages: "gateway token", "SSO token"
    url: str
    form: dict[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)

    def __call__(self, line: Line) -> Token:
        """Ask the endpoint.

        Raises:
            AuthenticationError, SourceUnavailable, MalformedResponse, ConfigurationError
        """
        headers = {"Accept": "application/json"}
        if self.basic is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(self.basic).encode()).decode()
        asked_at = self.transport.clock.monotonic()
        endpoint = path_of(self.url, self.transport.party, f"address for the {self.name}")
        call = Call(self.url, endpoint, "token", headers, self.form)
        outcome = self.transport.ask(line, call, read_token)
        if isinstance(outcome, Failure):
            raise as_error(outcome, self.transport.party, self.name)
        value, life = outcome
        if life is None:
            expiry = jwt_expiry(value)
            life = (expiry - self.transport.clock.now()).total_seconds() if expiry else math.inf
        margin = min(LONGEST_MARGIN, life / 10)
        return Token(value, asked_at + max(0.0, life - margin))


@dataclass(frozen=True, slots=True)
class OperatorToken:
    """The SSO token that an operator pasted into the settings."""

    value: str = field(repr=False)
    expires_at: datetime | None
    party: str
    clock: Clock

    def __call__(self, line: Line) -> Token:
        """The pasted token, if it still lives; no request is made.

        Raises:
            OperatorTokenExpired: saying what an operator must do.
        """
        expires_at = self.expires_at or jwt_expiry(self.value)
        if expires_at is None:
            return Token(self.value, math.inf)  # its life is unknown: used until it is refused
        if expires_at.tzinfo is None:
            expires_at = expires_at.replace(tzinfo=UTC)
        left = (expires_at - self.clock.now()).total_seconds()
        if left <= 0:
            raise OperatorTokenExpired(operator_message(self.party, f"ended at {expires_at.isoformat()}"))
        until_warning = left - OPERATOR_WARNING.total_seconds()
        if until_warning > 0:
            return Token(self.value, self.clock.monotonic() + until_warning)  # asked again then, to warn
        logger.warning(
            "%s: the SSO token that an operator supplied has %d minutes left (ends at %s); supply a new one",
            self.party,
            left // 60,
            expires_at.isoformat(),
        )
        return Token(self.value, self.clock.monotonic() + left)


def operator_message(party: str, what: str) -> str:
    """What an operator must do about a pasted token that ``what`` happened to."""
    return (
        f"{party}: the SSO token that an operator supplied {what}; an operator must sign in to SIASN, put the new "
        "token into PADAN_SIASN_SSO_TOKEN (and its end into PADAN_SIASN_SSO_TOKEN_EXPIRES_AT) and start the run again"
    )


def clean_token(pasted: str) -> str:
    """A pasted token without blanks around it and without the word ``bearer`` in front."""
    text = pasted.strip()
    return text[7:].strip() if text[:7].lower() == "bearer " else text


def is_token(value: object) -> bool:
    """Whether ``value`` can stand in a header."""
    return isinstance(value, str) and _TOKEN_TEXT.fullmatch(value) is not None


def jwt_expiry(token: str) -> datetime | None:
    """The ``exp`` of a JWT, read without verifying the signature; None if it has none or is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def read_token(answer: Answer) -> tuple[str, float | None] | Failure:
    """Token and its life in seconds (None if the server does not say)."""
    if answer.status in (400, 401, 403):
        return Failure(Kind.REFUSED, "credentials", f"HTTP {answer.status}: the token endpoint refuses our credentials")
    if answer.status != 200:
        return failure_by_status(answer)
    document = parse(answer)
    if isinstance(document, Failure):
        return document
    value = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(value, str) or not is_token(value):
        return Failure(Kind.SHAPE, "envelope", "the token reply has no usable field access_token")
    try:
        life = float(document["expires_in"])
    except (KeyError, TypeError, ValueError):
        return value, None
    return value, life if math.isfinite(life) and life > 0 else None
