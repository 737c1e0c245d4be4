"""A build that works through changed people alone leaves the very warehouse that a build of everything leaves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from benchmarks import national
from benchmarks import population as world
from benchmarks.population import Population
from padan import matching
from padan.flows import warehouse as flow
from padan.flows.warehouse import DATA_ONLY, EXACT_PAIRS
from padan.settings import Settings, load
from padan.warehouse import changes, raw_tables
from padan.warehouse.connection import connect
from padan.warehouse.dbt import run_dbt
from padan.warehouse.fingerprint import warehouse_hash
from padan.warehouse.migrations import migrate
from tests.scripted_agencies import environment_of, settings_for

PEOPLE = 500
FIRST = national.FIRST_DAY
AGREEMENT = national.load_agreement(national.AGREEMENT)
# What can happen to a record, `one` and `other` being two people of a side.
AT_BKN = (
    "update raw_bkn.data_utama set nip_baru = (select nip_baru from raw_bkn.data_utama where id = %(other)s) "
    "where id = %(one)s",
    "update raw_bkn.data_utama set nik = (select nik from raw_bkn.data_utama where id = %(other)s) where id = %(one)s",
    "update raw_bkn.data_utama set nip_baru = '9' || substr(nip_baru, 2), nik = '1' || substr(nik, 2) "
    "where id = %(one)s",
    "update raw_bkn.data_utama set nama = 'Nama Lain', tgl_lahir = '31-02-1990', nik = null where id = %(one)s",
    "update raw_bkn.data_utama set status_pegawai = 'CPNS', tmt_cpns = '07-01-2025' where id = %(one)s",
    "update raw_bkn.data_utama set bup_pensiun = '58', tgl_lahir = '10-12-1967', unor_id = 'gone' where id = %(one)s",
    "delete from raw_bkn.data_utama where id = %(one)s",
    "delete from raw_bkn.portal_export where pns_id = %(one)s",
    "update raw_bkn.rw_jabatan set id_pns = %(other)s where id_pns = %(one)s",
    "update raw_bkn.rw_angkakredit set kredit_baru_total = 'banyak' where pns = %(one)s",
    "delete from raw_bkn.rw_angkakredit where pns = %(one)s",
    "delete from raw_bkn.rw_pendidikan where id_pns = %(one)s",
)
AT_BPS = (
    "update raw_bps.holders set nip_bps = (select nip_bps from raw_bps.holders where holder_id = %(other)s) "
    "where holder_id = %(one)s",
    "update raw_bps.holders set nik = (select nik from raw_bps.holders where holder_id = %(other)s) "
    "where holder_id = %(one)s",
    "update raw_bps.holders set nip_bps = '8' || substr(nip_bps, 2) where holder_id = %(one)s",
    "update raw_bps.holders set instansi_code = '9999', golongan = 'II/a', sex = 'X' where holder_id = %(one)s",
    "delete from raw_bps.holders where holder_id = %(one)s",
    "update raw_bps.credits set holder_id = %(other)s where holder_id = %(one)s",
    "update raw_bps.position_history set jf_code = 'none', tmt = 'soon' where holder_id = %(one)s",
    "update raw_bps.competence_tests set test_date = '2026-01-07', target_jenjang = 'MA' where holder_id = %(one)s",
    "delete from raw_bps.position_history where holder_id = %(one)s",
)
# A namesake under a known NIP, with an id before and one after the known one; and somebody new.
NEWCOMERS = tuple(
    f"insert into raw_bkn.data_utama select (jsonb_populate_record(held, jsonb_build_object('id', {changed}))).* "  # noqa: S608
    "from raw_bkn.data_utama as held where id = %(one)s on conflict do nothing"
    for changed in (
        "'0' || substr(id, 2)",
        "'Z' || substr(id, 2)",
        "'N' || substr(id, 2), 'nip_baru', '7' || substr(nip_baru, 2), 'nik', '2' || substr(nik, 2)",
    )
)


@pytest.fixture
def warehouse(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection]:
    url = new_database()
    migrate(url)
    for name, value in environment_of(settings_for(url, tmp_path)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PADAN_AGREEMENT_FILE", str(national.AGREEMENT))
    monkeypatch.setattr(changes, "MOST_AFFECTED", 1.0)
    with psycopg.connect(url, autocommit=True) as connection:
        raw_tables.ensure(connection, AGREEMENT)
        world.prepare(connection, AGREEMENT, Population(PEOPLE, FIRST))
        yield connection


def build(connection: psycopg.Connection, as_of: date) -> str:
    """The models, tests and snapshots of all steps, in two calls of dbt; why it was whole, or ``changes``."""
    settings = load(Settings)
    prepared = flow.prepare(as_of)
    first = ("resource_type:seed", "tag:staging", "tag:people_history", EXACT_PAIRS)
    run_dbt(settings, as_of, "build", *DATA_ONLY, "--select", *first)
    with connect(settings.database_url.get_secret_value(), role="transformer") as linking:
        matching.link(linking)
    then = ("--select", "tag:integration", "tag:marts", "--exclude", EXACT_PAIRS)
    run_dbt(settings, as_of, "build", *DATA_ONLY, *then)
    connection.execute("update landing.build set published = taken")
    assert changes.finish(connection)
    return prepared.reason


def play_a_day(connection: psycopg.Connection, chance: random.Random) -> None:
    """Each thing that can happen, to people drawn by lot; and an organisational unit that goes."""
    for statements, listed in (
        (AT_BKN + NEWCOMERS, "select id from raw_bkn.data_utama order by id"),
        (AT_BPS, "select holder_id from raw_bps.holders order by holder_id"),
    ):
        people = [row[0] for row in connection.execute(listed.encode())]
        for statement in statements * 2:
            one, other = chance.sample(people, 2)
            connection.execute(statement.encode(), {"one": one, "other": other})
    peopled = (
        "select distinct unor_id from raw_bkn.data_utama where unor_id in (select id from raw_bkn.ref_unor) order by 1"
    )
    units = [row[0] for row in connection.execute(peopled)]
    connection.execute("delete from raw_bkn.ref_unor where id = %s", (chance.choice(units),))


@pytest.mark.parametrize("seed", [1])
def test_days_of_changes_leave_what_a_build_of_everything_leaves(warehouse: psycopg.Connection, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    assert build(warehouse, FIRST) == "first"
    for day in (1, 2):
        play_a_day(warehouse, chance)
        assert build(warehouse, FIRST + timedelta(days=day)) == "changes"
    followed = warehouse_hash(warehouse).relations
    warehouse.execute("update landing.build set built_fingerprint = 'of other code'")
    assert build(warehouse, FIRST + timedelta(days=2)) == "code"
    whole = warehouse_hash(warehouse).relations
    assert {name for name in whole if followed[name] != whole[name]} == set()
