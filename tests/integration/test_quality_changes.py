"""Checks that are asked of changed people first come to the verdicts that asking everybody gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from great_expectations.expectations import registry
from great_expectations.expectations.metrics.column_map_metrics.column_values_match_regex import ColumnValuesMatchRegex
from great_expectations.expectations.metrics.map_metric_provider.map_condition_auxilliary_methods import (
    _sqlalchemy_map_condition_unexpected_count_value,
)

from padan import quality
from padan.agreement import Agreement, load_agreement
from padan.errors import PublicationStopped
from padan.quality import counting
from padan.settings import Settings
from padan.warehouse.changes import is_whole
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import settings_for

DAY, NEXT_DAY = date(2026, 11, 24), date(2026, 11, 25)
ENGINE = "SqlAlchemyExecutionEngine"
PEOPLE = 20  # of two rows each
TABLE = "raw_bps.appointments"


def expect(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    outer = {"where", "by_person"} & fields.keys()
    return {
        "id": name,
        "type": kind,
        "kwargs": {key: value for key, value in fields.items() if key not in outer},
        "severity": "warning",
        "owner": "data-engineering",
        "reason": "Because the test wants to see what happens.",
    } | {key: fields[key] for key in outer}


QUERY = "unexpected_rows_expectation"
# What a bad row of ``BAD`` breaks.
BY_ROW = [
    expect("present", "expect_column_values_to_not_be_null", column="nip"),
    expect("regex", "expect_column_values_to_match_regex", column="name", regex="^Orang"),
    expect("no_regex", "expect_column_values_to_not_match_regex", column="name", regex="^Bulan"),
    expect("mostly", "expect_column_values_to_be_in_set", column="kind", value_set=["A"], mostly=0.9),
    expect("between", "expect_column_values_to_be_between", column="low", max_value=10),
    expect("day", "expect_column_values_to_be_between", column="since", max_value="{as_of}"),
    expect("pair", "expect_column_pair_values_a_to_be_greater_than_b", column_A="high", column_B="low"),
    expect("some", "expect_column_values_to_not_be_null", column="nip", where={"side": "x"}),
    expect("query", QUERY, unexpected_rows_query="select 1 as found from {batch} where high < low", by_person=True),
    expect(
        "join",
        QUERY,
        unexpected_rows_query="select 1 as found from {batch} as here "
        "left join (values ('A')) as known (kind) on here.kind = known.kind where known.kind is null",
        by_person=True,
    ),
    expect(
        "cast",
        QUERY,
        unexpected_rows_query="select 1 as found from {batch} "
        "where (case side when 'unreadable' then side else '1' end)::integer < 0",
        by_person=True,
    ),
]
UNIQUE = [
    expect("unique", "expect_column_values_to_be_unique", column="row_id"),
    expect("compound", "expect_compound_columns_to_be_unique", column_list=["holder_id", "row_id"]),
    expect("compound_of_others", "expect_compound_columns_to_be_unique", column_list=["row_id", "kind"]),
]
OF_THE_TABLE = [
    expect("rows", "expect_table_row_count_to_be_between", min_value=1),
    expect("contains", "expect_column_distinct_values_to_contain_set", column="kind", value_set=["A"]),
    expect("all", QUERY, unexpected_rows_query="select 1 as found from {batch} where high < low"),
]
BAD = "nip = null, name = 'Bulan', kind = 'B', low = 11, high = 1, since = '2026-12-01', side = 'x'"
FAR = f"update {TABLE} set {BAD} where holder_id = 'p7' and row_id = 'p7-1'"
TWICE = f"update {TABLE} set row_id = 'p3-1' where row_id = 'p7-1'"
NAMES = [f"raw_appointments.{item['id']}" for item in (*BY_ROW, *UNIQUE, *OF_THE_TABLE)]


@pytest.fixture(scope="module")
def agreement(project_dir: Path) -> Agreement:
    return load_agreement(project_dir / "agreement" / "sandbox.yaml")


@pytest.fixture(scope="module")
def warehouse_url(database_url: str) -> str:
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            f"""
            set role owner;
            create table {TABLE} (
                holder_id text, row_id text, nip text, name text, kind text, low integer, high integer, since date,
                side text
            )
            """.encode()
        )
    return database_url


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(warehouse_url, autocommit=True)) as connection:
        connection.execute("truncate quality.verdict")
        connection.execute("set role owner")
        connection.execute(f"truncate {TABLE}")
        connection.execute(
            f"""
            insert into {TABLE}
            select 'p' || person, 'p' || person || '-' || number, 'n' || person, 'Orang ' || person, 'A', 1, 2,
                date '2026-11-01', case number when 1 then 'x' else 'y' end
            from generate_series(1, {PEOPLE}) as person cross join generate_series(1, 2) as number
            """.encode()
        )
        yield connection


@pytest.fixture
def write(warehouse_url: str, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a project that has just the one suite of the table."""

    def _write(expectations: list[dict[str, Any]]) -> Settings:
        folder = tmp_path / "project" / "expectations"
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "suite": "raw_appointments",
            "stage": "raw",
            "table": TABLE,
            "changes": {"bps": "holder_id"},
            "description": "A test.",
            "expectations": expectations,
        }
        (folder / "raw_appointments.yaml").write_text(yaml.safe_dump(document))
        index = {"raw": {"raw_appointments": [item["id"] for item in expectations]}}
        (folder / "index.yaml").write_text(yaml.safe_dump(index))
        return settings_for(warehouse_url, tmp_path, project_dir=tmp_path / "project")

    return _write


