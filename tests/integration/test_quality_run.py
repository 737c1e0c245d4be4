"""Running a stage's expectations on a real database: verdicts, stops, and no value of the data anywhere."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from pydantic import SecretStr

from padan import quality
from padan.agreement import Agreement, load_agreement
from padan.errors import AgreementNotInForce, ConfigurationError, PublicationStopped, SourceUnavailable, StepFailed
from padan.quality import engine
from padan.quality.engine import Engine
from padan.settings import Settings
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import settings_for

DAY, NEXT_DAY = date(2026, 11, 24), date(2026, 11, 25)
CANARY = "199001012015011007"
CANARY_NAME = "Bulan Purnamasari"
REASON = "Because the test wants to see what happens."
Suites = Callable[..., Settings]


@pytest.fixture(scope="module")
def agreement(project_dir: Path) -> Agreement:
    return load_agreement(project_dir / "agreement" / "sandbox.yaml")


@pytest.fixture(scope="module")
def warehouse_url(database_url: str) -> str:
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            set role transformer;
            create schema reference;
            create table reference.attribute_registry (attribute text, authority text, label_id text);
            insert into reference.attribute_registry
            values ('golongan', 'bkn', 'Golongan ruang'), ('jenjang', 'bps', 'Jenjang');
            set role owner;
            create table raw_bps.people (holder_id text, nip text, name text, born text, one integer, two integer)
            """
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into raw_bps.people values (%s, %s, %s, %s, 1, 2)",
                [(str(number), f"19900101201501{number:04d}", f"Orang {number}", "1990-01-01") for number in range(30)],
            )
            cursor.executemany(
                "insert into raw_bps.people values (%s, %s, %s, %s, 2, 1)",
                [("canary", CANARY, CANARY_NAME, CANARY), ("canary", CANARY, CANARY_NAME, CANARY)],
            )
        connection.execute(
            """
            create view raw_bps.broken as select nip::integer as nip from raw_bps.people;
            create table raw_bps.shares as
            select * from (values
                ('golongan', 'a', 0.5, 0.1), ('golongan', 'b', 0.0, 0.1), ('jenjang', 'a', 0.1, 0.1)
            ) as shares (attribute, instansi_id, modified_share, tolerance_share)
            """
        )
    return database_url


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(warehouse_url, autocommit=True)) as connection:
        connection.execute("truncate quality.verdict")
        yield connection


@pytest.fixture
def suites(warehouse_url: str, tmp_path: Path) -> Suites:
    """Write expectations of stage raw, by table; return settings of a project that has just these."""

    def write(tables: dict[str, list[dict[str, Any]]]) -> Settings:
        folder = tmp_path / "project" / "expectations"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.yaml"):
            old.unlink()
        index: dict[str, list[str]] = {}
        for table, expectations in tables.items():
            name = f"raw_{table.split('.')[1]}"
            document = {
                "suite": name,
                "stage": "raw",
                "table": table,
                "description": "A test.",
                "expectations": expectations,
            }
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
            index[name] = [item["id"] for item in expectations]
        (folder / "index.yaml").write_text(yaml.safe_dump({"raw": index}))
        return settings_for(warehouse_url, tmp_path, project_dir=tmp_path / "project")

    return write


def expect(name: str, kind: str, severity: str = "critical", **changes: Any) -> dict[str, Any]:
    fields = {"kwargs", "where", "for_each", "owner", "cases_query", "label_id", "counted"}
    outer = {key: value for key, value in changes.items() if key in fields}
    inner = {key: value for key, value in changes.items() if key not in fields}
    return {
        "id": name,
        "type": kind,
        "kwargs": inner,
        "severity": severity,
        "owner": "data-engineering",
        "reason": REASON,
    } | outer


ROWS = expect("rows", "expect_table_row_count_to_be_between", min_value=1)
NIP_FORMAT = expect(
    "nip_format", "expect_column_values_to_match_regex", "warning", column="nip", regex="^19900101201501[0-9]{4}$"
)
# Each of these fails because of the canary, each by another way of the library.
ALL_KINDS = [
    ROWS,
    expect("between", "expect_column_values_to_be_between", "warning", column="one", max_value=1),
    expect("set", "expect_column_values_to_be_in_set", "warning", column="nip", value_set=["1"]),
    expect("unique", "expect_column_values_to_be_unique", "warning", column="nip"),
    expect("regex", "expect_column_values_to_match_regex", "warning", column="name", regex="^Orang"),
    expect("no_regex", "expect_column_values_to_not_match_regex", "warning", column="name", regex="^Bulan"),
    expect("compound", "expect_compound_columns_to_be_unique", "warning", column_list=["nip", "name"]),
    expect("contains", "expect_column_distinct_values_to_contain_set", "warning", column="nip", value_set=["1"]),
    expect(
        "pair", "expect_column_pair_values_a_to_be_greater_than_b", "warning", column_A="two", column_B="one"
    ),
    expect(
        "rows_found",
        "unexpected_rows_expectation",
        "warning",
        unexpected_rows_query="select nip, name from {batch} where holder_id = 'canary'",
    ),
]  # fmt: skip


