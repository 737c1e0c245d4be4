"""The embedded server speaks TLS and nothing else, and every client asks for its certificate."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from padan.errors import SourceUnavailable
from padan.warehouse.connection import connect
from sandbox.certificates import ensure_certificates
from sandbox.postgres import EmbeddedPostgres


def test_a_connection_is_encrypted(database_url: str) -> None:
    with connect(database_url) as connection:
        row = connection.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
    assert row == (True, "TLSv1.3")


def test_a_client_without_encryption_is_refused(database_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(database_url, sslmode="disable")
    with pytest.raises(SourceUnavailable) as told:
        connect(database_url.replace("sslmode=verify-full", "sslmode=disable"))
    assert "@" not in str(told.value)


def test_another_authority_is_not_believed(database_url: str, tmp_path: Path) -> None:
    other, _, _ = ensure_certificates(tmp_path)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(database_url, sslrootcert=str(other))


def test_another_name_is_not_believed(database_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(database_url, host="another.invalid", hostaddr="127.0.0.1")


def test_the_keys_are_their_owners_alone(postgres_server: EmbeddedPostgres) -> None:
    for key in (postgres_server.data_dir / "server.key", postgres_server.authority.with_name("server.key")):
        assert key.stat().st_mode & 0o777 == 0o600
    others = postgres_server.authority.parent.iterdir()
    assert {path.name for path in others} == {"ca.pem", "server.pem", "server.key"}  # the authority's key is not kept


def test_a_server_that_runs_takes_a_new_certificate(tmp_path: Path) -> None:
    """In the last quarter of its life, by the real clock, a start makes it anew; nobody is cut off meanwhile."""
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    server.start()
    try:
        url = server.ensure_database("padan")
        first = server.authority.read_bytes()
        server.start()
        assert server.authority.read_bytes() == first
        before = x509.load_pem_x509_certificate(first)
        assert before.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3600)
        for path in server.authority.parent.iterdir():
            path.unlink()
        ensure_certificates(server.authority.parent, life=timedelta(minutes=15))  # 5 of them before now
        with connect(url.replace("verify-full", "require").split("&")[0]) as working:
            server.start()
            assert server.authority.read_bytes() != first
            _eventually(url)
            assert working.execute("select 1").fetchone() == (1,)
        assert not [path for path in server.data_dir.glob("*.new")]
        if os.geteuid() == 0:
            assert (server.data_dir / "server.key").stat().st_uid != 0
    finally:
        server.remove()


def _eventually(url: str, seconds: float = 10) -> None:
    """A reload is taken in a moment after it was asked for."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if datetime.now(UTC) > end:
                raise


@pytest.mark.parametrize("lost", ["ca.pem", "server.pem", "server.key"])
def test_what_was_half_written_is_made_anew(tmp_path: Path, lost: str) -> None:
    files = ensure_certificates(tmp_path)
    before = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in ensure_certificates(tmp_path)] == before
    (tmp_path / lost).write_bytes(
        ensure_certificates(tmp_path / "other")[("ca.pem", "server.pem", "server.key").index(lost)].read_bytes()
    )
    after = [path.read_bytes() for path in ensure_certificates(tmp_path)]
    assert not set(after) & set(before)