@pytest.fixture
def settings(write: Callable[..., Settings]) -> Settings:
    return write([*BY_ROW, *UNIQUE, *OF_THE_TABLE])


@pytest.fixture
def play(settings: Settings, agreement: Agreement, warehouse: psycopg.Connection) -> Callable[..., None]:
    """Check a day: whole, or with the changed people that ``landing.affected`` is to name."""

    def _play(as_of: date, changed: tuple[str, ...] | None = None) -> None:
        warehouse.execute("truncate landing.build, landing.affected")
        warehouse.execute("insert into landing.build (whole) values (%s)", (changed is None,))
        with warehouse.cursor() as cursor:
            cursor.executemany("insert into landing.affected values ('bps', %s)", [(key,) for key in changed or ()])
        with suppress(PublicationStopped):
            quality.run(settings, agreement, "raw", as_of)

    return _play


def verdicts(connection: psycopg.Connection, as_of: date) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        """
        select suite || '.' || expectation_id, xmin::text, success, unexpected_count, element_count, unexpected_share,
            problem
        from quality.verdict where as_of = %s
        """,
        (as_of,),
    ).fetchall()
    return {name: tuple(rest) for name, *rest in rows}


def failed(connection: psycopg.Connection, as_of: date) -> set[str]:
    return {name.split(".")[1] for name, row in verdicts(connection, as_of).items() if not row[1]}


GOOD_ROW = f"update {TABLE} set name = 'Orang lain' where holder_id = 'p7'"
NEW = f"insert into {TABLE} select 'new', 'new-1', nip, name, kind, low, high, since, side from {TABLE} limit 1"


@pytest.mark.parametrize(
    ("before", "change", "changed", "failing"),
    [
        ("", "", (), 0),
        ("", GOOD_ROW, ("p7",), 0),
        ("", FAR, ("p7", "p8"), 10),  # one row in 40 of kind B is within ``mostly``
        ("", FAR.replace("and row_id = 'p7-1'", "or holder_id in ('p1', 'p2')"), ("p1", "p2", "p7"), 11),
        (FAR, GOOD_ROW, ("p7",), 8),
        (FAR, "", (), 10),
        (FAR, f"delete from {TABLE} where holder_id = 'p7'", ("p7",), 0),
        ("", f"delete from {TABLE} where holder_id = 'p7'", ("p7",), 0),
        ("", NEW, ("new",), 0),
        ("", TWICE, ("p7",), 2),
        ("", f"update {TABLE} set row_id = 'p7-1' where holder_id = 'p7'", ("p7",), 3),
        ("", f"update {TABLE} set {BAD}, holder_id = null where holder_id = 'p7'", ("p7",), 10),
        ("", f"update {TABLE} set side = 'unreadable' where holder_id = 'p7'", ("p7",), 1),
        ("", f"truncate {TABLE}", tuple(f"p{number}" for number in range(1, PEOPLE + 1)), 2),
    ],
)
def test_verdicts_are_those_of_asking_everybody(
    play: Callable[..., None],
    warehouse: psycopg.Connection,
    before: str,
    change: str,
    changed: tuple[str, ...],
    failing: int,
) -> None:
    warehouse.execute(before.encode())
    play(DAY)
    warehouse.execute(change.encode())
    play(NEXT_DAY, changed)
    of_changes = verdicts(warehouse, NEXT_DAY)
    play(NEXT_DAY)
    assert verdicts(warehouse, NEXT_DAY) == of_changes, "the whole evaluation changes no stored verdict"
    assert sorted(of_changes) == sorted(NAMES)
    assert len(failed(warehouse, NEXT_DAY)) == failing


def test_only_changed_rows_and_their_like_are_read(
    play: Callable[..., None], warehouse: psycopg.Connection, settings: Settings
) -> None:
    play(DAY)
    warehouse.execute(FAR.encode())
    warehouse.execute(TWICE.encode())
    play(NEXT_DAY, ("p8",))  # the capture that left p7 out would be at fault
    assert failed(warehouse, NEXT_DAY) == {"all"}, "what is not of single rows is asked of all"
    play(NEXT_DAY, ("p3",))
    assert failed(warehouse, NEXT_DAY) == {"all", "unique"}, "a row is held against rows of all people"
    play(NEXT_DAY)
    assert len(failed(warehouse, NEXT_DAY)) == 11