def verdicts(connection: psycopg.Connection) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        "select suite || '.' || expectation_id, success, unexpected_count, element_count, problem from quality.verdict"
    ).fetchall()
    return {name: tuple(rest) for name, *rest in rows}


def everything_written(folder: Path) -> str:
    return "\n".join(
        f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in folder.rglob("*") if path.is_file()
    )


def test_a_warning_is_recorded_and_publication_goes_on(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection
) -> None:
    settings = suites({"raw_bps.people": [ROWS, NIP_FORMAT]})
    warehouse.execute("update raw_bps.people set nip = 'x' where holder_id = '0'")
    try:
        summary = quality.run(settings, agreement, "raw", DAY)
    finally:
        warehouse.execute("update raw_bps.people set nip = '199001012015010000' where holder_id = '0'")
    assert (summary.evaluated, summary.passed, summary.warnings) == (2, 1, 1)
    assert [verdict.name for verdict in summary.verdicts if not verdict.success] == ["raw_people.nip_format"]
    assert verdicts(warehouse) == {
        "raw_people.rows": (True, None, 32, None),
        "raw_people.nip_format": (False, 1, 32, None),
    }
    row = warehouse.execute(
        """
        select stage, schema_name, table_name, column_name, severity, owner, reason, unexpected_share
        from quality.verdict where not success
        """
    ).fetchone()
    assert row == ("raw", "raw_bps", "people", "nip", "warning", "data-engineering", REASON, 1 / 32)


def test_a_failed_critical_expectation_stops_publication_by_name(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection
) -> None:
    short = expect("few_rows", "expect_table_row_count_to_be_between", max_value=2)
    settings = suites({"raw_bps.people": [ROWS, short], "raw_bps.shares": [short]})
    with pytest.raises(
        PublicationStopped, match=r"raw_people\.few_rows, cases: select .*; raw_shares\.few_rows, cases: select"
    ) as caught:
        quality.run(settings, agreement, "raw", DAY)
    assert not caught.value.retryable
    failed = {name for name, row in verdicts(warehouse).items() if not row[0]}
    assert failed == {"raw_people.few_rows", "raw_shares.few_rows"}
    assert quality.docs_index(settings).exists()


