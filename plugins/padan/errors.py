"""Every error that Padan raises on purpose.

No message may carry a personal value or a secret: name the dataset, the field, the rule, a count or a
person-free endpoint template, never a NIP, NIK, name, token or response body (PKS article 9).
``retryable`` tells the scheduler whether trying again later can help: an HTTP 503 can, a 401 cannot.
"""

from __future__ import annotations


class PadanError(Exception):
    """Base of all deliberate errors."""

    retryable = False


class ConfigurationError(PadanError):
    """A setting is missing or cannot be used."""


class AgreementError(PadanError):
    """The agreement file is malformed, or does not permit what was asked."""


class AgreementNotInForce(AgreementError):
    """The agreement does not permit an exchange on this logical date (PKS article 6)."""


class AuthenticationError(PadanError):
    """The agency refused our credentials, also after one renewal."""


class OperatorTokenExpired(AuthenticationError):
    """The SSO token that an operator supplied is past its life; only a person can renew it."""


class SourceUnavailable(PadanError):
    """The agency does not answer, throttles, or says that its back end is suspended; try later."""

    retryable = True


class MalformedResponse(PadanError):
    """The agency answered with something that is not the agreed shape (HTML, truncated JSON, a renamed envelope)."""


class ContractViolation(PadanError):
    """Rows arrived, but not as agreed (a renamed field, a page repeated, a total that does not add up)."""


class PublicationStopped(PadanError):
    """A gate or a critical expectation forbids publishing; what was published before stays."""


class ArchiveUnreadable(PadanError):
    """A file of the archive does not open with this key: another key, a changed or a misplaced file."""


class ExchangeLogBroken(PadanError):
    """The exchange log is not as it was written; ``exchange_id`` is the first row that is wrong (PKS article 9)."""

    def __init__(self, exchange_id: int, what: str) -> None:
        super().__init__(f"the exchange log is broken: row {exchange_id} {what}")
        self.exchange_id = exchange_id


class WarehouseBusy(PadanError):
    """The warehouse cannot serve a step now: a reader holds a table, a statement took too long, the disk is full."""

    retryable = True


class StepFailed(PadanError):
    """A named step of the pipeline failed."""


class NotLanded(StepFailed):
    """What a step builds on is not staged: never read, or emptied by a crash of the database server; read it first."""


class UnexpectedFailure(PadanError):
    """A mistake of ours or a refusal of the database, told by its kind and place: its text may quote a value."""
