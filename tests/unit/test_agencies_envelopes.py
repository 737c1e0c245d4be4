"""What each answer means, shape by shape (siasn.md section 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from requests.structures import CaseInsensitiveDict

from padan.agencies.envelopes import Rows, read_counted_page, read_list, read_object, read_reference_page
from padan.agencies.failures import Failure, Kind
from padan.agencies.transport import Answer, retry_after

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
READERS: tuple[Callable[[Answer], Rows | Failure], ...] = (
    read_object,
    read_list,
    read_counted_page,
    read_reference_page,
)


def answer(document: Any, status: int = 200, **headers: str) -> Answer:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CaseInsensitiveDict(named), body, "sha", NOW)


def rows(outcome: Rows | Failure) -> list[Any]:
    assert isinstance(outcome, Rows), outcome
    return outcome.rows


def failure(outcome: Rows | Failure) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


def test_one_object_is_one_row() -> None:
    assert rows(read_object(answer({"code": 1, "data": {"id": "x"}}))) == [{"id": "x"}]


def test_a_list_keeps_its_rows_as_sent_also_those_that_are_no_objects() -> None:
    assert rows(read_list(answer({"code": 1, "data": [{"id": "x"}, 7], "count": 2}))) == [{"id": "x"}, 7]


@pytest.mark.parametrize("reader", READERS)
def test_code_0_with_404_is_an_empty_list(reader: Callable[[Answer], Rows | Failure]) -> None:
    assert rows(reader(answer({"code": 0, "data": "Data tidak ditemukan"}, 404))) == []


def test_a_list_shorter_than_its_count_is_refused() -> None:
    assert failure(read_list(answer({"code": 1, "data": [], "count": 2}))).rule == "count"


def test_reference_product_as_results_or_as_a_bare_array() -> None:
    assert rows(read_reference_page(answer({"results": [{"id": "1"}]}))) == [{"id": "1"}]
    assert rows(read_reference_page(answer([{"id": "1"}]))) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("reader", "document", "field"),
    [
        (read_object, {"code": 1, "Data": {}}, "data"),
        (read_list, {"kode": 1, "data": []}, "code"),
        (read_counted_page, {"code": 1, "data": [], "jumlah": 0}, "count"),
        (read_reference_page, {"result": []}, "results"),
    ],
)
def test_a_renamed_field_is_named(reader: Callable[[Answer], Rows | Failure], document: Any, field: str) -> None:
    found = failure(reader(answer(document)))
    assert (found.kind, found.rule) == (Kind.SHAPE, "envelope")
    assert found.reason.endswith(f"field {field}")


@pytest.mark.parametrize(
    "document",
    [
        {"code": 1, "data": None},
        {"code": 1, "data": "text"},
        {"code": 2, "data": []},
        {"success": True, "message": "", "mapData": {}},
        {"Error": "false", "Message": ""},
        ["bare"],
        "text",
        7,
    ],
)
def test_any_other_json_is_not_the_agreed_envelope(document: Any) -> None:
    assert failure(read_list(answer(document))).kind is Kind.SHAPE


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("document", "status", "rule"),
    [
        ({"code": 900901, "message": "Invalid Credentials", "description": "x"}, 401, "gateway_token"),
        ({"message": "Invalid Credentials"}, 200, "gateway_token"),
        ({"fault": {"code": "900902", "message": "Missing Credentials"}}, 401, "gateway_token"),
        ({"message": "invalid or expired jwt"}, 401, "sso_token"),
        ({"Error": "true", "Message": "invalid or expired jwt"}, 200, "sso_token"),
        ({"code": 0, "data": "Token SSO mismatch"}, 404, "token_mismatch"),
        ({"code": 0, "data": "Token SSO mismatch"}, 200, "token_mismatch"),
        ({"code": 900500, "message": "Runtime Error", "description": "Error"}, 500, "runtime_error"),
        ({"error": "?"}, 401, "unauthorised"),
        (b"<html>login</html>", 401, "unauthorised"),
        (
            b'<am:fault xmlns:am="x"><am:code>900901</am:code><am:message>?</am:message></am:fault>',
            401,
            "gateway_token",
        ),
    ],
)
def test_complaints_about_tokens(
    reader: Callable[[Answer], Rows | Failure], document: Any, status: int, rule: str
) -> None:
    found = failure(reader(answer(document, status)))
    assert (found.kind, found.rule) == (Kind.CREDENTIALS, rule)


@pytest.mark.parametrize(
    ("document", "status", "kind"),
    [
        ({"code": "303001", "message": "Runtime Error", "description": "Endpoint SUSPENDED"}, 503, Kind.SUSPENDED),
        ({"message": "Runtime Error", "description": "Currently, endpoint is : [ SUSPENDED ]"}, 500, Kind.SUSPENDED),
        ({"code": "101503", "message": "Runtime Error", "description": "connect"}, 500, Kind.UNAVAILABLE),
        ({"code": 101504, "message": "Runtime Error"}, 504, Kind.UNAVAILABLE),
        ({"code": 700700, "message": "API blocked"}, 503, Kind.UNAVAILABLE),
        ({"code": 900802, "message": "Message throttled out"}, 503, Kind.THROTTLED),
        ({"message": "slow down"}, 429, Kind.THROTTLED),
        ({"code": 900908, "message": "Resource forbidden"}, 403, Kind.REFUSED),
        (b"<html>blocked</html>", 403, Kind.REFUSED),
        ({"code": 900906, "message": "No matching resource"}, 404, Kind.SHAPE),
        (b"<html>not found</html>", 404, Kind.SHAPE),
        (b"<html>bad gateway</html>", 502, Kind.UNAVAILABLE),
        (b"", 503, Kind.UNAVAILABLE),
        ({"code": 1, "data": []}, 500, Kind.UNAVAILABLE),
        (b"", 302, Kind.SHAPE),
    ],
)
def test_faults_of_the_gateway_and_the_status(document: Any, status: int, kind: Kind) -> None:
    assert failure(read_list(answer(document, status))).kind is kind


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "empty_body"),
        (b"  \n<!DOCTYPE html><html>", "html_body"),
        (b"\xef\xbb\xbf<HTML>", "html_body"),
        (b"<?xml version='1.0'?><reply/>", "xml_body"),
        (b'{"code":1,"data":[{"id":"x"', "not_json"),
        (b'{"code":1,"data":[NaN]}', "not_json"),
        (b'{"code":1,"data":["\xff"]}', "not_json"),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_a_body_that_is_no_json(reader: Callable[[Answer], Rows | Failure], body: bytes, rule: str) -> None:
    found = failure(reader(answer(body)))
    assert (found.kind, found.rule) == (Kind.BROKEN, rule)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Mon, 02 Mar 2026 08:00:20 GMT", 20.0),
        ("Mon, 02 Mar 2026 07:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_retry_after_as_seconds_or_as_date(value: str, seconds: float | None) -> None:
    assert retry_after(CaseInsensitiveDict({"retry-after": value}), NOW) == seconds
