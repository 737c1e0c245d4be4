"""The exchange log as a chain: each way of tampering is found, and the first broken row is named."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from typer.testing import CliRunner

from padan.errors import ExchangeLogBroken
from padan.warehouse import exchange_log, migrations
from padan.warehouse.connection import Connection, connect
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import Bench, environment_of

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
MOMENT = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)


def values(number: int) -> tuple[object, ...]:
    """A row; every third one failed."""
    failed = number % 3 == 0
    return (
        None, "bps", "/v1/holders", "holders", "pemangku jabatan", 1, None if failed else 200,
        "ReadTimeout" if failed else None, None if failed else number, 100 * number,
        None if failed else f"{number:064x}",
        MOMENT + timedelta(seconds=number), 0.1 * number,
    )  # fmt: skip


@pytest.fixture
def log(new_database: Callable[[], str], tmp_path: Path) -> Connection:
    """A log of ten rows in three batches, sealed after the sixth and after the last."""
    url = new_database()
    migrate(url)
    connection = connect(url)
    for first, last, sealed in ((1, 4, False), (5, 6, True), (7, 10, True)):
        exchange_log.append(connection, [values(number) for number in range(first, last + 1)])
        if sealed:
            exchange_log.seal(connection, KEY, tmp_path)
    return connection


def tamper(connection: Connection, *statements: str) -> None:
    """What only the owner of the table can do: its triggers are off, as they are for a superuser who means it."""
    tables = ("exchange_log", "exchange_seal")
    for state, wanted in (("disable", ()), ("", statements), ("enable", ())):
        for table in tables if state else ():
            connection.execute(f"alter table landing.{table} {state} trigger user".encode())
        for statement in wanted:
            connection.execute(statement.encode())


def broken_row(connection: Connection, folder: Path, key: bytes = KEY) -> int:
    with pytest.raises(ExchangeLogBroken) as caught:
        exchange_log.verify(connection, key, folder)
    assert f"row {caught.value.exchange_id} " in str(caught.value)
    return caught.value.exchange_id


def rechain(connection: Connection) -> None:
    """What a forger does who knows how rows are chained: hash everything anew."""
    previous = exchange_log.GENESIS
    with connection.transaction():
        rows = list(exchange_log._rows(connection))
    for exchange_id, content, _, _ in rows:
        own = exchange_log.row_hash(previous, exchange_id, content)
        tamper(
            connection,
            f"update landing.exchange_log set previous_hash = '{previous}', row_hash = '{own}' "
            f"where exchange_id = {exchange_id}",
        )
        previous = own


def test_an_untouched_log_is_whole(log: Connection, tmp_path: Path) -> None:
    assert exchange_log.verify(log, KEY, tmp_path) == exchange_log.Verified(rows=10, seals=2)
    rows = log.execute("select previous_hash, row_hash from landing.exchange_log order by exchange_id").fetchall()
    assert [before for before, _ in rows] == [exchange_log.GENESIS, *(own for _, own in rows[:-1])]
    exchange_log.seal(log, KEY, tmp_path)  # nothing new: no further seal
    assert exchange_log.verify(log, KEY, tmp_path).seals == 2
    kept = tmp_path / exchange_log.SEALS_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [json.loads(line)["exchange_id"] for line in kept.read_text().splitlines()] == [6, 10]


@pytest.mark.parametrize("column", ["party", "endpoint", "dataset", "purpose", "error", "body_sha256"])
def test_an_altered_text_is_found(log: Connection, tmp_path: Path, column: str) -> None:
    tamper(log, f"update landing.exchange_log set {column} = 'bkn!' where exchange_id = 3")
    assert broken_row(log, tmp_path) == 3


@pytest.mark.parametrize("column", ["attempt", "status", "rows", "body_bytes", "duration"])
def test_an_altered_number_is_found(log: Connection, tmp_path: Path, column: str) -> None:
    tamper(log, f"update landing.exchange_log set {column} = 77 where exchange_id = 4")
    assert broken_row(log, tmp_path) == 4


def test_an_altered_moment_is_found(log: Connection, tmp_path: Path) -> None:
    tamper(
        log, "update landing.exchange_log set started_at = started_at + interval '1 microsecond' where exchange_id = 9"
    )
    assert broken_row(log, tmp_path) == 9


def test_a_deleted_row_is_found(log: Connection, tmp_path: Path) -> None:
    tamper(log, "delete from landing.exchange_log where exchange_id = 5")
    assert broken_row(log, tmp_path) == 5


def test_a_deleted_first_row_is_found(log: Connection, tmp_path: Path) -> None:
    tamper(log, "delete from landing.exchange_log where exchange_id = 1")
    assert broken_row(log, tmp_path) == 1


def test_a_deletion_that_closes_the_gap_is_found(log: Connection, tmp_path: Path) -> None:
    tamper(
        log,
        "delete from landing.exchange_seal",
        "delete from landing.exchange_log where exchange_id = 5",
        "update landing.exchange_log set exchange_id = 5 where exchange_id = 6",
    )
    assert broken_row(log, tmp_path / "no seal was kept") == 5


def test_a_cut_end_is_found_by_its_seal(log: Connection, tmp_path: Path) -> None:
    tamper(
        log,
        "alter table landing.exchange_seal drop constraint exchange_seal_exchange_id_fkey",
        "delete from landing.exchange_log where exchange_id > 8",
    )
    assert broken_row(log, tmp_path) == 9


def test_a_cut_end_with_its_seal_is_found_by_the_kept_seal(log: Connection, tmp_path: Path) -> None:
    tamper(
        log,
        "delete from landing.exchange_seal where seal_id = 2",
        "delete from landing.exchange_log where exchange_id > 6",
    )
    assert broken_row(log, tmp_path) == 10
    assert exchange_log.verify(log, KEY, tmp_path / "no seal was kept").rows == 6  # it is the kept seal that tells


def test_an_inserted_row_is_found(log: Connection, tmp_path: Path) -> None:
    copied = ", ".join(exchange_log.COLUMNS)
    tamper(
        log,
        f"insert into landing.exchange_log (exchange_id, {copied}, previous_hash, row_hash) "
        f"select 11, {copied}, previous_hash, row_hash from landing.exchange_log where exchange_id = 4",
    )
    assert broken_row(log, tmp_path) == 11


def test_reordered_rows_are_found(log: Connection, tmp_path: Path) -> None:
    tamper(
        log,
        "update landing.exchange_log set exchange_id = 100 where exchange_id = 7",
        "update landing.exchange_log set exchange_id = 7 where exchange_id = 8",
        "update landing.exchange_log set exchange_id = 8 where exchange_id = 100",
    )
    assert broken_row(log, tmp_path) == 7


def test_a_rewritten_chain_is_found_by_its_seals(log: Connection, tmp_path: Path) -> None:
    tamper(log, "update landing.exchange_log set status = 500 where exchange_id = 8")
    rechain(log)
    assert broken_row(log, tmp_path) == 7  # the first one after the last seal that holds


def test_a_forged_seal_is_found(log: Connection, tmp_path: Path) -> None:
    assert broken_row(log, tmp_path, key=OTHER_KEY) == 6
    tamper(log, f"update landing.exchange_seal set row_hash = '{'f' * 64}' where seal_id = 2")
    assert broken_row(log, tmp_path) == 10


@pytest.mark.parametrize("table", ["exchange_log", "exchange_seal"])
@pytest.mark.parametrize("statement", ["update {} set row_hash = ''", "delete from {}", "truncate {} cascade"])
def test_the_database_refuses_changes(log: Connection, table: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        log.execute(statement.format(f"landing.{table}").encode())


def test_two_writers_keep_one_chain(log: Connection, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        with connect(log.info.dsn + f" password={log.info.password}") as own:
            for _ in range(5):
                exchange_log.append(own, [values(number)] * 3)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert exchange_log.verify(log, KEY, tmp_path).rows == 70


def test_ten_thousand_rows_cost_little(log: Connection, tmp_path: Path) -> None:
    batches = [[values(number) for number in range(first, first + 250)] for first in range(0, 10_000, 250)]
    started = time.monotonic()
    for batch in batches:
        exchange_log.append(log, batch)
    written = time.monotonic()
    exchange_log.verify(log, KEY, tmp_path)
    verified = time.monotonic()
    print(f"10,000 rows appended in {written - started:.2f} s, verified in {verified - written:.2f} s")
    assert written - started < 5
    assert verified - written < 5


def test_an_extraction_leaves_a_sealed_log_that_the_command_verifies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from padan.cli import app

    bench.bps()
    bench.bkn()
    for name, text in environment_of(bench.settings).items():
        monkeypatch.setenv(name, text)
    done = CliRunner().invoke(app, ["exchange", "verify"])
    rows = bench.value("select count(*) from landing.exchange_log")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{rows} rows in an unbroken chain, ")
    assert bench.value("select max(exchange_id) from landing.exchange_seal") == rows
    with connect(bench.settings.database_url.get_secret_value()) as connection:
        tamper(connection, "update landing.exchange_log set rows = 0 where exchange_id = 2")
    done = CliRunner().invoke(app, ["exchange", "verify"])
    assert isinstance(done.exception, ExchangeLogBroken)
    assert done.exception.exchange_id == 2


def test_a_log_from_before_the_chain_is_chained_as_it_stands(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create schema landing"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    engine.dispose()
    names = ", ".join(exchange_log.COLUMNS)
    with connect(url) as connection:
        with connection.cursor() as cursor:
            marks = ", ".join(["%s"] * len(exchange_log.COLUMNS))
            cursor.executemany(
                f"insert into landing.exchange_log ({names}) values ({marks})".encode(),
                [values(number) for number in range(1, 6)],
            )
        migrate(url)
        exchange_log.append(connection, [values(6)])
        assert exchange_log.verify(connection, KEY, tmp_path).rows == 6
