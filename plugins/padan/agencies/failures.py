"""What can go wrong with one request, as values: the retry loop decides on the kind, the caller on what to raise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from padan.errors import AuthenticationError, ConfigurationError, MalformedResponse, PadanError, SourceUnavailable


class Kind(Enum):
    """What to do about a failure."""

    CREDENTIALS = "drop the tokens, retry once"
    REFUSED = "final: the credentials or rights do not suffice"
    THROTTLED = "everyone waits as long as told, retry"
    SUSPENDED = "everyone waits, the tokens stay, retry"
    UNAVAILABLE = "back off, retry"
    BROKEN = "the body cannot be used, retry"
    SHAPE = "final: not the agreed shape"
    MISCONFIGURED = "final: our own settings are wrong"


RETRIED = frozenset({Kind.THROTTLED, Kind.SUSPENDED, Kind.UNAVAILABLE, Kind.BROKEN})

_ERRORS: dict[Kind, type[PadanError]] = {
    Kind.CREDENTIALS: AuthenticationError,
    Kind.REFUSED: AuthenticationError,
    Kind.THROTTLED: SourceUnavailable,
    Kind.SUSPENDED: SourceUnavailable,
    Kind.UNAVAILABLE: SourceUnavailable,
    Kind.BROKEN: MalformedResponse,
    Kind.SHAPE: MalformedResponse,
    Kind.MISCONFIGURED: ConfigurationError,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. ``reason`` is fit for a log: it never quotes the body, the URL or a header."""

    kind: Kind
    rule: str
    reason: str
    retry_after: float | None = None  # seconds


def as_error(failure: Failure, party: str, what: str) -> PadanError:
    """The deliberate error for ``failure``; ``what`` names the dataset (and page), never a person."""
    return _ERRORS[failure.kind](f"{party}: {what}: {failure.reason} (rule {failure.rule})")


class Stopped(Exception):
    """The crew was told to stop while this worker waited; internal, never leaves the package."""
