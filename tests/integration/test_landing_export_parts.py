"""A large portal export is read in parts by processes of their own: the same is landed as in one go."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from padan.errors import ContractViolation, MalformedResponse, StepFailed
from padan.landing import archive, portal_export
from padan.places import files
from padan.projection import tables, workers
from padan.warehouse.connection import connect
from tests.scripted_agencies import DAY, Bench, nip_of, settings_for, small_world

HELD = (
    "select to_jsonb(x) - array['_fetched_at', '_extract_id'] from raw_bkn.portal_export x order by pns_id",
    "select row_key, field, rule, reason, payload from landing.quarantine where dataset = 'portal_export' "
    "order by 1, 2, 3, payload::text",
    "select extracted, landed, quarantined, out_of_scope from landing.extract_dataset where dataset = 'portal_export'",
    "select field, rows from landing.dropped_field where dataset = 'portal_export' order by 1",
    "select nip from landing.person_asked order by 1",
    "select endpoint, rows, body_sha256 from landing.exchange_log where dataset = 'portal_export'",
)
Open = Callable[[], Bench]


@pytest.fixture
def opened(new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Benches over the same world; small parts, so that there are many of them."""
    monkeypatch.setattr(tables, "_BLOCK_BYTES", 3000)
    count = 0

    def make() -> Bench:
        nonlocal count
        count += 1
        world = small_world()
        world.export += [outsider(world.export[0], number) for number in range(200)]
        return Bench(settings_for(new_database(), tmp_path / str(count), quarantine_limit=0.9), world)

    return make


def outsider(row: dict[str, str], number: int) -> dict[str, str]:
    """Someone whose position BPS does not foster and who is not on its list."""
    return row | {"pns_id": f"out-{number}", "nip_baru": nip_of(500 + number), "jenis_jabatan_id": "4"}


def write(bench: Bench, *, spoil: Callable[[str], str] = lambda text: text) -> None:
    path = bench.export_dir / f"portal_export_{DAY.isoformat()}.csv"
    names = [*bench.world.export[0], "phone_number"]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(names)
        for number, row in enumerate(bench.world.export):
            table.writerow([*row.values(), f"0000{number}"])
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")


def awkward(bench: Bench) -> Bench:
    one, other = bench.world.export[0], bench.world.export[1]
    one["nama"] = 'Nama "dengan" kutip,\nbaris baru\tdan \\ garis'
    other["nik"] = "12"
    bench.world.export[2]["nama"] = ""
    return bench


def held(bench: Bench) -> list[object]:
    with connect(bench.settings.database_url.get_secret_value()) as connection:
        found: list[object] = [connection.execute(query.encode()).fetchall() for query in HELD]
    key = bench.settings.key(archive.KEY)
    pages = [
        row
        for path in files(bench.settings.archive_dir / "bkn" / "portal_export", archive.SUFFIX)
        for line in list(archive.read(path, key))[1:]
        for row in json.loads(line)["rows"]
    ]
    return [*found, pages]


def landed(bench: Bench, spoil: Callable[[str], str] = lambda text: text) -> list[object]:
    bench.bps()
    write(bench, spoil=spoil)
    bench.bkn(write_export=False)
    return held(bench)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every file is large enough; the parts that workers read."""
    units: list[str] = []

    class Watched(workers.Workers):
        def read(self, unit, fetched_at, body):  # type: ignore[no-untyped-def]
            units.append(unit)
            return super().read(unit, fetched_at, body)

    monkeypatch.setattr(portal_export, "_WORTH_BYTES", 1)
    monkeypatch.setattr(portal_export, "Workers", Watched)
    return units


def longer(text: str) -> str:
    """A row with one value too many, and an empty line."""
    lines = text.split("\n")
    return "\n".join([*lines[:5], lines[7].rstrip("\r") + ",more", "", *lines[5:]])


def stray(text: str) -> str:
    """A quote inside a field that is not quoted hides where rows end."""
    return text.replace(",person-5", ',per"son-5', 1)


@pytest.mark.parametrize("spoil", [lambda text: text, longer, stray], ids=["sound", "longer", "stray quote"])
def test_the_same_is_landed_in_parts_as_in_one_go(
    opened: Open, monkeypatch: pytest.MonkeyPatch, in_parts: list[str], spoil: Callable[[str], str]
) -> None:
    by_parts = landed(awkward(opened()), spoil)
    assert len(in_parts) > (1 if spoil is stray else 5)
    monkeypatch.setattr(portal_export, "_WORTH_BYTES", 1 << 40)
    before = len(in_parts)
    in_one_go = landed(awkward(opened()), spoil)
    assert len(in_parts) == before
    assert by_parts == in_one_go
    assert len(by_parts[0]) > 5  # type: ignore[arg-type]
    assert by_parts[1]


def test_a_file_that_is_no_csv_is_refused_as_before(opened: Open, in_parts: list[str]) -> None:
    bench = opened()
    with pytest.raises(MalformedResponse, match="breaks off or is not CSV"):
        landed(bench, lambda text: text.rstrip() + ',"open')
    assert in_parts


def test_a_file_without_a_required_column_is_refused(opened: Open, in_parts: list[str]) -> None:
    with pytest.raises(ContractViolation, match="column nama is absent"):
        landed(opened(), lambda text: text.replace(",nama,", ",name,", 1))


def test_a_worker_that_dies_fails_the_step_and_the_next_run_lands_all(
    opened: Open, monkeypatch: pytest.MonkeyPatch, in_parts: list[str]
) -> None:
    bench = opened()
    bench.bps()
    write(bench)
    real = portal_export.Workers.read

    def killing(self, unit, fetched_at, body):  # type: ignore[no-untyped-def]
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        return real(self, unit, fetched_at, body)

    monkeypatch.setattr(portal_export.Workers, "read", killing)
    with pytest.raises(StepFailed, match="a worker ended"):
        bench.bkn(write_export=False)
    monkeypatch.setattr(portal_export.Workers, "read", real)
    bench.bkn(write_export=False)
    assert bench.value("select count(*) from raw_bkn.portal_export") == 9
    bench.add_up()
