"""One way of asking an agency: session, time limits, rate limit, retry, report.

No exception leaves this module with a URL, header or body in it or in its chain: requests' exceptions quote URLs
(and a SIASN URL holds a NIP), so they are turned into ``Failure`` values here.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from padan.agencies.failures import RETRIED, Failure, Kind, Stopped
from padan.agencies.rate_limit import RateLimiter
from padan.agencies.types import Clock, Exchange
from padan.errors import ConfigurationError

logger = logging.getLogger(__name__)

Reading = TypeVar("Reading")
Report = Callable[[Exchange], None]

LONGEST_PAUSE = 300.0  # seconds; a source that asks for more is unavailable as far as one run is concerned
_BACKOFF_LONGEST = 30.0
_THROTTLE_WAIT = 5.0  # first wait when a throttling answer names none; WSO2 counts per minute
_URL_LOGGERS = ("urllib3.connectionpool", "urllib3.connection")  # both write whole URLs, one of them at WARNING
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that arrived whole, whatever it says."""

    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes
    sha256: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask. ``endpoint`` is the person-free template that stands for ``url`` everywhere but on the wire."""

    url: str
    endpoint: str
    dataset: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None  # POST if present, else GET


@dataclass(slots=True)
class Line:
    """One worker's way to the agency: its own session, where its exchanges are reported, when it must stop."""

    session: requests.Session
    report: Report
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class Permit:
    """Headers that let a request pass, and how to give up the tokens in them."""

    headers: Mapping[str, str]
    drop: Callable[[], None]


Authority = Callable[[Line], Permit]  # may do requests of its own on the line


class Transport:
    """Sessions to one agency, and the only place that sends requests. Thread-safe; the constructor does no I/O."""

    def __init__(
        self,
        party: str,
        base_url: str,
        limiter: RateLimiter,
        clock: Clock,
        *,
        timeouts: tuple[float, float],
        retries: int,
        ca_bundle: Path | None,
        suspended_wait: float = 30.0,
    ) -> None:
        self.party = party
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self._limiter = limiter
        self._timeouts = timeouts
        self._retries = retries
        self._ca_bundle = ca_bundle
        self._suspended_wait = suspended_wait
        self._idle: list[requests.Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def line(self, report: Report, stop: threading.Event | None = None) -> Iterator[Line]:
        """Borrow a session for the calling thread."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or self._new_session()
        try:
            yield Line(session, report, stop or threading.Event())
        finally:
            with self._lock:
                self._idle.append(session)

    def close(self) -> None:
        """Close all connections; the transport stays usable."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def ask(
        self,
        line: Line,
        call: Call,
        read: Callable[[Answer], Reading | Failure],
        authority: Authority | None = None,
    ) -> Reading | Failure:
        """Ask until there is a usable answer, or no retry is left.

        Raises:
            Stopped: the crew stops.
            AuthenticationError, SourceUnavailable, MalformedResponse: from the token endpoint.
        """
        attempt, failures, renewed = 0, 0, False
        while True:
            attempt += 1
            permit = authority(line) if authority else None
            outcome = self._once(line, call, permit, attempt, read)
            if not isinstance(outcome, Failure):
                return outcome
            if outcome.kind is Kind.CREDENTIALS and permit and not renewed:
                renewed = True
                permit.drop()
                continue
            if outcome.kind not in RETRIED or failures >= self._retries:
                return outcome
            seconds = self._seconds_to_wait(outcome, failures)
            failures += 1
            if seconds > LONGEST_PAUSE:
                return outcome
            logger.info("%s %s: %s; retry in %.1f s", self.party, call.endpoint, outcome.rule, seconds)
            self._wait(line, outcome, seconds)

    def _seconds_to_wait(self, failure: Failure, failures: int) -> float:
        if failure.retry_after is not None:
            return failure.retry_after
        if failure.kind is Kind.SUSPENDED:
            return self._suspended_wait
        if failure.kind is Kind.THROTTLED:
            return float(min(_THROTTLE_WAIT * 2**failures, 2 * _BACKOFF_LONGEST))
        return float(min(0.5 * 2**failures, _BACKOFF_LONGEST)) * _random.uniform(0.5, 1.0)

    def _wait(self, line: Line, failure: Failure, seconds: float) -> None:
        if failure.kind in (Kind.THROTTLED, Kind.SUSPENDED):
            self._limiter.pause(seconds)  # the limit is on the client, not on one worker
        elif self.clock.wait(seconds, line.stop):
            raise Stopped

    def _once(
        self,
        line: Line,
        call: Call,
        permit: Permit | None,
        attempt: int,
        read: Callable[[Answer], Reading | Failure],
    ) -> Reading | Failure:
        self._limiter.acquire(line.stop)
        started_at, began = self.clock.now(), self.clock.monotonic()
        answer = self._send(line, call, permit)
        duration = self.clock.monotonic() - began
        arrived = isinstance(answer, Answer)
        error: str | None = "unreadable"  # stands if ``read`` itself should fail
        try:
            result = read(answer) if isinstance(answer, Answer) else answer.failure
            error = result.rule if isinstance(result, Failure) else None
        finally:
            line.report(
                Exchange(
                    party=self.party,
                    endpoint=call.endpoint,
                    dataset=call.dataset,
                    attempt=attempt,
                    status=answer.status,
                    error=error,
                    body_bytes=len(answer.body) if isinstance(answer, Answer) else 0,
                    body_sha256=answer.sha256 if isinstance(answer, Answer) else None,
                    started_at=started_at,
                    duration=duration,
                )
            )
        if not arrived:
            line.session.cookies.clear()  # a load-balancer cookie may pin us to a node that is gone
        return result

    def _send(self, line: Line, call: Call, permit: Permit | None) -> Answer | _Lost:
        headers = {**call.headers, **permit.headers} if permit else dict(call.headers)
        method = "GET" if call.form is None else "POST"
        status: int | None = None
        session = line.session
        try:
            prepared = session.prepare_request(requests.Request(method, call.url, headers=headers, data=call.form))
        except ValueError:  # requests' InvalidURL and the like are ValueErrors too
            return _Lost(None, Failure(Kind.MISCONFIGURED, "request", "the settings do not make a valid request"))
        try:
            response = session.send(
                prepared,
                stream=True,  # so that the status is known even if the body breaks off
                timeout=self._timeouts,
                verify=session.verify,
                proxies=session.proxies,
                allow_redirects=False,  # tokens go nowhere else
            )
            status = response.status_code
            with response:
                # one read: the chunks of response.content cost as much as parsing; the faults are the same, unwrapped
                body = response.raw.read(decode_content=True)
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            failure = _lost(error)
        else:
            digest = hashlib.sha256(body).hexdigest()
            return Answer(status, response.headers, body, digest, self.clock.now())
        return _Lost(status, failure)

    def _new_session(self) -> requests.Session:
        if self._ca_bundle is not None and not _holds_certificates(self._ca_bundle):
            raise ConfigurationError(f"{self.party}: the CA bundle in the settings is no readable file of certificates")
        _silence_url_loggers()
        path_of(self.base_url, self.party, "base address")
        session = _Session()
        session.trust_env = False  # .netrc would replace our Authorization header, and is read at each request
        session.proxies.update(get_environ_proxies(self.base_url))
        system = ssl.get_default_verify_paths()
        session.verify = str(self._ca_bundle or system.cafile or system.capath or "") or True
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=1))  # one thread, at most three hosts
        return session


