"""An extract that did not end: continued, given up, or left to the run that works on it."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from padan import landing
from padan.errors import SourceUnavailable, StepFailed
from padan.flows import extraction
from padan.landing.writer import Writer
from padan.warehouse import connection as warehouse_connection
from padan.warehouse.connection import connect, exclusive
from sandbox.postgres import EmbeddedPostgres
from tests.scripted_agencies import (
    AGREEMENT,
    DAY,
    Bench,
    ScriptedJf,
    ScriptedSiasn,
    add_person,
    counts,
    environment_of,
    nip_of,
    settings_for,
    small_world,
)

NEXT_DAY = DAY + timedelta(days=1)


class _Unavailable(ScriptedSiasn):
    """Answers ten times, then is down."""

    def fetch_people(self, requests: Any) -> Any:
        answers = super().fetch_people(requests)
        for _ in range(10):
            yield next(answers)
        raise SourceUnavailable("bkn: SIASN does not answer")


class _BreaksOff(ScriptedJf):
    """Gives two pages of each list, then is down."""

    def pages(self, dataset: str, updated_since: str | None = None, start: int = 1, reader: Any = None) -> Any:
        pages = super().pages(dataset, updated_since, start, reader)
        yield next(pages)
        yield next(pages)
        raise SourceUnavailable("bps: the JF service does not answer")


@pytest.fixture
def interrupted(bench: Bench) -> Bench:
    """BPS is published; ten of BKN's 45 answers are landed."""
    bench.bps()
    bench.siasn = _Unavailable
    with pytest.raises(SourceUnavailable):
        bench.bkn()
    bench.siasn = ScriptedSiasn
    return bench


def states(bench: Bench) -> list[tuple[Any, ...]]:
    return bench.rows("select state, as_of from landing.extract where party = 'bkn' order by extract_id")


def test_same_day_goes_on_where_it_stopped(interrupted: Bench) -> None:
    summary = interrupted.bkn()
    assert len(interrupted.clients[-1].asked) == 35
    assert (counts(summary, "data_utama").landed, summary.state) == (9, "published")
    assert states(interrupted) == [("published", DAY)]
    interrupted.add_up()


def test_later_day_keeps_the_people_and_reads_the_lists_anew(interrupted: Bench) -> None:
    interrupted.world.reference["ref_golongan"][0]["nama"] = "of the next day"
    interrupted.bkn(NEXT_DAY)
    assert len(interrupted.clients[-1].asked) == 35
    assert interrupted.value("select nama from raw_bkn.ref_golongan") == "of the next day"
    assert states(interrupted) == [("published", NEXT_DAY)]
    interrupted.add_up()


def test_people_who_left_the_roster_meanwhile_are_forgotten(interrupted: Bench) -> None:
    first = nip_of(0)
    assert interrupted.value("select count(*) from landing.staged_bkn_data_utama where _unit = %s", first) == 1
    interrupted.world.export = [row for row in interrupted.world.export if row["nip_baru"] != first]
    interrupted.world.lists["holders"][0].update(deleted_at="2026-02-20T00:00:00Z", updated_at="2026-02-20T00:00:00Z")
    add_person(interrupted.world, 30, day=9)
    interrupted.bps(NEXT_DAY)
    summary = interrupted.bkn(NEXT_DAY)
    assert counts(summary, "data_utama").landed == 9
    assert interrupted.value("select count(*) from raw_bkn.data_utama where _nip = %s", first) == 0
    interrupted.add_up()


@pytest.mark.parametrize("days", [8, -1])
def test_too_old_an_extract_is_given_up(interrupted: Bench, days: int) -> None:
    day = DAY + timedelta(days=days)
    interrupted.world.write_export(interrupted.export_dir, day)
    extract_id = landing.open_extract(interrupted.settings, AGREEMENT, "bkn", day)
    assert states(interrupted) == [("abandoned", DAY), ("open", day)]
    assert interrupted.value("select count(*) from landing.staged_bkn_data_utama") == 0
    assert interrupted.value("select count(*) from landing.checkpoint") == 0
    assert list(interrupted.settings.archive_dir.joinpath("bkn").rglob("*.zst")) == []
    assert landing.open_extract(interrupted.settings, AGREEMENT, "bkn", day) == extract_id


