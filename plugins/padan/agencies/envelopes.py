"""SIASN's envelopes, and the faults of the WSO2 gateway before it (siasn.md section 1.5).

Reads know: A success (``code`` 1), B nothing there (HTTP 404, ``code`` 0, ``data`` a text), C and D replies to writes
(never right for a read), E the reference product (``results`` or a bare array), F gateway faults, also as XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from padan.agencies.failures import Failure, Kind
from padan.agencies.transport import Answer, retry_after
from padan.agencies.wire import failure_by_status, parse

_XML_FIELD = re.compile(rb"<(?:\w+:)?(code|message|description)>([^<]{0,500})<")
_REFUSALS = (  # text, rule, reason; compared without case, found anywhere in the text
    ("invalid credentials", "gateway_token", "the gateway token is refused (Invalid Credentials)"),
    ("invalid or expired jwt", "sso_token", "the SSO token is refused (invalid or expired jwt)"),
    ("token sso mismatch", "token_mismatch", "the two tokens belong to different users (Token SSO mismatch)"),
    ("runtime error", "runtime_error", "Runtime Error without SUSPENDED, which SIASN gives for a bad token"),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one answer; ``count`` is what the source says their number is (all pages together)."""

    rows: list[Any]
    count: int | None
    answer: Answer


def read_object(answer: Answer) -> Rows | Failure:
    """One object about one person (``data-utama``)."""
    return _read_person(answer, dict)


def read_list(answer: Answer) -> Rows | Failure:
    """A list about one person (``rw-...``), complete in itself."""
    outcome = _read_person(answer, list)
    if isinstance(outcome, Rows) and outcome.count not in (None, len(outcome.rows)):
        return Failure(Kind.SHAPE, "count", f"count says {outcome.count} rows, {len(outcome.rows)} came")
    return outcome


def read_counted_page(answer: Answer) -> Rows | Failure:
    """A page of a list whose ``count`` is that of the whole list (``ref-unor``)."""
    outcome = _read_person(answer, list)
    if isinstance(outcome, Rows) and outcome.count is None and answer.status == 200:
        return _renamed("count")
    return outcome


def read_reference_page(answer: Answer) -> Rows | Failure:
    """A page of the reference product: ``results``, or a bare array."""
    document = parse(answer)
    if answer.status == 200 and isinstance(document, list):
        return Rows(document, None, answer)
    if not isinstance(document, dict):
        return _unusable(answer, document)
    rows = document.get("results")
    if answer.status == 200 and isinstance(rows, list):
        return Rows(rows, None, answer)
    return _nothing_there(answer, document) or _fault(answer, document) or _renamed("results")


def _read_person(answer: Answer, shape: type) -> Rows | Failure:
    document = parse(answer)
    if not isinstance(document, dict):
        return _unusable(answer, document)
    if answer.status == 200 and str(document.get("code")) == "1" and isinstance(data := document.get("data"), shape):
        return Rows(data if isinstance(data, list) else [data], _count(document), answer)
    fault = _nothing_there(answer, document) or _fault(answer, document)
    if fault is not None:
        return fault
    for field in ("code", "data"):
        if field not in document:
            return _renamed(field)
    if str(document["code"]) != "1":
        return Failure(Kind.SHAPE, "envelope", "field code is neither 1 nor a known fault")
    return Failure(Kind.SHAPE, "envelope", f"field data is not {'an object' if shape is dict else 'a list'}")


def _count(document: dict[str, Any]) -> int | None:
    count = document.get("count")
    if isinstance(count, str) and count.isascii() and count.isdigit():
        return int(count)
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _renamed(field: str) -> Failure:
    return Failure(Kind.SHAPE, "envelope", f"the envelope has no usable field {field}")


def _unusable(answer: Answer, document: Any) -> Failure:
    """Not a JSON object: an XML fault, an HTML page, a fragment, or JSON of another shape."""
    if isinstance(document, Failure) and document.rule == "xml_body":
        fields = {name.decode(): text.decode(errors="replace") for name, text in _XML_FIELD.findall(answer.body[:4096])}
        return _fault(answer, fields) or failure_by_status(answer)
    return failure_by_status(answer)


def _nothing_there(answer: Answer, document: dict[str, Any]) -> Rows | Failure | None:
    """Envelope B, unless its text is one of the token complaints."""
    if answer.status != 404 or str(document.get("code")) != "0":
        return None
    return _refusal(document) or Rows([], 0, answer)


def _fault(answer: Answer, document: dict[str, Any]) -> Failure | None:
    """Envelopes C, D and F; None for a 200 that is none of them."""
    inner = document.get("fault")
    document = inner if isinstance(inner, dict) else document
    failure = _gateway_code(answer, document) or _refusal(document)
    if failure is not None:
        return failure
    if answer.status != 200:
        return failure_by_status(answer)
    if "success" in document or "Error" in document:
        return Failure(Kind.SHAPE, "envelope", "the reply of a write operation instead of the agreed envelope")
    return None


def _gateway_code(answer: Answer, document: dict[str, Any]) -> Failure | None:
    """WSO2's fault codes; None if the code does not decide."""
    text = str(document.get("code", ""))
    code = int(text) if text.isascii() and text.isdigit() else 0
    wait = retry_after(answer.headers, answer.fetched_at)
    if code == 303001 or "SUSPENDED" in _text(document, "description").upper():
        return Failure(Kind.SUSPENDED, "suspended", "the gateway has suspended the back end (303001)", wait)
    if 900800 <= code <= 900899:
        return Failure(Kind.THROTTLED, "throttled", f"gateway fault {code}: throttled out", wait)
    if code in (900900, 900901, 900902, 900903, 900904, 900905):
        return Failure(Kind.CREDENTIALS, "gateway_token", f"gateway fault {code}: the gateway token is refused")
    if code in (900908, 900909, 900910):
        return Failure(
            Kind.REFUSED, "forbidden", f"gateway fault {code}: our subscription does not cover this resource"
        )
    if code == 900906:
        return Failure(Kind.SHAPE, "no_resource", "gateway fault 900906: no such resource")
    if code == 700700 or 101000 <= code <= 101999:
        return Failure(Kind.UNAVAILABLE, "gateway_fault", f"gateway fault {code}: the back end does not answer", wait)
    return None


def _refusal(document: dict[str, Any]) -> Failure | None:
    """The texts by which SIASN says that a token is bad."""
    for field in ("message", "Message", "data", "description"):
        said = _text(document, field).casefold()
        for text, rule, reason in _REFUSALS:
            if text in said:
                return Failure(Kind.CREDENTIALS, rule, reason)
    return None


def _text(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    return value if isinstance(value, str) else ""