class _Session(requests.Session):
    """A session that does not even look where a redirect leads; requests would parse the address and may fail on it."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class _Lost:
    """No whole answer came back; the status is known if the head did."""

    status: int | None
    failure: Failure


def _holds_certificates(bundle: Path) -> bool:
    try:
        ssl.create_default_context(cafile=bundle)
    except OSError:
        return False
    return True


def path_of(url: str, party: str, what: str) -> str:
    """The path of a configured address.

    Raises:
        ConfigurationError: it is no http or https address with a host.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"{party}: the {what} in the settings is not an http(s) address")
    return parts.path


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (number or HTTP date), None without a usable one."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _lost(error: BaseException) -> Failure:
    causes = tuple(_chain(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Failure(
            Kind.MISCONFIGURED,
            "certificate",
            "the server's TLS certificate is not trusted; check the CA bundle setting",
        )
    for kinds, kind, rule, reason in _LOST:
        if any(isinstance(cause, kinds) for cause in causes):
            return Failure(kind, rule, reason)
    return Failure(Kind.UNAVAILABLE, "connection_reset", "the connection broke off")


_LOST: tuple[tuple[tuple[type[BaseException], ...], Kind, str, str], ...] = (
    ((requests.exceptions.ConnectTimeout,), Kind.UNAVAILABLE, "connect_timeout", "no connection within the time limit"),
    (
        (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError),
        Kind.UNAVAILABLE,
        "read_timeout",
        "no answer within the time limit",
    ),
    ((requests.exceptions.ProxyError,), Kind.UNAVAILABLE, "proxy_error", "the proxy does not let us through"),
    ((requests.exceptions.SSLError, ssl.SSLError), Kind.UNAVAILABLE, "tls_error", "the TLS handshake failed"),
    ((urllib3.exceptions.NewConnectionError,), Kind.UNAVAILABLE, "connect_error", "no connection"),
    (
        (urllib3.exceptions.DecodeError,),
        Kind.BROKEN,
        "not_decodable",
        "the body cannot be decompressed",
    ),
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and all that it wraps: requests and urllib3 keep causes in ``reason``, ``args`` or ``__context__``."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        waiting.extend(item for item in inner if isinstance(item, BaseException))


def _nothing(record: logging.LogRecord) -> bool:
    """Let no record through."""
    return False


def _silence_url_loggers() -> None:
    for name in _URL_LOGGERS:
        logging.getLogger(name).addFilter(_nothing)  # adding it again changes nothing
