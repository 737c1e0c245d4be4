"""Client of BKN's SIASN web service (siasn.md sections 1 and 2)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from padan.agencies.crew import work_through
from padan.agencies.envelopes import Rows, read_counted_page, read_list, read_object, read_reference_page
from padan.agencies.failures import Failure, Kind, as_error
from padan.agencies.health import Health
from padan.agencies.paging import PageChecks
from padan.agencies.rate_limit import RateLimiter
from padan.agencies.tokens import (
    OperatorToken,
    Token,
    TokenKeeper,
    TokenRequest,
    clean_token,
    is_token,
    operator_message,
)
from padan.agencies.transport import Answer, Call, Line, Permit, Transport
from padan.agencies.types import Clock, Exchange, FailedUnit, Page
from padan.errors import ConfigurationError, OperatorTokenExpired
from padan.projection.pages import mark_of
from padan.settings import SiasnSettings

PARTY = "bkn"
PAGE_SIZE = 1000  # rows asked for at once in lists; BKN publishes no limit
_NIP = re.compile(r"[0-9]{18}")
_ACCEPT = {"Accept": "application/json"}

_PERSON = {
    "data_utama": "/apisiasn/1.0/pns/data-utama/{nip}",
    "rw_jabatan": "/apisiasn/1.0/pns/rw-jabatan/{nip}",
    "rw_golongan": "/apisiasn/1.0/pns/rw-golongan/{nip}",
    "rw_angkakredit": "/apisiasn/1.0/pns/rw-angkakredit/{nip}",
    "rw_pendidikan": "/apisiasn/1.0/pns/rw-pendidikan/{nip}",
}
_COUNTED = {"ref_unor": "/apisiasn/1.0/referensi/ref-unor"}
_REFERENCE = {
    "ref_golongan": "/referensi_siasn/1/golongan/search",
    "ref_jabatan_fungsional": "/referensi_siasn/1/jabatan-fungsional/search",
    "ref_kel_jabatan": "/referensi_siasn/1/kel-jabatan/search",
    "ref_instansi": "/referensi_siasn/1/instansi/search",
    "ref_satuan_kerja": "/referensi_siasn/1/satuan-kerja/search",
    "ref_kedudukan_hukum": "/referensi_siasn/1/kedudukan-hukum/search",
    "ref_tingkat_pendidikan": "/referensi_siasn/1/tingkat-pendidikan/search",
    "ref_pendidikan": "/referensi_siasn/1/pendidikan/search",
    "ref_jenis_jabatan": "/referensi_siasn/1/jenis-jabatan/search",
}
_ENDPOINTS = _PERSON | _COUNTED | _REFERENCE


class SiasnClient:
    """Reads SIASN with two tokens, at a bounded rate. A context manager; thread-safe; the constructor does no I/O.

    ``on_exchange`` is told of every HTTP request exactly once, in the thread that iterates.
    """

    def __init__(
        self,
        settings: SiasnSettings,
        on_exchange: Callable[[Exchange], None],
        *,
        clock: Clock | None = None,
        page_size: int = PAGE_SIZE,
        suspended_wait: float = 30.0,
        failed_units_limit: int = 10,
    ) -> None:
        self._settings = settings
        self._on_exchange = on_exchange
        self._page_size = page_size
        self._failed_units_limit = failed_units_limit
        clock = clock or Clock()
        self._transport = Transport(
            PARTY,
            settings.base_url,
            RateLimiter(settings.requests_per_second, clock),
            clock,
            timeouts=(settings.connect_timeout, settings.read_timeout),
            retries=settings.retries,
            ca_bundle=settings.ca_bundle,
            suspended_wait=suspended_wait,
        )
        self._gateway = TokenKeeper(
            TokenRequest(
                self._transport,
                "gateway token",
                settings.token_url,
                {"grant_type": "client_credentials"},
                (settings.consumer_key.get_secret_value(), settings.consumer_secret.get_secret_value()),
            ),
            clock,
        )
        self._operator_token = not _can_log_in(settings)
        self._sso = TokenKeeper(_sso_source(settings, self._transport), clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def describe(self, dataset: str) -> str:
        """The person-free endpoint template of ``dataset``.

        Raises:
            ConfigurationError: SIASN has no such dataset.
        """
        try:
            return _ENDPOINTS[dataset]
        except KeyError:
            raise ConfigurationError(f"{PARTY}: no endpoint is known for dataset {dataset!r}") from None

    def fetch_people(self, requests: Iterable[tuple[str, str]]) -> Iterator[Page | FailedUnit]:
        """One result for each ``(dataset, nip)``, in order of completion. SIASN knowing nothing is a page without rows.

        ``requests`` is consumed in the calling thread, little ahead of the results.

        Raises:
            SourceUnavailable: SIASN is down, throttles to the end, or fails for unit after unit.
            AuthenticationError, OperatorTokenExpired: the tokens do not suffice, also renewed.
            MalformedResponse: unit after unit of a dataset has another envelope.
        """
        health = Health(PARTY, self._failed_units_limit)
        rate = self._settings.requests_per_second
        return work_through(
            self._transport,
            requests,
            lambda line, request: self._fetch_person(line, health, *request),
            self._on_exchange,
            workers=self._settings.at_once,
            # enough to keep the rate while the consumer stores a batch for two seconds
            ahead=2 * self._settings.at_once + math.ceil(min(2 * rate, 1000)),
        )

    def pages(self, dataset: str, start: int = 0) -> Iterator[Page]:
        """The pages of a list from offset ``start``; a page's unit is its offset.

        Raises:
            ContractViolation: a page is repeated, or ``count`` changes or does not add up.
            SourceUnavailable, AuthenticationError, OperatorTokenExpired, MalformedResponse
        """
        template = self.describe(dataset)
        if dataset in _PERSON:
            raise ConfigurationError(f"{PARTY}: dataset {dataset} is read person by person, not in pages")
        counted = dataset in _COUNTED
        checks = PageChecks(PARTY, dataset)
        offset = start
        with self._transport.line(self._on_exchange) as line:
            while True:
                page = self._page(line, dataset, template, offset, counted)
                self._check(checks, page, offset)
                yield page
                if page.last:
                    return
                offset += len(page.rows)

    def _page(self, line: Line, dataset: str, template: str, offset: int, counted: bool) -> Page:
        url = f"{self._transport.base_url}{template}?limit={self._page_size}&offset={offset}"
        call = Call(url, template, dataset, _ACCEPT)
        read = read_counted_page if counted else read_reference_page
        outcome = self._transport.ask(line, call, read, self._both_tokens if counted else self._gateway_token)
        if isinstance(outcome, Failure):
            self._raise_refused_operator_token(outcome)
            raise as_error(outcome, PARTY, f"{dataset} page at offset {offset}")
        seen = offset + len(outcome.rows)
        last = seen >= outcome.count if outcome.count is not None else len(outcome.rows) != self._page_size
        return _as_page(dataset, str(offset), outcome, last or not outcome.rows)

    def _check(self, checks: PageChecks, page: Page, offset: int) -> None:
        checks.not_repeated(page.unit, mark_of(page.rows))
        if len(page.rows) > self._page_size and offset > 0:
            raise checks.violation(page.unit, f"{len(page.rows)} rows where at most {self._page_size} were asked for")
        if page.total is None:
            return
        checks.unchanged(page.unit, "count", page.total)
        seen = offset + len(page.rows)
        if page.rows and seen > page.total or not page.rows and offset < page.total:
            raise checks.violation(page.unit, f"count says {page.total} rows, {seen} came")

    def _fetch_person(self, line: Line, health: Health, dataset: str, nip: str) -> Page | FailedUnit:
        template = self.describe(dataset)
        if dataset not in _PERSON:
            raise ConfigurationError(f"{PARTY}: dataset {dataset} is read in pages, not person by person")
        if not _NIP.fullmatch(nip):
            return FailedUnit(dataset, nip, "nip", "the NIP asked for is not 18 digits; nothing was requested")
        successes_before = health.successes
        call = Call(self._transport.base_url + template.format(nip=nip), template, dataset, _ACCEPT)
        read: Callable[[Answer], Rows | Failure] = read_object if dataset == "data_utama" else read_list
        outcome = self._transport.ask(line, call, read, self._both_tokens)
        if isinstance(outcome, Rows):
            health.worked(dataset)
            return _as_page(dataset, nip, outcome, True)
        self._raise_refused_operator_token(outcome)
        if outcome.kind in (Kind.CREDENTIALS, Kind.REFUSED, Kind.MISCONFIGURED):
            raise as_error(outcome, PARTY, dataset)
        error = health.gave_up(dataset, outcome, successes_before)
        if error is not None:
            raise error
        return FailedUnit(dataset, nip, outcome.rule, f"{dataset}: {outcome.reason}")

    def _gateway_token(self, line: Line) -> Permit:
        gateway = self._gateway.get(line)
        return Permit({"Authorization": f"Bearer {gateway.value}"}, lambda: self._gateway.drop(gateway))

    def _both_tokens(self, line: Line) -> Permit:
        gateway, sso = self._gateway.get(line), self._sso.get(line)

        def drop() -> None:
            self._gateway.drop(gateway)
            self._sso.drop(sso)

        return Permit({"Authorization": f"Bearer {gateway.value}", "Auth": f"bearer {sso.value}"}, drop)

    def _raise_refused_operator_token(self, failure: Failure) -> None:
        if failure.rule == "sso_token" and self._operator_token:
            raise OperatorTokenExpired(operator_message(PARTY, "is refused by SIASN as invalid or expired"))


def _as_page(dataset: str, unit: str, rows: Rows, last: bool) -> Page:
    return Page(dataset, unit, rows.rows, rows.count, last, rows.answer.fetched_at, rows.answer.sha256)


def _can_log_in(settings: SiasnSettings) -> bool:
    """Whether everything for the password grant is configured."""
    secrets = (settings.sso_username.get_secret_value(), settings.sso_password.get_secret_value())
    return all((settings.sso_token_url, settings.sso_client_id, *secrets))


def _sso_source(settings: SiasnSettings, transport: Transport) -> Callable[[Line], Token]:
    """Where the SSO token comes from: the password grant if configured, else an operator."""
    if _can_log_in(settings):
        form = {
            "grant_type": "password",
            "client_id": settings.sso_client_id,
            "username": settings.sso_username.get_secret_value(),
            "password": settings.sso_password.get_secret_value(),
        }
        return TokenRequest(transport, "SSO token", settings.sso_token_url, form)
    pasted = clean_token(settings.sso_token.get_secret_value())
    if is_token(pasted):
        return OperatorToken(pasted, settings.sso_token_expires_at, PARTY, transport.clock)

    def missing(line: Line) -> Token:
        raise ConfigurationError(
            f"{PARTY}: no SSO token: set PADAN_SIASN_SSO_TOKEN to one that an operator obtained, or "
            "PADAN_SIASN_SSO_TOKEN_URL, _SSO_CLIENT_ID, _SSO_USERNAME and _SSO_PASSWORD"
        )

    return missing
