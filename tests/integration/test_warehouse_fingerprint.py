"""The warehouse's hash: of contents, not of the moment or the order in which they came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from padan.warehouse.connection import Connection, connect
from padan.warehouse.fingerprint import warehouse_hash

TABLE = "create table raw_bkn.people (id text, name text, _extract_id bigint, _fetched_at timestamptz)"


@pytest.fixture
def warehouse(new_database: Callable[[], str]) -> Iterator[Connection]:
    with connect(new_database()) as connection:
        connection.execute("create schema raw_bkn")
        connection.execute("create schema elsewhere")
        connection.execute(TABLE)
        connection.execute("insert into raw_bkn.people values ('1', 'a', 1, now()), ('2', null, 1, now())")
        yield connection


def test_same_contents_in_another_order_at_another_time_are_the_same(warehouse: Connection) -> None:
    before = warehouse_hash(warehouse)
    warehouse.execute("drop table raw_bkn.people")
    warehouse.execute("create table raw_bkn.people (_fetched_at timestamptz, name text, id text, _extract_id bigint)")
    warehouse.execute("insert into raw_bkn.people values (now(), null, '2', 7), (now(), 'a', '1', 9)")
    warehouse.execute("create table elsewhere.things as select 1 as one")
    assert warehouse_hash(warehouse) == before
    assert list(before.relations) == ["raw_bkn.people"]


@pytest.mark.parametrize(
    "change",
    [
        "update raw_bkn.people set name = '' where id = '2'",
        "update raw_bkn.people set name = 'b' where id = '1'",
        "delete from raw_bkn.people where id = '1'",
        "insert into raw_bkn.people select * from raw_bkn.people where id = '1'",
        "update raw_bkn.people set id = name, name = id",
        "alter table raw_bkn.people rename name to title",
        "alter table raw_bkn.people rename to persons",
        "create view raw_bkn.more as select id from raw_bkn.people",
    ],
)
def test_any_change_of_contents_changes_the_hash(warehouse: Connection, change: str) -> None:
    before = warehouse_hash(warehouse).combined
    warehouse.execute(change.encode())
    assert warehouse_hash(warehouse).combined != before


def test_empty_warehouse_has_a_hash(new_database: Callable[[], str]) -> None:
    with connect(new_database()) as connection:
        assert warehouse_hash(connection).relations == {}
