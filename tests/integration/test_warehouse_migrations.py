"""The warehouse's schema: made once, extended by the agreement, the same from two processes at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import psycopg
import pytest

from padan.agreement import Item
from padan.errors import SourceUnavailable
from padan.warehouse import raw_tables
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import AGREEMENT


def test_migrations_and_roles_tolerate_company(new_database: Callable[[], str]) -> None:
    """Two databases of one server, each migrated twice at the same moment: roles belong to the server."""
    urls = [new_database(), new_database()] * 2
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, urls))
    urls = [new_database(), new_database()] * 2
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        list(processes.map(migrate, urls))
    with psycopg.connect(urls[0]) as connection:
        roles = connection.execute(
            "select rolname, rolcanlogin from pg_roles where rolname in ('bi_reader', 'liaison')"
        )
        assert sorted(roles.fetchall()) == [("bi_reader", False), ("liaison", False)]
        schemas = {row[0] for row in connection.execute("select nspname from pg_namespace")}
        assert {"landing", "raw_bkn", "raw_bps", "quality", "alerts"} <= schemas


def test_every_table_says_what_a_row_of_it_is(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    with connect(url) as connection:
        raw_tables.ensure(connection, AGREEMENT)
        silent = connection.execute(
            "select relnamespace::regnamespace::text || '.' || relname from pg_class "
            "where relkind = 'r' and relnamespace::regnamespace::text = any(%s) "
            "and obj_description(oid) !~ '^One row per ' is not false "
            "and relname not like 'staged\\_%%' and relname <> 'schema_revision'",
            (["landing", "raw_bkn", "raw_bps", "quality", "alerts"],),
        ).fetchall()
        assert silent == []


def test_raw_tables_follow_the_agreement(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    golongan = AGREEMENT.dataset("bkn", "ref_golongan")
    added = golongan.model_copy(update={"items": (*golongan.items, Item(field="newField", meaning="by an addendum"))})
    extended = AGREEMENT.model_copy(
        update={"datasets": tuple(added if one is golongan else one for one in AGREEMENT.datasets)}
    )
    with connect(url) as connection:
        raw_tables.ensure(connection, AGREEMENT)
        connection.execute(
            "insert into raw_bkn.ref_golongan (id, _extract_id, _as_of, _fetched_at, _row_hash) "
            "values ('31', 1, '2026-01-01', now(), 'x')"
        )
        raw_tables.ensure(connection, extended)
        raw_tables.ensure(connection, AGREEMENT)  # an item that left keeps its column
        assert connection.execute("select id, new_field from raw_bkn.ref_golongan").fetchall() == [("31", None)]
        kinds = connection.execute(
            "select distinct data_type from information_schema.columns "
            "where table_schema in ('raw_bkn', 'raw_bps') and column_name !~ '^_'"
        ).fetchall()
        assert kinds == [("text",)]
        keys = connection.execute(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where contype = 'p' and conrelid in ('raw_bps.reference_codes'::regclass, 'raw_bkn.data_utama'::regclass)"
        ).fetchall()
        assert dict(keys) == {
            "raw_bps.reference_codes": "PRIMARY KEY (code_type, code)",
            "raw_bkn.data_utama": "PRIMARY KEY (id)",
        }


def test_server_that_is_not_there_is_named_without_its_password() -> None:
    url = "postgresql://padan:very-secret@127.0.0.1:1/padan"
    for call in (migrate, connect):
        with pytest.raises(SourceUnavailable) as error:
            call(url)
        assert "very-secret" not in str(error.value)
        assert error.value.__cause__ is None


def test_counts_that_do_not_add_up_cannot_be_written(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    with connect(url) as connection:
        connection.execute("insert into landing.extract (party, as_of, agreement_sha256) values ('bps', now(), '')")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "insert into landing.extract_dataset (extract_id, dataset, mode, extracted, landed, quarantined) "
                "values (1, 'holders', 'full', 3, 1, 1)"
            )