def test_no_value_of_the_data_gets_out(
    suites: Suites,
    agreement: Agreement,
    warehouse: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = [expect("cast", "expect_column_values_to_not_be_null", column="nip"),
              expect("cast_set", "expect_column_values_to_be_in_set", column="nip", value_set=[1])]  # fmt: skip
    settings = suites({"raw_bps.people": ALL_KINDS, "raw_bps.broken": broken})
    with pytest.raises(psycopg.errors.DataError, match=CANARY[:4]):  # what the database says of it does hold a NIP
        warehouse.execute("select * from raw_bps.broken").fetchall()
    with pytest.raises(PublicationStopped) as caught:
        quality.run(settings, agreement, "raw", DAY)

    failed = {name for name, row in verdicts(warehouse).items() if not row[0]}
    assert failed == {f"raw_people.{item['id']}" for item in ALL_KINDS[1:]} | {"raw_broken.cast", "raw_broken.cast_set"}
    stored = warehouse.execute("select string_agg(v::text, ' ') from quality.verdict as v").fetchone()
    assert stored is not None
    output = capfd.readouterr()
    written = everything_written(settings.state_dir)
    assert "raw_people" in written
    chained = [str(error) for error in (caught.value.__cause__, caught.value.__context__) if error]
    for text in (written, stored[0], caplog.text, output.out, output.err, str(caught.value), *chained):
        for secret in (CANARY, CANARY_NAME, "19900101201501", "Orang 1", settings.database_url.get_secret_value()):
            assert secret not in text
    password = psycopg.conninfo.conninfo_to_dict(settings.database_url.get_secret_value())["password"]
    assert str(password) not in written + caplog.text


def test_counts_are_kept(suites: Suites, agreement: Agreement, warehouse: psycopg.Connection) -> None:
    quality.run(suites({"raw_bps.people": ALL_KINDS}), agreement, "raw", DAY)
    found = verdicts(warehouse)
    assert found["raw_people.unique"][:3] == (False, 2, 32)
    assert found["raw_people.regex"][:3] == (False, 2, 32)
    assert found["raw_people.rows_found"][:3] == (False, 2, None)
    assert found["raw_people.pair"][:3] == (False, 2, 32)


def test_what_cannot_run_stops_publication_whatever_its_severity(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection
) -> None:
    absent = expect("absent", "expect_column_values_to_not_be_null", "warning", column="no_such_column")
    gone = expect("gone", "expect_table_row_count_to_be_between", "warning", min_value=0)
    raised = expect("raised", "expect_column_values_to_not_be_null", "warning", column="nip")
    wrong = expect("wrong", "expect_column_values_to_be_between", "warning", column="nip", max_value=5)
    settings = suites(
        {"raw_bps.people": [ROWS, absent, wrong], "raw_bps.no_such_table": [gone], "raw_bps.broken": [raised]}
    )
    with pytest.raises(PublicationStopped) as caught:
        quality.run(settings, agreement, "raw", DAY)
    for fragment in (
        "raw_people.absent (table raw_bps.people has no column no_such_column)",
        "raw_no_such_table.gone (there is no table raw_bps.no_such_table)",
        "raw_broken.raised (could not be evaluated (",
        "raw_people.wrong (could not be evaluated (",
    ):
        assert fragment in str(caught.value)
    assert "raw_people.rows" not in str(caught.value)
    stored = verdicts(warehouse)["raw_no_such_table.gone"]
    assert stored == (False, None, None, "there is no table raw_bps.no_such_table")


def test_an_expectation_that_did_not_run_has_failed(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = suites({"raw_bps.people": [ROWS, NIP_FORMAT]})
    run_suite = Engine.run_suite
    monkeypatch.setattr(Engine, "run_suite", lambda *arguments: run_suite(*arguments)[:0])
    with pytest.raises(PublicationStopped, match=r"critical expectations failed \(2\).*nip_format \(did not run\)"):
        quality.run(settings, agreement, "raw", DAY)


def test_a_page_that_was_not_written_is_an_error(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from padan.quality.pages import ResultTable

    def fail(*_: Any, **__: Any) -> None:
        raise TypeError

    monkeypatch.setattr(ResultTable, "_process_content_block", fail)
    with pytest.raises(StepFailed, match="raw_bps.people"):
        quality.run(suites({"raw_bps.people": [ROWS]}), agreement, "raw", DAY)


def test_a_second_run_changes_no_verdict(suites: Suites, agreement: Agreement, warehouse: psycopg.Connection) -> None:
    settings = suites({"raw_bps.people": [ROWS, NIP_FORMAT]})
    query = "select v.xmin::text, v::text from quality.verdict as v order by 2"
    quality.run(settings, agreement, "raw", DAY)
    first, pages = warehouse.execute(query).fetchall(), sorted(settings.state_dir.rglob("*.html"))
    quality.run(settings, agreement, "raw", DAY)
    assert warehouse.execute(query).fetchall() == first
    assert sorted(settings.state_dir.rglob("*.html")) == pages
    quality.run(settings, agreement, "raw", NEXT_DAY)
    assert len(warehouse.execute(query).fetchall()) == 4
    assert "2026-11-24" in quality.docs_index(settings).read_text()
    assert "2026-11-25" in quality.docs_index(settings).read_text()


def test_the_pages_of_old_dates_go(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "KEPT_DATES", 2)
    settings = suites({"raw_bps.people": [ROWS]})
    for day in (NEXT_DAY, DAY, date(2026, 11, 26)):
        quality.run(settings, agreement, "raw", day)
    index = quality.docs_index(settings)
    pages = [path.relative_to(index.parent).parts[2] for path in (index.parent / "validations").rglob("*.html")]
    assert sorted(pages) == ["2026-11-25", "2026-11-26"]
    assert "2026-11-24" not in index.read_text()
    assert "2026-11-25" in index.read_text()


def test_a_verdict_changes_with_the_data_and_goes_with_its_expectation(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection
) -> None:
    settings = suites({"raw_bps.people": [ROWS, NIP_FORMAT]})
    quality.run(settings, agreement, "raw", DAY)
    assert verdicts(warehouse)["raw_people.nip_format"][0]
    warehouse.execute("update raw_bps.people set nip = 'x' where holder_id = '0'")
    try:
        quality.run(settings, agreement, "raw", DAY)
        assert not verdicts(warehouse)["raw_people.nip_format"][0]
    finally:
        warehouse.execute("update raw_bps.people set nip = '199001012015010000' where holder_id = '0'")
    quality.run(suites({"raw_bps.people": [ROWS]}), agreement, "raw", DAY)
    assert set(verdicts(warehouse)) == {"raw_people.rows"}


def test_an_attribute_beyond_tolerance_is_flagged_for_the_party_that_mends(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection
) -> None:
    tolerance = expect(
        "tolerance_{attribute}",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "warning",
        column_A="tolerance_share",
        column_B="modified_share",
        or_equal=True,
        where={"attribute": "{attribute}"},
        for_each="attribute",
        owner="{owner}",
        label_id="Atribut {label_id}",
        counted="instansi",
        cases_query="select case_id from d where attribute = '{attribute}'",
    )
    summary = quality.run(suites({"raw_bps.shares": [tolerance]}), agreement, "raw", DAY)
    assert (summary.passed, summary.warnings) == (1, 1)
    row = warehouse.execute(
        """
        select expectation_id, owner, unexpected_count, element_count, label_id, counted, query
        from quality.verdict where not success
        """
    ).fetchone()
    assert row == (
        "tolerance_golongan", "liaison-bps", 1, 2, "Atribut Golongan ruang", "instansi",
        "select case_id from d where attribute = 'golongan'",
    )  # fmt: skip


def test_no_connection_stays_open(suites: Suites, agreement: Agreement, warehouse: psycopg.Connection) -> None:
    query = "select count(*) from pg_stat_activity where application_name = 'padan-quality'"
    seen: list[Any] = []
    build_docs = Engine.build_docs

    def count_and_build(running: Engine) -> None:
        seen.append(warehouse.execute(query).fetchone())
        build_docs(running)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "build_docs", count_and_build)
        quality.run(suites({"raw_bps.people": [ROWS]}), agreement, "raw", DAY)
    settings = suites({"raw_bps.broken": [expect("cast", "expect_column_values_to_not_be_null", column="nip")]})
    with pytest.raises(PublicationStopped):
        quality.run(settings, agreement, "raw", DAY)
    assert seen[0] > (1,)  # the count does see them
    deadline = time.monotonic() + 5  # a server process ends a moment after its connection
    while warehouse.execute(query).fetchone() != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pages_and_run_need_no_network(
    suites: Suites, agreement: Agreement, warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection from Python; the database is reached by libpq")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    settings = suites({"raw_bps.people": ALL_KINDS})
    quality.run(settings, agreement, "raw", DAY)
    pages = [path.read_text() for path in quality.docs_index(settings).parent.rglob("*.html")]
    assert len(pages) == 3
    for page in pages:
        assert "http" not in page.replace("http-equiv", "")
        assert "<script" not in page


def test_pages_tell_severity_and_reason(suites: Suites, agreement: Agreement, warehouse: psycopg.Connection) -> None:
    settings = suites({"raw_bps.people": [ROWS, NIP_FORMAT]})
    quality.run(settings, agreement, "raw", DAY)
    index = quality.docs_index(settings)
    (results,) = (index.parent / "validations").rglob("*.html")
    assert str(results.relative_to(index.parent)) in index.read_text()
    page = results.read_text()
    query = "select _row_hash from raw_bps.people where nip !~ &#39;^19900101201501[0-9]{4}$&#39;"
    assert query in page.replace("&#x27;", "&#39;").replace("'", "&#39;"), "the query that lists the cases"
    for text in (REASON, "nip_format; data-engineering", "warning", "critical"):
        assert text in page
    assert f'href="{os.path.relpath(index, results.parent)}"' in page


def test_memory_stays_below_500_megabytes(suites: Suites, agreement: Agreement, warehouse_url: str) -> None:
    settings = suites({"raw_bps.people": ALL_KINDS})
    script = (
        "import re; from datetime import date; from pathlib import Path; from padan import quality;"
        "from padan.agreement import load_agreement; from padan.settings import Settings, load; s = load(Settings);"
        "quality.run(s, load_agreement(s.agreement_file), 'raw', date(2026, 11, 24));"
        # not getrusage: its maximum is handed down by the process that started this one
        "print(int(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PADAN_DATABASE_URL": warehouse_url,
        "PADAN_SECRET_KEY": settings.secret_key.get_secret_value(),
        **{
            f"PADAN_{name.upper()}": str(getattr(settings, name))
            for name in ("agreement_file", "state_dir", "archive_dir", "portal_export_dir", "project_dir")
        },
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) < 500


def test_refusals(suites: Suites, agreement: Agreement) -> None:
    settings = suites({"raw_bps.people": [ROWS]})
    with pytest.raises(AgreementNotInForce):
        quality.run(settings, agreement, "raw", date(2019, 12, 31))
    with pytest.raises(ConfigurationError, match="no stage 'later'"):
        quality.run(settings, agreement, "later", DAY)
    nowhere = SecretStr("postgresql://padan:hush@127.0.0.1:1/padan")
    with pytest.raises(SourceUnavailable) as caught:
        quality.run(settings.model_copy(update={"database_url": nowhere}), agreement, "raw", DAY)
    assert "hush" not in str(caught.value)
