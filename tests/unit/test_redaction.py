"""Errors of others are told by kind and place; a log line that holds an identity or a token has it masked."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import psycopg
import pytest

from padan import flows, redaction
from padan.errors import SourceUnavailable, UnexpectedFailure

NIP, NIK, NAME = "199001012015011001", "3273010101900001", "Zzkenari Sucipto"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ6eiJ9.c2lnbmF0dXJl"  # pragma: allowlist secret
DETAIL = f"DETAIL:  Key (nip)=({NIP}) already exists."


@pytest.fixture
def masked() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    redaction.install()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"GET /data-utama/{NIP}", "GET /data-utama/[redacted]"),
        (f"nik={NIK};", "nik=[redacted];"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [redacted]"),
        ("postgresql://padan:very-secret@db:5432/padan", "postgresql://[redacted]@db:5432/padan"),
        ("Bearer 0f9e8d7c-opaque", "Bearer [redacted]"),
        ("sha 0123456789012345678901234567890123456789", "sha 0123456789012345678901234567890123456789"),
        ("extract 17 of 2026-03-02: 5588245 rows", "extract 17 of 2026-03-02: 5588245 rows"),
    ],
)
def test_what_is_masked_and_what_is_not(text: str, clean: str) -> None:
    assert redaction.mask(text) == clean


def test_every_logger_of_the_process_is_masked(masked: None, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("a.library").warning("asked %s with %s", NIP, TOKEN)
    try:
        raise ValueError(f"no such person: {NIK}")
    except ValueError:
        logging.getLogger("another").exception("broke off")
    logging.getLogger("third").warning("too few arguments %s %s", NIP)
    assert not [value for value in (NIP, NIK, TOKEN) if value in caplog.text]
    assert caplog.text.count(redaction.MASK) == 3
    assert "Traceback" in caplog.text


def test_what_dbt_hands_on_of_a_database_holds_no_value() -> None:
    message = f"""Database Error in model x (a/x.sql)
  invalid input syntax for type integer: "{NAME}"
  LINE 3: where name = '{NAME}'
                       ^
  duplicate key value violates unique constraint "pk_x"
  {DETAIL}
  CONTEXT:  COPY x, line 1, column name: "{NAME}"
  compiled code at target/run/x.sql"""
    clean = redaction.without_values(message.splitlines())
    assert NAME not in clean
    assert NIP not in clean
    assert 'unique constraint "pk_x"' in clean
    assert "invalid input syntax for type integer: [redacted]" in clean
    assert clean.startswith("Database Error in model x")
    assert clean.endswith("target/run/x.sql")


def failing(error: Exception) -> object:
    def function(*_: object, **__: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.UniqueViolation(f"duplicate\n{DETAIL}"), UnexpectedFailure),
        (KeyError(NIP), UnexpectedFailure),
        (psycopg.OperationalError(f"server closed: {NAME}"), SourceUnavailable),
        (OSError(NAME), SourceUnavailable),
    ],
)
def test_a_step_that_breaks_off_tells_kind_and_step_alone(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    from datetime import date

    monkeypatch.setattr("padan.flows.pipeline.Step.function", lambda self: failing(error))
    with pytest.raises(kind) as found:
        flows.run("check_raw", date(2026, 3, 2))
    assert (
        str(found.value)
        == f"check_raw broke off: {type(error).__name__} at padan/flows/pipeline.py:"
        + str(found.value).rpartition(":")[2]
    )
    assert found.value.__context__ is None
    assert found.value.__cause__ is None
