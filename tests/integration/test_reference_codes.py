"""Codes of both agencies over days: versions, what changed, wrong mappings and who mends them, decisions of people."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration import dbt_world
from tests.integration.dbt_world import BKN_ID, Dbt, Row, bkn_person, code, holder, load, prepare, references

DAY_1, DAY_2, DAY_3 = "2026-01-05", "2026-01-06", "2026-01-07"
MARTS = "+marts/reference"


def world() -> dict[str, list[Row]]:
    return references() | {
        "raw_bkn.data_utama": [bkn_person(1), bkn_person(2, tk_pendidikan_terakhir_id="99")],
        "raw_bps.holders": [
            holder(1), holder(2, instansi_code="0777"), holder(3, employment_status="199001012014121003"),
        ],
    }  # fmt: skip


def later() -> dict[str, list[Row]]:
    """A standing of BKN is reused, the level S-2 leaves, BPS renames and retires, and adds one of BKN's name."""
    changed = world()
    changed["raw_bkn.ref_kedudukan_hukum"] = [{"id": "01", "nama": "Aktif"}, {"id": "71", "nama": "Cuti Melahirkan"}]
    changed["raw_bkn.ref_tingkat_pendidikan"] = [{"id": "40", "nama": "S-1/Sarjana"}]
    codes = {(row["code_type"], row["code"]): row for row in changed["raw_bps.reference_codes"]}
    codes["instansi", "0002"]["name"] = "instansi 0002 baru"
    codes["jf", "87415"]["valid_to"] = DAY_1
    codes["instansi", "0003"] = code("instansi", "0003", None, name="BADAN KEPEGAWAIAN NEGARA")
    changed["raw_bps.reference_codes"] = list(codes.values())
    return changed


@pytest.fixture
def dbt(new_database: Callable[[], str], tmp_path: Path) -> Dbt:
    url = new_database()
    prepare(url)
    load(url, world())
    return Dbt(url, tmp_path)


def build(dbt: Dbt, day: str) -> None:
    dbt.run(
        day, "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable", "--select", MARTS
    )


def rows(dbt: Dbt, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dbt.database_url) as connection:
        return connection.execute(query.encode()).fetchall()


def changes(dbt: Dbt) -> set[tuple[Any, ...]]:
    return set(
        rows(
            dbt,
            "select agency, list_name, code, change_kind, valid_from::text from marts_reference.dim_reference_code "
            "where change_kind <> 'initial' union all "
            "select agency, list_name, code, 'retired', valid_to::text from marts_reference.dim_reference_code "
            "where is_retired",
        )
    )


def differences(dbt: Dbt) -> set[tuple[Any, ...]]:
    return set(
        rows(
            dbt,
            "select agency, list_name, code, issue, owner_party, people, first_seen_on::text "
            "from marts_reference.fct_reference_differences",
        )
    )


FIRST_DIFFERENCES = {
    ("bps", "instansi", "0998", "unmapped", "bps", 0, DAY_1),
    ("bps", "instansi", "0777", "not_listed", "bps", 1, DAY_1),
    # What may be a number of a person is not shown.
    ("bps", "employment_status", "unreadable", "not_listed", "bps", 1, DAY_1),
    ("bkn", "tingkat_pendidikan", "99", "not_listed", "bkn", 1, DAY_1),
}


