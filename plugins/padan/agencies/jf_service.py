"""Client of BPS's functional-position (JF) service, whose contract is ``contracts/bps_jf_service.openapi.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from padan.agencies.crew import work_through
from padan.agencies.failures import Failure, Kind, as_error
from padan.agencies.paging import PageChecks
from padan.agencies.rate_limit import RateLimiter
from padan.agencies.tokens import TokenKeeper, TokenRequest
from padan.agencies.transport import Answer, Call, Line, Permit, Transport
from padan.agencies.types import Clock, Exchange, Page, PageReader
from padan.agencies.wire import failure_by_status, parse
from padan.errors import ConfigurationError
from padan.projection.pages import PageReading, live_rows, mark_of
from padan.settings import JfSettings

PARTY = "bps"
_ACCEPT = {"Accept": "application/json"}
_AVAILABILITY = "data-availability"
_EMPTY = "list-not-available"
_FETCHED_AHEAD = 2  # pages, beside those that are being read
_ENDPOINTS = {
    "holders": "/v1/holders",
    "position_history": "/v1/position-history",
    "credits": "/v1/credits",
    "competence_tests": "/v1/competence-tests",
    "formations": "/v1/formations",
    "reference_codes": "/v1/reference-codes",
}


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page as the service sent it; all numbers are 0 where it says that nothing is available."""

    page: int
    pages: int
    count: int
    total: int
    rows: list[Any]
    answer: Answer
    reading: PageReading | None = None  # then ``rows`` is empty, for a reader took them

    @property
    def size(self) -> int:
        return self.reading.count if self.reading else len(self.rows)

    @property
    def live(self) -> int:
        return self.reading.live if self.reading else live_rows(self.rows)

    @property
    def mark(self) -> bytes:
        return self.reading.mark if self.reading else mark_of(self.rows)


