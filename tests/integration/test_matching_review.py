"""The review list: one file of its owner's, a line to paste for each pair, and on record who was shown."""

from __future__ import annotations

import csv
import html
import re
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from padan import matching
from padan.cli import app
from padan.flows.matching import review
from padan.matching import decisions
from padan.matching.review import file_in
from padan.warehouse.connection import connect
from tests.integration.dbt_world import Dbt, bkn_person, holder, load, nik, nip, prepare, references

DAY = date(2026, 1, 5)
CODE = re.compile(r"<code>(D-[^<]+)</code>")


@pytest.fixture(scope="module")
def url(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """One holder who fits two people, one with whom a settled person's double fits, and one <script> of a name."""
    url = new_database()
    prepare(url)
    load(
        url,
        references()
        | {
            "raw_bkn.data_utama": [
                bkn_person(1, nama="Wahyu Utomo"),
                bkn_person(7, nama="Rini Astuti", tgl_lahir="02-02-1985"),
                bkn_person(8, nama="Rini Astuti", tgl_lahir="02-02-1985"),
                bkn_person(30, nama="Wahyu Utomo", nip_baru=nip(930), nik=nik(930)),
            ],
            "raw_bps.holders": [
                holder(1, name="Wahyu Utomo"),
                holder(
                    7,
                    name="Rini Astuti",
                    nip_bps=nip(9),
                    nik=nik(907),
                    title_back="<script>S.Si</script>",
                    birth_date="1985-02-02",
                ),
            ],
        },
    )
    Dbt(url, tmp_path_factory.mktemp("dbt")).run(
        DAY.isoformat(), "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable",
        "--select", "resource_type:seed", "tag:staging", "int_matching__exact_pairs",
    )  # fmt: skip
    with connect(url, role="transformer") as connection:
        found = matching.link(connection)
        assert found.review == {"fits_several": 2, "suspected_duplicate": 1}
        assert found.tiers == {}, "nobody gets a second partner"
    return url


@pytest.fixture(autouse=True)
def _settings(url: str, tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: tmp_path for name in ("STATE_DIR", "ARCHIVE_DIR", "PORTAL_EXPORT_DIR")}
    agreement = project_dir / "agreement" / "sandbox.yaml"
    others = {"DATABASE_URL": url, "AGREEMENT_FILE": agreement, "PROJECT_DIR": project_dir, "ENV_FILE": ""}
    for name, value in (places | others | {"SECRET_KEY": "synthetic " * 4}).items():
        monkeypatch.setenv(f"PADAN_{name}", str(value))


def accesses(url: str) -> list[tuple[str, str, date]]:
    with connect(url) as connection:
        return connection.execute(
            "select looked_up_by, purpose, looked_up_on from privacy.subject_access order by access_id"
        ).fetchall()


def test_the_list_is_its_owners_alone_and_shows_whom_it_is_about(tmp_path: Path) -> None:
    path, shown, waiting = review(DAY, "Biro SDM")
    assert path == file_in(tmp_path)
    assert (shown, waiting) == (3, 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert nip(7) in text.replace("<mark>", "").replace("</mark>", "")
    assert "Cocok dengan lebih dari satu orang" in text
    assert "Dugaan catatan ganda" in text
    assert "<script>S.Si" not in text
    assert review(DAY, "Biro SDM")[0].read_text() == text, "the same list for the same people"


def test_the_file_fetches_nothing(tmp_path: Path) -> None:
    text = review(DAY, "Biro SDM")[0].read_text()
    assert "default-src 'none'" in text
    assert text.count('<script type="application/json">') == 3, "a chart for each pair that was weighed"
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert re.findall(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", outside) == []
    assert "http" not in outside.replace("http-equiv", "")
    assert "vegaEmbed" in text


def test_each_line_can_be_pasted_and_is_obeyed(url: str) -> None:
    codes = [html.unescape(one) for one in CODE.findall(review(DAY, "Biro SDM, BPS")[0].read_text())]
    rows = list(csv.reader(codes))
    assert [row[0] for row in rows] == ["D-0001", "D-0001", "D-0002", "D-0002", "D-0003", "D-0003"]
    assert [row[1] for row in rows] == ["link", "never_link"] * 3
    assert {row[4] for row in rows} == {"Biro SDM, BPS"}
    with connect(url, role="transformer") as connection:
        pasted = [row for row in rows if row[1] == "never_link"]
        connection.cursor().executemany(
            "insert into reference.matching_decisions values (%s, %s, %s, %s, %s, %s, %s)", pasted
        )
        try:
            assert decisions.check(connection) == 3
            assert matching.link(connection).review == {}
        finally:
            connection.execute("delete from reference.matching_decisions")
            matching.link(connection)


def test_everybody_shown_is_on_record(url: str) -> None:
    before = len(accesses(url))
    review(DAY, "Biro SDM")
    new = accesses(url)[before:]
    # P0007, P0008 and holder 7; holder 1, whom a double fits, and that double.
    assert len(new) == 5
    assert {row[0] for row in new} == {"Biro SDM"}
    assert "penetapan pasangan" in new[0][1]
    assert new[0][2] == DAY


def test_without_saying_who_decides_nothing_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["matching", "review", "--by", " "])
    assert done.exit_code != 0
    assert not file_in(tmp_path).exists()


def test_the_command_tells_where_the_list_is_and_no_person(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["matching", "review", "--by", "Biro SDM", "--as-of", DAY.isoformat()])
    assert done.exit_code == 0, done.output
    assert str(file_in(tmp_path)) in done.output
    assert "3 of 3 pairs" in done.output
    assert not re.search(r"[0-9]{16}", done.output)
