"""What raw notes of its changes, and what a build makes of the notes; no dbt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import psycopg
import pytest

from padan.warehouse import changes
from padan.warehouse.connection import connect
from tests.integration import dbt_world
from tests.integration.dbt_world import bkn_person, holder

DAY = date(2026, 3, 2)
LIST = (
    "insert into raw_bkn.ref_golongan (id, _extract_id, _as_of, _fetched_at, _row_hash) "
    "values ('31', 1, now(), now(), 'h')"
)


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    made = new_database()
    dbt_world.prepare(made)
    dbt_world.load(made, {"raw_bkn.data_utama": [bkn_person(n) for n in (1, 2, 3)],
                          "raw_bps.holders": [holder(n) for n in (1, 2, 3)]})  # fmt: skip
    return made


def prepare(url: str, as_of: date = DAY, made_of: str = "code") -> changes.Build:
    with connect(url, role="owner") as connection:
        watched = changes.watch(connection, dbt_world.agreement())
    with connect(url, role="transformer") as connection:
        return changes.gather(connection, as_of, made_of, watched=watched)


def finish(url: str) -> bool:
    with connect(url, role="transformer") as connection:
        for stage in changes.STAGES:
            with changes.passing(connection, stage):
                pass
        return changes.finish(connection)


def rows(url: str, query: str) -> list[tuple[str, str]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()  # type: ignore[return-value]


def noted(url: str) -> list[tuple[str, str]]:
    return rows(url, "select distinct side, key from landing.changed order by 1, 2")


def affected(url: str) -> list[tuple[str, str]]:
    return rows(url, "select side, key from landing.affected order by 1, 2")


@pytest.fixture
def built(url: str) -> str:
    """A warehouse whose first build ended well: staging and pairs as dbt would leave them."""
    assert prepare(url) == changes.Build(True, "first", 0)
    with connect(url, role="transformer") as connection:
        connection.execute(
            "create schema staging_bkn; create schema staging_bps; create schema integration; "
            "create table staging_bkn.stg_bkn__people as select id as person_id_bkn, nip_baru as nip, nik, unor_id "
            "  from raw_bkn.data_utama; "
            "create table staging_bps.stg_bps__holders as select holder_id, nip_bps, nik from raw_bps.holders; "
            "create table staging_bkn.stg_bkn__findings (rule text, person_id_bkn text); "
            "create table staging_bps.stg_bps__findings (rule text, holder_id text); "
            "create table integration.int_matching__pairs as select person_id_bkn, holder_id "
            "  from staging_bkn.stg_bkn__people join staging_bps.stg_bps__holders on nip = nip_bps; "
            "analyze staging_bkn.stg_bkn__people, staging_bps.stg_bps__holders"
        )
    finish(url)
    return url


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_raw_notes_each_kind_of_change_and_of_whom(url: str) -> None:
    prepare(url)
    assert noted(url) == []
    execute(url, "update raw_bkn.data_utama set nama = 'Lain' where id = 'P0002'")
    execute(url, "delete from raw_bps.holders where holder_id = '3'")
    dbt_world.load(url, {"raw_bkn.rw_jabatan": [{"id": "J1", "id_pns": "P0001"}]})
    assert noted(url) == [("bkn", "P0001"), ("bkn", "P0002"), ("bps", "3")]
    execute(url, "delete from landing.changed; update raw_bkn.rw_jabatan set id_pns = 'P0003' where id = 'J1'")
    assert noted(url) == [("bkn", "P0001"), ("bkn", "P0003")]  # whose row it was, and whose it is


def test_lists_are_noted_by_name_and_units_one_by_one(url: str) -> None:
    prepare(url)
    dbt_world.load(url, {"raw_bkn.ref_golongan": [{"id": "31"}], "raw_bkn.ref_unor": [{"id": "unor-1"}],
                         "raw_bps.formations": [{"formation_id": "F1"}]})  # fmt: skip
    assert noted(url) == [("list", "ref_golongan"), ("unor", "unor-1")]


def test_who_may_load_may_not_write_notes(url: str) -> None:
    prepare(url)
    with connect(url, role="loader") as connection:
        connection.execute("update raw_bkn.data_utama set nama = 'Lain' where id = 'P0001'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from landing.changed")
    assert noted(url) == [("bkn", "P0001")]


def test_an_unchanged_day_affects_nobody(built: str) -> None:
    assert prepare(built, DAY + timedelta(days=1)) == changes.Build(False, "changes", 0)


@pytest.fixture
def everybody_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_AFFECTED", 10.0)


@pytest.mark.usefixtures("everybody_may_change")
def test_whoever_shares_a_key_or_a_pair_before_or_after_is_affected(built: str) -> None:
    # BKN's second person takes the first one's NIP: holder 1 (that NIP), its partner, and holder 2, who is left alone.
    execute(built, "update raw_bkn.data_utama set nip_baru = '199001012014121001' where id = 'P0002'")
    assert prepare(built).affected == 4
    assert affected(built) == [("bkn", "P0001"), ("bkn", "P0002"), ("bps", "1"), ("bps", "2")]


@pytest.mark.usefixtures("everybody_may_change")
def test_whoever_shares_a_nik_is_affected_and_nobody_by_a_malformed_one(built: str) -> None:
    execute(built, "update raw_bps.holders set nik = '3273010101900001' where holder_id = '2'")
    prepare(built)
    assert affected(built) == [("bkn", "P0001"), ("bkn", "P0002"), ("bps", "1"), ("bps", "2")]
    finish(built)
    execute(
        built, "update staging_bps.stg_bps__holders set nik = '0'; update staging_bkn.stg_bkn__people set nik = '0'"
    )
    execute(built, "update raw_bps.holders set nik = '0' where holder_id = '3'")
    prepare(built)
    assert affected(built) == [("bkn", "P0003"), ("bps", "3")]


@pytest.mark.usefixtures("everybody_may_change")
def test_whom_another_row_hides_is_looked_at_whenever_anybody_changes(built: str) -> None:
    execute(built, "insert into staging_bkn.stg_bkn__findings values ('duplicate_person', 'P0009')")
    execute(built, "update raw_bps.holders set name = 'LAIN' where holder_id = '3'")
    prepare(built)
    assert ("bkn", "P0009") in affected(built)


@pytest.mark.usefixtures("everybody_may_change")
def test_a_unit_affects_its_people(built: str) -> None:
    execute(built, "insert into raw_bkn.ref_unor (id, _extract_id, _as_of, _fetched_at, _row_hash) "
                   "values ('unor-1', 1, now(), now(), 'h')")  # fmt: skip
    prepare(built)
    assert {key for side, key in affected(built) if side == "bkn"} == {"P0001", "P0002", "P0003"}


@pytest.mark.usefixtures("everybody_may_change")
def test_a_build_that_did_not_end_well_is_taken_up_with_what_came_since(built: str) -> None:
    execute(built, "update raw_bps.holders set name = 'LAIN' where holder_id = '3'")
    assert prepare(built).affected == 2
    execute(built, "update raw_bps.holders set name = 'LAIN' where holder_id = '1'")
    assert prepare(built).affected == 4
    finish(built)
    assert affected(built) == []
    assert prepare(built).affected == 0


def test_a_note_that_another_session_is_writing_is_not_lost(built: str) -> None:
    with psycopg.connect(built) as other:
        other.execute("update raw_bps.holders set name = 'LAIN' where holder_id = '3'")
        prepare(built)
        finish(built)
    assert noted(built) == [("bps", "3")]


@pytest.mark.parametrize(
    ("statement", "as_of", "made_of", "reason"),
    [
        ("select", DAY, "other code", "code"),
        ("select", DAY - timedelta(days=1), "code", "earlier"),
        ("select", DAY + changes.WHOLE_EVERY, "code", "due"),
        (LIST, DAY, "code", "lists"),
        ("update raw_bps.holders set name = 'LAIN' where holder_id = '3'", DAY, "code", "many"),
        ("drop trigger note_change_update on raw_bps.holders", DAY, "code", "unwatched"),
        ("update raw_bps.holders set holder_id = ' 3' where holder_id = '3'", DAY, "code", "unwatched"),
        ("drop table integration.int_matching__pairs", DAY, "code", "first"),
    ],
)
def test_everything_is_made_anew_where_single_people_do_not_tell_enough(
    built: str, statement: str, as_of: date, made_of: str, reason: str
) -> None:
    execute(built, statement)
    assert prepare(built, as_of, made_of) == changes.Build(True, reason, 0)
    assert affected(built) == []
    # Until it has ended well, the next one is whole as well.
    assert prepare(built, as_of, made_of).reason == "unfinished"


def test_everything_is_made_anew_where_a_person_wants_it(built: str) -> None:
    with connect(built, role="transformer") as connection:
        changes.forget(connection)
    assert prepare(built).reason == "code"


def test_code_that_changes_within_a_build_makes_the_rest_of_it_whole(built: str) -> None:
    prepare(built)
    with connect(built, role="transformer") as connection:
        changes.note_code(connection, "code")
        assert not changes.is_whole(connection)
        changes.note_code(connection, "other code")
        assert changes.is_whole(connection)
    assert finish(built)
    assert prepare(built, made_of="other code").reason == "code"


@pytest.mark.usefixtures("everybody_may_change")
def test_of_two_builds_at_once_the_one_that_took_the_last_notes_ends_both(built: str) -> None:
    with connect(built, role="transformer") as connection:
        prepare(built)
        for stage in changes.STAGES[:3]:
            with changes.passing(connection, stage):
                pass
        execute(built, "update raw_bps.holders set name = 'LAIN' where holder_id = '3'")
        prepare(built)  # by the other
        for stage in changes.STAGES[3:]:
            with changes.passing(connection, stage):
                pass
        assert not changes.finish(connection)
        assert affected(built) != []
    assert finish(built)
    assert affected(built) == []


def test_a_stage_that_fails_passes_nothing_on(built: str) -> None:
    prepare(built)
    with connect(built, role="transformer") as connection:
        with pytest.raises(ZeroDivisionError), changes.passing(connection, "staged"):
            1 / 0  # noqa: B018
        for stage in changes.STAGES[1:]:
            with changes.passing(connection, stage):
                pass
        assert not changes.finish(connection)


def test_without_a_prepared_build_everything_is_made_anew(url: str) -> None:
    with connect(url, role="transformer") as connection:
        assert changes.is_whole(connection)


def test_each_dataset_about_people_says_by_which_column() -> None:
    by_person = {
        (dataset.party, dataset.name)
        for dataset in dbt_world.agreement().datasets
        if dataset.person_key or "holder_id" in dataset.columns
    }
    assert by_person <= changes.PERSON_COLUMN.keys()
    for dataset in dbt_world.agreement().datasets:
        column = changes.PERSON_COLUMN.get((dataset.party, dataset.name))
        assert column is None or column in dataset.columns
