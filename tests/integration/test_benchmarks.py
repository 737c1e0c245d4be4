"""The benchmark measures what it says, on a small scale and without the peer; no figure is held against a time."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.__main__ import run, wanted
from benchmarks.contestant import RunFailed
from benchmarks.contestants import FLOOR, PADAN, Arena, Plan, landing_rounds
from benchmarks.pages import render
from benchmarks.server import served
from benchmarks.suites import SUITES, Bench, Options
from sandbox.postgres import EmbeddedPostgres

OPTIONS = Options(rows=2000, page_size=500, rounds=1, seconds=0.5, peers=False)


def quiet(line: str) -> None:
    return


def test_everybody_stores_all_rows_and_the_figures_become_a_table(
    postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    taken = run("landing", Bench(postgres_server, tmp_path, OPTIONS, quiet))

    result = taken["result"]
    (done,) = result["rounds"]["landing"]
    assert done[PADAN]["rows"] == done[FLOOR]["rows"] == OPTIONS.rows
    assert done[PADAN]["http_bytes"] >= render(OPTIONS.rows, OPTIONS.page_size).size
    assert OPTIONS.rows * 200 < done[FLOOR]["copy_bytes"] < done[PADAN]["http_bytes"]
    ratio = result["ratios"]["of_plain_copy"]["median"]
    assert ratio == pytest.approx(done[FLOOR]["seconds"] / done[PADAN]["seconds"])
    assert json.loads(json.dumps(taken)) == taken
    printed = io.StringIO()
    report.show(taken, Console(file=printed, width=100))
    assert "plain COPY" in printed.getvalue()


def test_the_export_the_fetch_and_the_log_are_measured(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    few = Options(rows=300, rounds=1, seconds=0.2, peers=False)
    bench = Bench(postgres_server, tmp_path, few, quiet)
    taken = {name: run(name, bench) for name in ("export", "fetch", "exchange_log")}
    (done,) = taken["export"]["result"]["rounds"]
    assert done["landed"]["rows"] == done["plain"]["rows"] == few.rows
    assert [one["rate"] for one in taken["fetch"]["result"]["rates"]] == [4, 20, 50, 100, 200]
    assert taken["exchange_log"]["result"]["rows"] == 5 * few.rows
    for one in taken.values():
        assert json.loads(json.dumps(one)) == one
        report.show(one, Console(file=io.StringIO(), width=120))


def test_the_command_line_names_suites_and_their_size() -> None:
    assert wanted([]) == (list(SUITES), Options())
    assert wanted(["landing", "--people", "300", "--no-peers"]) == (["landing"], Options(people=300, peers=False))
    assert wanted(["national", "--changed", "20000,200"])[1].changed == (20_000, 200)
    with pytest.raises(SystemExit):
        wanted(["nothing_of_the_kind"])


def test_a_contestant_that_loses_rows_has_no_figure(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    more = Plan(rows=1001, page_size=500, rounds=1, seconds=0.5, dlt=False)
    with served(1000, 500) as url, pytest.raises(RunFailed, match="1000 rows of 1001"):
        landing_rounds(Arena(postgres_server, tmp_path, url, 500), more, quiet)


def test_pages_hold_each_row_once_and_are_the_same_every_time() -> None:
    pages = render(1001, 500)
    assert pages.bodies == render(1001, 500).bodies
    rows = [row for body in pages.bodies for row in json.loads(body)["data"][1]]
    assert len({row["holder_id"] for row in rows}) == len(rows) == 1001
    assert any('"' in row["unit_name"] for row in rows)  # some need escaping, as in life