class JfClient:
    """Reads BPS's lists page by page. A context manager; thread-safe; the constructor does no I/O.

    ``on_exchange`` is told of every HTTP request exactly once, in the thread that iterates.
    """

    def __init__(
        self, settings: JfSettings, on_exchange: Callable[[Exchange], None], *, clock: Clock | None = None
    ) -> None:
        self._on_exchange = on_exchange
        self._page_size = settings.page_size
        self._rows_per_second = settings.page_size * settings.requests_per_second
        clock = clock or Clock()
        self._transport = Transport(
            PARTY,
            settings.base_url,
            RateLimiter(settings.requests_per_second, clock),
            clock,
            timeouts=(settings.connect_timeout, settings.read_timeout),
            retries=settings.retries,
            ca_bundle=settings.ca_bundle,
        )
        self._token = TokenKeeper(
            TokenRequest(
                self._transport,
                "access token",
                settings.token_url,
                {"grant_type": "client_credentials"},
                (settings.client_id, settings.client_secret.get_secret_value()),
            ),
            clock,
        )

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
        """The endpoint of ``dataset``.

        Raises:
            ConfigurationError: the service has no such dataset.
        """
        try:
            return _ENDPOINTS[dataset]
        except KeyError:
            raise ConfigurationError(f"{PARTY}: no endpoint is known for dataset {dataset!r}") from None

    def pages(
        self, dataset: str, updated_since: str | None = None, start: int = 1, reader: PageReader | None = None
    ) -> Iterator[Page]:
        """The pages of a list from page ``start``; a page's unit is its number. Nothing there is one page without rows.

        ``updated_since`` (ISO-8601 UTC, inclusive) asks for what changed since, deleted rows included. A ``reader`` is
        given the pages of a list that is long enough for it; then some are fetched before they are asked for.

        Raises:
            ContractViolation: a page is repeated, or page numbers, count or total change or do not add up.
            SourceUnavailable, AuthenticationError, MalformedResponse
        """
        checks = PageChecks(PARTY, dataset)
        number = start
        seen = (start - 1) * self._page_size
        live = seen
        for sheet in self._sheets(dataset, updated_since, start, reader):
            unit = str(number)
            seen += sheet.size
            live += sheet.live
            last = number >= sheet.pages
            if sheet.pages or number != start:  # else nothing is available, and there is nothing to check
                if sheet.page != number:
                    raise checks.violation(unit, f"the service says that this is page {sheet.page}")
                if sheet.count != sheet.size:
                    raise checks.violation(unit, f"count says {sheet.count} rows, {sheet.size} came")
                checks.not_repeated(unit, sheet.mark)
                checks.unchanged(unit, "pages", sheet.pages)
                checks.unchanged(unit, "total", sheet.total)
                if last and sheet.total not in (seen, live):
                    raise checks.violation(unit, f"total says {sheet.total} rows, {seen} came")
            projected = sheet.reading.projected if sheet.reading else None
            answer = sheet.answer
            yield Page(
                dataset, unit, sheet.rows, sheet.total, last, answer.fetched_at, answer.sha256, projected, sheet.size
            )
            if last:
                return
            number += 1

    def _sheets(
        self, dataset: str, updated_since: str | None, start: int, reader: PageReader | None
    ) -> Iterator[_Sheet]:
        """Page after page from ``start``; the caller stops."""
        with self._transport.line(self._on_exchange) as line:
            first = self._sheet(line, dataset, start, self._page_size, updated_since)
            yield first
            rows_left = first.total - start * self._page_size
            if reader is None or not reader.worth(rows_left, self._rows_per_second):
                yield from (
                    self._sheet(line, dataset, number, self._page_size, updated_since) for number in count(start + 1)
                )
                return
        yield from work_through(
            self._transport,
            range(start + 1, first.pages + 1),
            lambda line, number: self._sheet(line, dataset, number, self._page_size, updated_since, reader),
            self._on_exchange,
            workers=reader.count + 1,
            ahead=reader.count + 1 + _FETCHED_AHEAD,
            ordered=True,
        )

    def total(self, dataset: str) -> int:
        """How many live (not deleted) rows the source has of ``dataset``.

        Raises:
            SourceUnavailable, AuthenticationError, MalformedResponse
        """
        with self._transport.line(self._on_exchange) as line:
            return self._sheet(line, dataset, 1, 1, None).total

    def _sheet(
        self,
        line: Line,
        dataset: str,
        number: int,
        per_page: int,
        updated_since: str | None,
        reader: PageReader | None = None,
    ) -> _Sheet:
        endpoint = self.describe(dataset)
        query: dict[str, str | int] = {"page": number, "per_page": per_page}
        if updated_since is not None:
            query["updated_since"] = updated_since
        call = Call(f"{self._transport.base_url}{endpoint}?{urlencode(query)}", endpoint, dataset, _ACCEPT)
        outcome = self._transport.ask(line, call, partial(_read_sheet, str(number), reader), self._permit)
        if isinstance(outcome, Failure):
            raise as_error(outcome, PARTY, f"{dataset} page {number}")
        return outcome

    def _permit(self, line: Line) -> Permit:
        token = self._token.get(line)
        return Permit({"Authorization": f"Bearer {token.value}"}, lambda: self._token.drop(token))


def _read_sheet(unit: str, reader: PageReader | None, answer: Answer) -> _Sheet | Failure:
    """The envelope of BPS's WebAPI (siasn.md section 5.5): status, data-availability, data = [paging, rows]."""
    if answer.status == 404 and answer.headers.get(_AVAILABILITY) == _EMPTY:
        return _Sheet(0, 0, 0, 0, [], answer)
    reading = reader.read(unit, answer.fetched_at, answer.body) if reader and answer.status == 200 else None
    document = reading.document if reading else parse(answer)
    if not isinstance(document, dict):
        return failure_by_status(answer)
    available = document.get(_AVAILABILITY)
    if answer.status in (200, 404) and available == _EMPTY:
        return _Sheet(0, 0, 0, 0, [], answer)
    if answer.status != 200:
        return failure_by_status(answer)
    for field in ("status", _AVAILABILITY, "data"):
        if field not in document:
            return _bad(f"the envelope has no field {field}")
    if document["status"] != "OK" or available != "available":
        return _bad("status and data-availability do not say that data is there")
    return _read_data(document["data"], answer, reading)


def _read_data(data: Any, answer: Answer, reading: PageReading | None) -> _Sheet | Failure:
    if not (isinstance(data, list) and len(data) == 2 and isinstance(data[0], dict) and isinstance(data[1], list)):
        return _bad("field data is not [paging, rows]")
    paging, rows = data
    numbers = []
    for field in ("page", "pages", "count", "total"):
        value = paging.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            return _bad(f"the paging object has no usable field {field}")
        numbers.append(value)
    page, pages, said, total = numbers
    return _Sheet(page, pages, said, total, rows, answer, reading)


def _bad(reason: str) -> Failure:
    return Failure(Kind.SHAPE, "envelope", reason)
