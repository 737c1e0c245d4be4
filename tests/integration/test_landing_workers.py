"""A long list is projected by processes of their own: the same is landed, whoever dies, and memory stays flat."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.contestant import run_module
from benchmarks.contestants import Arena
from benchmarks.landing import AS_OF, agreement_on_holders
from benchmarks.server import served
from padan import landing
from padan.errors import StepFailed
from padan.landing import archive
from padan.projection import workers
from padan.projection.pages import PageReading
from padan.settings import JfSettings, Settings
from padan.warehouse.connection import connect
from sandbox.postgres import EmbeddedPostgres
from tests.scripted_agencies import settings_for

ROWS, PAGE_SIZE = 4000, 100
AGREEMENT = agreement_on_holders()
Land = Callable[[Settings], None]


@pytest.fixture(scope="module")
def land() -> Iterator[Land]:
    with served(ROWS, PAGE_SIZE) as url:
        source = JfSettings(
            base_url=url,
            token_url=f"{url}/token",
            client_id="test",
            client_secret=SecretStr("test"),
            page_size=PAGE_SIZE,
            requests_per_second=1e9,
        )

        def land(settings: Settings) -> None:
            extract_id = landing.open_extract(settings, AGREEMENT, "bps", AS_OF)
            landing.land_lists(settings, AGREEMENT, extract_id, landing.jf_client(source))
            landing.publish(settings, AGREEMENT, extract_id)

        yield land


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every list is long enough; the pages that workers read."""
    pages: list[int] = []

    class Watched(workers.Workers):
        def read(self, unit: str, fetched_at: datetime, body: bytes) -> PageReading | None:
            pages.append(int(unit))
            return super().read(unit, fetched_at, body)

    monkeypatch.setattr(workers, "WORTH_ROWS", 1)
    monkeypatch.setattr("padan.landing.lists.Workers", Watched)
    return pages


def held(settings: Settings) -> list[object]:
    """What was landed, apart from moments: raw, counts, exchange log, dropped fields, archive."""
    with connect(settings.database_url.get_secret_value()) as connection:

        def rows(query: str) -> list[object]:
            return list(connection.execute(query.encode()))

        found: list[object] = [
            rows("select to_jsonb(h) - array['_fetched_at', '_extract_id'] from raw_bps.holders h order by holder_id"),
            rows("select extracted, landed, quarantined, dropped.field, dropped.rows from landing.extract_dataset "
                 "join landing.dropped_field dropped using (extract_id, dataset) order by dropped.field"),
            rows("select endpoint, attempt, status, error, rows, body_bytes, body_sha256 from landing.exchange_log "
                 "order by 7, 5"),
        ]  # fmt: skip
    pages = []
    for path in sorted(settings.archive_dir.rglob(f"*{archive.SUFFIX}")):
        pages += [line.partition(b'"body_sha256"')[2] for line in archive.read(path, settings.key(archive.KEY))][1:]
    return [*found, pages]


def test_two_workers_land_what_one_process_lands(
    new_database: Callable[[], str], tmp_path: Path, land: Land, always: list[int]
) -> None:
    alone = settings_for(new_database(), tmp_path / "alone", landing_workers=0)
    land(alone)
    assert always == []
    together = settings_for(new_database(), tmp_path / "together")
    land(together)
    assert sorted(always) == list(range(2, ROWS // PAGE_SIZE + 1))
    assert held(together) == held(alone)
    assert len(held(alone)[0]) == ROWS


def test_run_whose_worker_was_killed_goes_on_and_the_result_is_the_same(
    new_database: Callable[[], str], tmp_path: Path, land: Land, always: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = settings_for(new_database(), tmp_path / "alone", landing_workers=0)
    land(alone)
    settings = settings_for(new_database(), tmp_path / "killed")
    read = workers.Workers.read

    def killing(self: workers.Workers, unit: str, fetched_at: datetime, body: bytes) -> PageReading | None:
        if unit == "20":
            for pid in self.pids:  # whichever is free next is gone
                os.kill(pid, signal.SIGKILL)
        return read(self, unit, fetched_at, body)

    with monkeypatch.context() as patched:
        patched.setattr("padan.landing.writer.ROWS_IN_A_BATCH", 1)
        patched.setattr(workers.Workers, "read", killing)
        with pytest.raises(StepFailed, match="ended before its work was done"):
            land(settings)
    before = set(always)
    always.clear()
    land(settings)
    assert 10 < len(before) < 25
    assert len(always) < ROWS // PAGE_SIZE - 10  # not all over again
    assert held(settings)[:2] == held(alone)[:2]  # some pages were fetched twice, and the log says so
    assert held(settings)[3] == held(alone)[3]


@contextmanager
def arena(server: EmbeddedPostgres, directory: Path, rows: int) -> Iterator[Arena]:
    with served(rows, 1000) as url:
        yield Arena(server, directory, url, 1000)


def test_memory_does_not_grow_with_the_list(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Of the largest process, workers included; four times the rows, 65 MB of bodies more."""
    peaks = []
    for rows in (30_000, 120_000):
        with arena(postgres_server, tmp_path, rows) as one:
            figures = run_module("benchmarks.landing", one.job(one.fresh_database()))
        assert figures["rows"] == rows
        peaks.append(figures["peak_bytes"] / 1e6)
    print(f"\npeaks: {peaks[0]:.0f} and {peaks[1]:.0f} MB")
    assert peaks[1] < 250
    assert peaks[1] - peaks[0] < 25