def test_changed_agreement_gives_up_what_the_old_one_landed(interrupted: Bench) -> None:
    smaller = AGREEMENT.scope.model_copy(update={"jf_codes": AGREEMENT.scope.jf_codes[1:]})
    changed = AGREEMENT.model_copy(update={"scope": smaller})
    landing.open_extract(interrupted.settings, changed, "bkn", DAY)
    assert [state for state, _ in states(interrupted)] == ["abandoned", "open"]
    reason = interrupted.value("select reason from landing.extract where state = 'abandoned'")
    assert reason == "the agreement changed"


def test_list_goes_on_at_the_next_page(bench: Bench) -> None:
    bench.jf = _BreaksOff
    with pytest.raises(SourceUnavailable):
        bench.bps()
    assert bench.value("select next_start from landing.extract_dataset where dataset = 'holders'") == 3
    assert bench.value("select count(*) from landing.staged_bps_holders") == 8
    bench.jf = ScriptedJf
    assert counts(bench.bps(), "holders").landed == 9
    assert bench.value("select count(*) from landing.exchange_log where dataset = 'holders'") == 3
    bench.add_up()


def test_two_runs_of_one_party_never_interleave(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse_connection, "LOCK_WAIT", 1)
    extract_id = landing.open_extract(bench.settings, AGREEMENT, "bps", DAY)
    url = bench.settings.database_url.get_secret_value()
    with connect(url) as other, exclusive(other, "bps"):
        for step in (
            lambda: landing.open_extract(bench.settings, AGREEMENT, "bps", DAY),
            lambda: landing.land_lists(bench.settings, AGREEMENT, extract_id, bench.open_jf),
            lambda: landing.publish(bench.settings, AGREEMENT, extract_id),
        ):
            with pytest.raises(StepFailed, match="another run works on bps"):
                step()
        landing.open_extract(bench.settings, AGREEMENT, "bkn", DAY)  # the other party is free
    assert bench.bps().state == "published"


def test_run_that_waits_goes_on_when_the_other_is_done(bench: Bench) -> None:
    url = bench.settings.database_url.get_secret_value()
    landing.open_extract(bench.settings, AGREEMENT, "bps", DAY)
    with connect(url) as other, exclusive(other, "bps"):
        waiting = threading.Thread(target=bench.bps)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(30)
    assert bench.value("select state from landing.extract") == "published"


def test_ended_extract_is_not_worked_on(interrupted: Bench) -> None:
    extract_id = interrupted.value("select extract_id from landing.extract where party = 'bkn'")
    interrupted.rows("update landing.extract set state = 'stopped', reason = 'for the test' returning 1")
    with pytest.raises(StepFailed, match=f"extract {extract_id} of bkn is stopped: for the test"):
        landing.land_people(interrupted.settings, AGREEMENT, extract_id, interrupted.open_siasn)
    with pytest.raises(StepFailed, match="there is no extract 999"):
        landing.publish(interrupted.settings, AGREEMENT, 999)