def test_versions_and_wrong_mappings_over_days(dbt: Dbt) -> None:
    build(dbt, DAY_1)
    assert changes(dbt) == set()
    assert differences(dbt) == FIRST_DIFFERENCES

    load(dbt.database_url, later())
    build(dbt, DAY_2)
    expected = {
        ("bkn", "kedudukan_hukum", "71", "id_reused", DAY_2),
        ("bkn", "tingkat_pendidikan", "45", "retired", DAY_2),
        ("bps", "instansi", "0002", "renamed", DAY_2),
        ("bps", "instansi", "0003", "added", DAY_2),
        ("bps", "jf", "87415", "retired", DAY_2),
    }
    assert changes(dbt) == expected
    found = FIRST_DIFFERENCES | {
        ("bps", "employment_status", "P3K", "id_reused", "bkn", 0, DAY_2),
        ("bps", "education_level", "S2", "target_missing", "bps", 0, DAY_2),
        # Its name is BKN's own, so both now stand for one.
        ("bps", "instansi", "0002", "target_shared", "bps", 0, DAY_2),
        ("bps", "instansi", "0003", "target_shared", "bps", 0, DAY_2),
    }
    assert differences(dbt) == found
    states = rows(
        dbt,
        "select list_name, code, state, provenance, mapped_code from marts_reference.rpt_reference_mapping "
        "where (list_name, code) in (('instansi', '0003'), ('employment_status', 'AKT')) order by 1",
    )
    assert states == [
        ("employment_status", "AKT", "mapped", "bps", "01"),
        ("instansi", "0003", "conflicting", "name", BKN_ID),
    ]

    build(dbt, DAY_2)
    assert (changes(dbt), differences(dbt)) == (expected, found)
    build(dbt, DAY_3)
    assert (changes(dbt), differences(dbt)) == (expected, found)


def test_a_reviewed_decision_ends_a_difference(dbt: Dbt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    shutil.copytree(dbt_world.PROJECT_DIR / "dbt_project", project / "dbt_project")
    with (project / "dbt_project" / "seeds" / "reviewed_code_mappings.csv").open("a") as decisions:
        decisions.write(f"instansi,0777,{BKN_ID},2026-01-06,,Biro SDM BPS,salah ketik\n")
        decisions.write("instansi,0998,,2026-01-06,,Biro SDM BPS,bukan instansi\n")
    monkeypatch.setattr(dbt_world, "PROJECT_DIR", project)
    build(dbt, DAY_1)
    assert differences(dbt) == FIRST_DIFFERENCES
    build(dbt, DAY_2)
    assert {row[2] for row in differences(dbt)} == {"unreadable", "99"}
    assert rows(
        dbt,
        "select code, state, provenance, mapped_code from marts_reference.rpt_reference_mapping "
        "where code in ('0998', '0777') order by 1",
    ) == [("0998", "no_counterpart", None, None)]
    assert rows(dbt, "select bkn_code from integration.int_comparison__crosswalk where bps_code = '0777'") == [
        (BKN_ID,)
    ]


def test_the_same_person_before_and_after_a_decision_changes(
    dbt: Dbt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BPS writes 0001 both days; BKN's agency is that of the first decision, so only the second day differs."""
    project = tmp_path / "project"
    shutil.copytree(dbt_world.PROJECT_DIR / "dbt_project", project / "dbt_project")
    with (project / "dbt_project" / "seeds" / "reviewed_code_mappings.csv").open("a") as decisions:
        decisions.write(f"instansi,0001,{dbt_world.BPS_ID},2026-01-01,{DAY_1},Biro SDM BPS,sebelum pemekaran\n")
        decisions.write(f"instansi,0001,{BKN_ID},{DAY_2},,Biro SDM BPS,setelah pemekaran\n")
    monkeypatch.setattr(dbt_world, "PROJECT_DIR", project)
    verdicts = []
    for day in (DAY_1, DAY_2):
        dbt.run(day, "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable",
                "--select", "+int_comparison__verdicts", "+int_comparison__differences")  # fmt: skip
        verdicts += rows(
            dbt,
            "select verdicts.verdict, bkn_value, bps_value from integration.int_comparison__verdicts as verdicts "
            "left join integration.int_comparison__differences using (asn_key, attribute) "
            "where attribute = 'instansi' and verdicts.person_id_bkn = 'P0001'",
        )
    assert verdicts == [
        ("identical", None, None),
        ("modified", dbt_world.BPS_ID, BKN_ID),
    ]