def test_pages_tell_of_all_rows_and_which_were_asked(
    play: Callable[..., None], warehouse: psycopg.Connection, settings: Settings
) -> None:
    play(DAY)
    play(NEXT_DAY, ("p7",))
    folder = quality.docs_index(settings).parent / "validations"
    (before,) = folder.glob(f"*/{DAY}/**/*.html")
    (after,) = folder.glob(f"*/{NEXT_DAY}/**/*.html")
    results = settings.state_dir / "great_expectations" / "results"
    counted = [
        re.findall(r'"element_count": (\d+)', path.read_text())
        for day in (DAY, NEXT_DAY)
        for path in results.glob(f"*/{day}/**/*.json")
    ]
    assert counted[0] == counted[1]
    assert set(counted[1]) == {str(2 * PEOPLE), str(PEOPLE)}, "of all rows; of those that a condition is about"
    assert "the changed ones (2)" in after.read_text()
    assert "the changed ones" not in before.read_text()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("update quality.verdict set as_of = as_of + 7", "of a later day"),
        ("update quality.verdict set unexpected_count = 1", "with a row that breaks it"),
        ("update quality.verdict set unexpected_count = null", "without a count"),
        ("update quality.verdict set problem = 'could not be evaluated'", "that is none"),
        ("truncate quality.verdict", "not there"),
    ],
)
def test_after_a_verdict_that_does_not_vouch_for_the_others_all_are_asked(
    play: Callable[..., None], warehouse: psycopg.Connection, spoil: str, why: str
) -> None:
    play(DAY)
    warehouse.execute("reset role")
    warehouse.execute(spoil.encode())
    warehouse.execute(FAR.encode())
    play(NEXT_DAY, ())
    assert len(failed(warehouse, NEXT_DAY)) == 10, f"a verdict {why}"


def test_a_bound_that_moves_with_the_day_is_held_against_the_day_of_the_last_verdict(
    write: Callable[..., Settings], play: Callable[..., None], warehouse: psycopg.Connection
) -> None:
    write([expect("day", "expect_column_values_to_be_between", column="since", min_value="{as_of}")])
    warehouse.execute(f"update {TABLE} set since = '{DAY}'".encode())
    play(DAY)
    play(NEXT_DAY, ())
    assert failed(warehouse, DAY) == set()
    assert failed(warehouse, NEXT_DAY) == {"day"}


def test_without_word_of_a_build_everything_is_anew(play: Callable[..., None], warehouse_url: str) -> None:
    play(DAY, ())
    with psycopg.connect(warehouse_url) as admin, closing(connect(warehouse_url, role="quality")) as connection:
        assert not is_whole(connection)
        admin.execute("set role owner")
        admin.execute("update landing.build set whole = true")
        admin.commit()
        assert is_whole(connection)
        admin.execute("truncate landing.build")
        admin.commit()
        assert is_whole(connection)


def test_counts_are_those_of_the_librarys_own_ways(
    write: Callable[..., Settings],
    play: Callable[..., None],
    warehouse: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(
        [
            *UNIQUE,
            expect("some", "expect_column_values_to_be_unique", column="kind", where={"side": "x"}),
            expect("length", "expect_column_values_to_match_regex", column="nip", regex="^[0-9a-f]{3}$"),
            expect("pattern", "expect_column_values_to_match_regex", column="nip", regex="^[a-f]{2}"),
        ]
    )
    warehouse.execute(
        f"""
        update {TABLE} set
            row_id = case when holder_id < 'p3' then 'same' when holder_id < 'p5' then null else row_id end,
            kind = case when side = 'y' then kind when holder_id < 'p2' then null else 'A' end,
            nip = (array['0af', 'abc', '0aF', '0afa', '0a', E'0af\n', E'0a\n', '', 'n1', null])
                [1 + substr(holder_id, 2)::integer % 10]
        """.encode()
    )
    play(DAY)
    ours = verdicts(warehouse, DAY)
    assert {row[2] > 0 for row in ours.values()} == {True}
    with monkeypatch.context() as patch:
        for name in counting.REPEATED:
            providers = registry._registered_metrics[name]["providers"]
            patch.setitem(providers, ENGINE, (providers[ENGINE][0], _sqlalchemy_map_condition_unexpected_count_value))
        providers = registry._registered_metrics["column_values.match_regex.condition"]["providers"]
        patch.setitem(providers, ENGINE, (ColumnValuesMatchRegex, ColumnValuesMatchRegex._sqlalchemy))
        patch.setattr(counting, "replace_metrics", lambda: None)
        play(DAY)
    assert verdicts(warehouse, DAY) == ours


def test_a_query_of_unexpected_rows_is_asked_once(
    write: Callable[..., Settings], play: Callable[..., None], warehouse: psycopg.Connection
) -> None:
    write([expect("once", QUERY, unexpected_rows_query="select nextval('asked') as found from {batch} limit 1")])
    warehouse.execute("create sequence asked; grant usage on sequence asked to quality")
    play(DAY)
    assert warehouse.execute("select nextval('asked')").fetchone() == (2,)
