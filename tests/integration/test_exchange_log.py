"""The exchange log as a chain: each way of tampering is found, and the first broken row is named."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
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
    names = ", ".join(exchange_log.COLUMNS)
    rows = connection.execute(f"select exchange_id, {names} from landing.exchange_log order by 1".encode()).fetchall()
    for exchange_id, *content in rows:
        own = exchange_log.row_hash(previous, exchange_id, tuple(content))
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


@pytest.mark.parametrize(
    "change",
    [
        {1: 'quote " backslash \\ tab \t line \n return \r'},
        {2: "control \x01\x1f\x7f, bell \x07, form \x0c, back \x08"},
        {4: "é 日本 😀 \u2028 </script>"},
        {11: MOMENT.replace(microsecond=0)},
        {11: MOMENT.replace(microsecond=120_000)},
        {11: MOMENT.replace(year=1970)},
        {12: 0.0},
        {12: 3.0},
        {12: 1e-5},
        {12: 0.1 + 0.2},
        {12: 123456.789e-9},
        {12: 1e14},
    ],
)
def test_the_database_hashes_a_row_as_it_was_written(
    log: Connection, tmp_path: Path, change: dict[int, object]
) -> None:
    row = list(values(1))
    for place, value in change.items():
        row[place] = value
    exchange_log.append(log, [tuple(row)])
    assert exchange_log.verify(log, KEY, tmp_path).rows == 11


def test_since_a_day_only_what_was_sealed_later_is_followed(log: Connection, tmp_path: Path) -> None:
    day = log.execute("select day from landing.exchange_seal where seal_id = 1").fetchone()[0]  # type: ignore[index]
    forged = exchange_log._seal_of(KEY, exchange_log.GENESIS, 1, "2020-01-01", 6, hash_of(log, 6))
    following = exchange_log._seal_of(KEY, forged, 2, day.isoformat(), 10, hash_of(log, 10))
    tamper(
        log,
        f"update landing.exchange_seal set day = '2020-01-01', seal = '{forged}' where seal_id = 1",
        f"update landing.exchange_seal set seal = '{following}' where seal_id = 2",
    )
    folder = tmp_path / "no seal was kept"
    assert exchange_log.verify(log, KEY, folder, since=day).rows == 5  # row 6 bears the seal, then 7 to 10
    assert exchange_log.verify(log, KEY, folder, since=date(2020, 1, 1)).rows == 10
    tamper(log, "update landing.exchange_log set status = 500 where exchange_id = 2")
    assert exchange_log.verify(log, KEY, folder, since=day).rows == 5
    assert broken_row(log, folder) == 2
    tamper(log, "update landing.exchange_log set status = 500 where exchange_id = 8")
    with pytest.raises(ExchangeLogBroken, match="row 8 "):
        exchange_log.verify(log, KEY, folder, since=day)


def test_since_a_day_the_sealed_row_itself_must_stand(log: Connection, tmp_path: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    assert exchange_log.verify(log, KEY, tmp_path, since=tomorrow).rows == 1
    tamper(log, "update landing.exchange_log set status = 500 where exchange_id = 8")
    rechain(log)
    with pytest.raises(ExchangeLogBroken, match="row 7 or a later one up to 10"):
        exchange_log.verify(log, KEY, tmp_path, since=tomorrow)


def hash_of(connection: Connection, exchange_id: int) -> str:
    found = connection.execute("select row_hash from landing.exchange_log where exchange_id = %s", (exchange_id,))
    return str(found.fetchone()[0])  # type: ignore[index]


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
