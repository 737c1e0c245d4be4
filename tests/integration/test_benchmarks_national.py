"""The national benchmark on a few people: what it makes, that the pipeline finds just what was planted, its tables."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from benchmarks import comparison, national
from benchmarks import population as world
from benchmarks.__main__ import run
from benchmarks.bounded import Bounds
from benchmarks.contestant import Figures, RunFailed
from benchmarks.population import Population
from benchmarks.suites import Bench, Options
from sandbox.postgres import EmbeddedPostgres

PEOPLE = Population(1200, national.FIRST_DAY)
AGREEMENT = national.load_agreement(national.AGREEMENT)
_CONTENT = "select md5(string_agg(row(nip_baru, nik, nama, tgl_lahir)::text, '|' order by id)) from raw_bkn.data_utama"


@pytest.fixture
def bench(postgres_server: EmbeddedPostgres, tmp_path: Path) -> Bench:
    return Bench(postgres_server, tmp_path, Options(people=PEOPLE.people, peers=False), lambda _: None)


@pytest.fixture
def warehouse(bench: Bench) -> Iterator[psycopg.Connection]:
    with psycopg.connect(national.fresh_database(bench), autocommit=True) as connection:
        world.prepare(connection, AGREEMENT, PEOPLE)
        yield connection


def one(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return row and row[0]


def test_a_seed_makes_the_same_people_and_another_seed_others(warehouse: psycopg.Connection, bench: Bench) -> None:
    first = one(warehouse, _CONTENT)
    seen = []
    for seed in (1, 2):
        warehouse.execute(
            "truncate raw_bkn.data_utama, raw_bkn.portal_export, raw_bkn.rw_angkakredit, raw_bkn.rw_jabatan, "
            "raw_bkn.rw_golongan, raw_bkn.rw_pendidikan, raw_bps.holders, raw_bps.position_history, raw_bps.credits, "
            "raw_bps.competence_tests, raw_bps.formations"
        )
        warehouse.execute("drop table bench.planted")
        world.people(warehouse, AGREEMENT, Population(PEOPLE.people, PEOPLE.as_of, seed))
        seen.append(one(warehouse, _CONTENT))
    assert seen[0] == first
    assert seen[1] != first


def test_people_are_as_many_and_as_unlike_as_planted(warehouse: psycopg.Connection) -> None:
    truth = world.truth(warehouse, PEOPLE, ["presence", *world.CHANGES])
    only_bkn, only_bps = truth["presence", "only_in_bkn"], truth["presence", "only_in_bps"]
    assert one(warehouse, "select count(distinct nip_baru) from raw_bkn.data_utama") == PEOPLE.people - only_bps
    assert one(warehouse, "select count(distinct nik) from raw_bps.holders") == PEOPLE.people - only_bkn
    changed = one(warehouse, "select count(distinct n) from bench.planted where attribute not in ('presence', 'nip')")
    assert 0.01 < changed / PEOPLE.people < 0.03
    alike = one(warehouse, "select count(*) from raw_bkn.data_utama inner join raw_bps.holders on nip_baru = nip_bps")
    assert alike == truth["presence", "identical"] - truth["nip", "modified"]


def test_a_run_finds_just_what_was_planted(warehouse: psycopg.Connection, bench: Bench) -> None:
    full = national.play(bench, warehouse, PEOPLE, national.FIRST_DAY, national.BUILDING)
    others = dict(comparison.contest(bench, national.DATABASE, national.differing(warehouse)))
    assert {figures["rows"] for figures in others.values()} == {national.differing(warehouse)}

    warehouse.execute("delete from bench.planted where n = (select min(n) from bench.planted)")
    with pytest.raises(RunFailed, match="differences: "):
        national.verify(warehouse, PEOPLE)

    result = {
        "people": PEOPLE.people,
        "days": [
            {"kind": kind, "changed": 7, "right": right, "steps": full}
            for kind, right in (("full", True), ("changes", True), ("repeated", False))
        ],
        "others": others,
        "relations": {"raw_bkn.data_utama": 1},
    }
    printed = io.StringIO()
    for table in national.tables(result):
        Console(file=printed, width=200).print(table)
    assert all(step["step"] in printed.getvalue() for step in full)
    assert "a day with 7 changed people" in printed.getvalue()
    assert "that day again" not in printed.getvalue()  # its outcome was not right: it has no figures


def test_a_day_of_changes_is_in_raw_and_in_the_truth(warehouse: psycopg.Connection) -> None:
    before = world.truth(warehouse, PEOPLE, ["presence"])
    day = national.FIRST_DAY + timedelta(days=1)
    changed = world.change(warehouse, AGREEMENT, PEOPLE, day, 100)
    after = world.truth(warehouse, PEOPLE, ["presence"])
    mended = min(10, before["title_back", "modified"])
    assert changed == 100 + mended
    assert after.get(("title_back", "modified"), 0) == before["title_back", "modified"] - mended
    assert after["golongan_tmt", "modified"] == before.get(("golongan_tmt", "modified"), 0) + 50
    assert after["unit", "modified"] == before.get(("unit", "modified"), 0) + 25
    touched = one(warehouse, f"select count(*) from raw_bkn.data_utama where _as_of = '{day}'")
    assert touched == 75
    touched = one(warehouse, f"select count(*) from raw_bps.holders where _as_of = '{day}'")
    assert touched == 25 + 25 + mended


def test_what_was_measured_before_a_day_that_fails_is_kept(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def played(*_: object) -> Iterator[Figures]:
        days.append(1)
        yield {"step": "link_people", "seconds": 1.0}
        if len(days) == 2:
            raise RunFailed("differences: of the second day\nwith more that others wrote")

    days: list[int] = []
    monkeypatch.setattr(national, "played", played)
    monkeypatch.setattr(comparison, "contest", lambda *_: iter([("floor", {"seconds": 2.0})]))
    path = tmp_path / "result.json"
    with pytest.raises(RunFailed):
        run("national", bench, path)
    taken = json.loads(path.read_text())
    assert taken["failed"] == "differences: of the second day"
    assert [(day["kind"], day["right"], len(day["steps"])) for day in taken["result"]["days"]] == [
        ("full", True, 1), ("changes", False, 1),
    ]  # fmt: skip
    assert taken["result"]["others"] == {"floor": {"seconds": 2.0}}


def test_what_was_measured_before_a_kill_is_kept(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def played(*_: object) -> Iterator[Figures]:
        yield {"step": "link_people", "seconds": 1.0}
        raise KeyboardInterrupt

    monkeypatch.setattr(national, "played", played)
    path = tmp_path / "result.json"
    with pytest.raises(KeyboardInterrupt):
        run("national", bench, path)
    taken = json.loads(path.read_text())
    assert taken["failed"] == "it did not come to its end"
    assert [step["step"] for step in taken["result"]["days"][0]["steps"]] == ["link_people"]


def test_a_peer_that_is_stopped_leaves_nothing_at_work_in_the_server(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sleeper_people.py").write_text(
        "import json, sys, psycopg\n"
        "with psycopg.connect(json.load(sys.stdin)['database_url']) as connection:\n"
        "    connection.execute('select pg_sleep(3000)')\n"
    )
    monkeypatch.setattr(comparison, "PEERS", tmp_path)
    monkeypatch.setattr(comparison, "peer_environment", lambda *_: Path(sys.executable))
    url = national.fresh_database(bench)
    figures = comparison.peer(bench, national.DATABASE, "sleeper", Bounds(spare=0, seconds=3))
    assert figures["stopped"] == "not done after 3 s"
    assert figures["peak_bytes"] > 1_000_000
    with psycopg.connect(url) as connection:
        assert one(connection, "select count(*) from pg_stat_activity where query like '%pg_sleep(3000)'") == 0


def test_days_follow_the_numbers_of_changed_people() -> None:
    days = national.planned(Options(changed=(20, 2)))
    assert [(day.kind, day.changed) for day in days] == [("full", 0), ("changes", 20), ("repeated", 0), ("changes", 2)]
    assert [day.kind for day in national.planned(Options(days=2))] == ["full", "changes"]


def test_more_people_than_there_are_numbers_for_are_refused() -> None:
    with pytest.raises(ValueError, match="people"):
        Population(world.MOST_PEOPLE + 1, national.FIRST_DAY)
