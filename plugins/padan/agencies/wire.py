"""What both agencies' answers have in common: JSON or not, and what an HTTP status means."""

from __future__ import annotations

from typing import Any

import orjson

from padan.agencies.failures import Failure, Kind
from padan.agencies.transport import Answer, retry_after

INTERNAL_ERROR = "internal_error"


def parse(answer: Answer) -> Any | Failure:
    """The JSON document of a body, or why it is none."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return _not_json(answer.body)


def _not_json(body: bytes) -> Failure:
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return Failure(Kind.BROKEN, "empty_body", "an empty body where JSON is due")
    if start.startswith((b"<!doctype html", b"<html")):
        return Failure(Kind.BROKEN, "html_body", "an HTML page where JSON is due")
    if start.startswith(b"<"):
        return Failure(Kind.BROKEN, "xml_body", "an XML document where JSON is due")
    return Failure(Kind.BROKEN, "not_json", "truncated or malformed JSON")


def failure_by_status(answer: Answer) -> Failure:
    """What an answer means of which only the HTTP status can be trusted; 200 means that the body was unusable."""
    status = answer.status
    wait = retry_after(answer.headers, answer.fetched_at)
    if status == 429:
        return Failure(Kind.THROTTLED, "throttled", "HTTP 429: too many requests", wait)
    if status == 500:  # the only 5xx that may be about one record alone
        return Failure(Kind.UNAVAILABLE, INTERNAL_ERROR, "HTTP 500", wait)
    if status > 500:
        return Failure(Kind.UNAVAILABLE, "server_error", f"HTTP {status}", wait)
    if status == 401:
        return Failure(Kind.CREDENTIALS, "unauthorised", "HTTP 401: the token is refused")
    if status == 403:
        return Failure(
            Kind.REFUSED,
            "forbidden",
            "HTTP 403: not permitted; check the subscription and the caller address allow-list",
        )
    if status == 200:
        document = parse(answer)
        return document if isinstance(document, Failure) else Failure(Kind.SHAPE, "envelope", "not the agreed envelope")
    return Failure(Kind.SHAPE, "http_status", f"HTTP {status} without the agreed envelope")