def test_batch_that_cannot_be_written_is_not_jumped_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a batch reaches the caller, and no later batch moves the place where the next run goes on."""
    monkeypatch.setattr("padan.landing.writer.ROWS_IN_A_BATCH", 1)
    write, calls = Writer._write, []

    def fail_once(self: Writer, batch: Any) -> None:
        calls.append(batch)
        if len(calls) == 2:
            raise SourceUnavailable("the disk is full, say")
        write(self, batch)

    monkeypatch.setattr(Writer, "_write", fail_once)
    with pytest.raises(SourceUnavailable):
        bench.bps()
    assert bench.value("select next_start from landing.extract_dataset where dataset = 'holders'") == 2
    assert counts(bench.bps(), "holders").landed == 9
    bench.add_up()


def test_steps_out_of_order_say_what_is_missing(bench: Bench) -> None:
    bench.bps()
    bench.world.write_export(bench.export_dir)
    extract_id = landing.open_extract(bench.settings, AGREEMENT, "bkn", DAY)
    with pytest.raises(StepFailed, match="ref_unor must be landed before the portal export"):
        landing.land_rosters(bench.settings, AGREEMENT, extract_id)
    with pytest.raises(StepFailed, match="the portal export must be landed before people"):
        landing.land_people(bench.settings, AGREEMENT, extract_id, bench.open_siasn)


def test_message_of_the_database_is_not_repeated(bench: Bench) -> None:
    """It may quote a key, and the key of a person is personal."""
    bench.bps()
    extract_id = landing.open_extract(bench.settings, AGREEMENT, "bkn", DAY)
    bench.world.write_export(bench.export_dir)
    landing.land_reference(bench.settings, AGREEMENT, extract_id, bench.open_siasn)
    landing.land_rosters(bench.settings, AGREEMENT, extract_id)
    landing.land_people(bench.settings, AGREEMENT, extract_id, bench.open_siasn)
    with connect(bench.settings.database_url.get_secret_value()) as connection:
        connection.execute("alter table raw_bkn.data_utama add constraint no_one check (nama <> 'person-1')")
    with pytest.raises(StepFailed, match=r"refused a statement \(23514 CheckViolation\)") as error:
        landing.publish(bench.settings, AGREEMENT, extract_id)
    assert "person-1" not in str(error.value)
    assert error.value.__cause__ is None
    assert bench.value("select count(*) from raw_bkn.portal_export") == 0  # all or nothing


def test_crash_of_the_server_costs_the_lists_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are staged unlogged and come back empty; answers about people are logged and stay."""
    server = EmbeddedPostgres(tmp_path / "server").start()
    try:
        bench = Bench(settings_for(server.ensure_database("padan", inherits=True), tmp_path), small_world())
        bench.bps()
        bench.siasn = _Unavailable
        with pytest.raises(SourceUnavailable):
            bench.bkn()
        server._run("pg_ctl", "stop", "-m", "immediate", f"--pgdata={server.data_dir}")
        server.start()
        assert bench.value("select count(*) from landing.staged_bkn_ref_golongan") == 0
        assert bench.value("select count(*) from landing.staged_bkn_data_utama") == 2
        extract_id = bench.value("select extract_id from landing.extract where state = 'open'")
        with pytest.raises(StepFailed, match="must be landed before"):
            landing.land_rosters(bench.settings, AGREEMENT, extract_id)
        bench.siasn = ScriptedSiasn
        # The task that Airflow tries again: nobody has to run the steps before it by hand.
        monkeypatch.setattr(landing, "siasn_client", lambda settings: bench.open_siasn)
        monkeypatch.setattr(extraction, "load", lambda kind: SimpleNamespace(daily_calls=None))
        for name, value in environment_of(bench.settings).items():
            monkeypatch.setenv(name, value)
        before = len(bench.clients)
        assert extraction.land_bkn_people(DAY) == {"extract_id": extract_id}
        assert sum(len(client.asked) for client in bench.clients[before:]) == 35  # and ten before the crash
        # The same again before publishing: it reads the lists anew, and asks about nobody.
        server._run("pg_ctl", "stop", "-m", "immediate", f"--pgdata={server.data_dir}")
        server.start()
        before = len(bench.clients)
        assert extraction.publish_bkn(DAY)["extract_id"] == extract_id
        assert sum(len(client.asked) for client in bench.clients[before:]) == 0
        summary = landing.publish(bench.settings, AGREEMENT, extract_id)
        assert counts(summary, "ref_golongan").landed == 1
        bench.add_up()
    finally:
        server.remove()
