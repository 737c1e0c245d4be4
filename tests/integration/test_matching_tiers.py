"""People whom no exact key settles, matched on a real database between two stages of dbt; decisions above all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from padan import matching
from padan.errors import StepFailed
from padan.matching import decisions
from padan.warehouse.connection import Connection, connect
from tests.integration.dbt_world import Dbt, bkn_person, holder, load, nik, nip, prepare, references

DAY = "2026-01-05"
FOUND = "select person_id_bkn, holder_id, tier, evidence from matching.person_pair order by 1"


def moved(digits: str, place: int) -> str:
    """``digits`` with the two from ``place`` on transposed."""
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


def world() -> dict[str, Any]:
    pppk = "199001012012211001"
    return references() | {
        "raw_bkn.data_utama": [
            bkn_person(1),
            bkn_person(2, nama="Muhammad Rizki"),
            bkn_person(3, nama="Soeharto"),
            bkn_person(4, nama="Siti Aminah"),
            bkn_person(6, nama="Agus Hadi", tgl_lahir="02-01-1990"),
            bkn_person(7, nama="Rini Astuti"),
            bkn_person(8, nama="Rini Astuti"),
            bkn_person(20, nama="Wahyu Utomo"),
            bkn_person(21, nama="Bambang Susilo"),
            bkn_person(22, nama="Bambang Susilo", nip_lama="340000022"),
        ],
        "raw_bps.holders": [
            holder(1),
            holder(2, name="Moh. Rizki", nip_bps=nip(902), nik=nik(902)),  # one digit
            holder(3, name="SUHARTO", nip_bps=moved(nip(3), 11), nik=None),
            holder(4, name="Joko Widodo", nip_bps=nip(904), nik=nik(904)),  # another name
            holder(6, name="Agus Hadi", nip_bps=nip(906), nik=nik(906), birth_date="1990-01-03"),  # another birth date
            holder(7, name="Rini Astuti", nip_bps=nip(9), nik=nik(907)),  # one digit from two people
            holder(20, name="WAHYU UTOMO", nip_bps=pppk, nik=nik(920), employment_type="PPPK"),
        ],
    }


@pytest.fixture(scope="module")
def dbt(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    prepare(database_url)
    load(database_url, world())
    runner = Dbt(database_url, tmp_path_factory.mktemp("dbt"))
    runner.run(DAY, "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable", "--select",
               "resource_type:seed", "tag:staging", "int_matching__exact_pairs")  # fmt: skip
    return runner


@pytest.fixture
def warehouse(dbt: Dbt) -> Iterator[Connection]:
    """A connection with the transformer's rights; what a test changes in the seeds is taken back."""
    with connect(dbt.database_url, role="transformer") as connection:
        tiers = connection.execute("select * from reference.matching_tiers").fetchall()
        yield connection
        connection.execute("delete from reference.matching_decisions")
        connection.execute("delete from reference.matching_tiers")
        places = ", ".join(["%s"] * len(tiers[0]))
        connection.cursor().executemany(f"insert into reference.matching_tiers values ({places})".encode(), tiers)


def decide(connection: Connection, *rows: tuple[str, str, str, str]) -> None:
    for number, decision, person, holder_id in rows:
        connection.execute(
            "insert into reference.matching_decisions (decision_id, decision, person_id_bkn, holder_id) "
            "values (%s, %s, %s, %s)",
            (number, decision, person, holder_id),
        )


def test_wrong_nips_are_corrected_and_doubt_waits_for_a_person(warehouse: Connection) -> None:
    matching.link(warehouse)
    corrected = [row for row in warehouse.execute(FOUND).fetchall() if row[2] == "nip_corrected"]
    assert corrected == [
        ("P0002", "2", "nip_corrected", "nip:mistyped_digit birth_date:same name:same"),
        ("P0003", "3", "nip_corrected", "nip:transposed_digits birth_date:same name:same"),
        ("P0020", "20", "nip_corrected", "nip:standing_changed birth_date:same name:same"),
    ]
    doubtful = warehouse.execute(
        "select person_id_bkn, holder_id from matching.review_pair "
        "where tier = 'nip_corrected' and reason = 'fits_several' order by 1, 2"
    ).fetchall()
    assert doubtful == [("P0007", "7"), ("P0008", "7")]


def test_a_second_run_touches_no_row(warehouse: Connection) -> None:
    content = (
        "select xmin::text, person_pair::text from matching.person_pair "
        "union all select xmin::text, review_pair::text from matching.review_pair order by 2"
    )
    first = matching.link(warehouse)
    before = warehouse.execute(content).fetchall()
    assert before
    assert matching.link(warehouse) == first
    assert warehouse.execute(content).fetchall() == before


def test_a_rule_that_the_registry_does_not_name_matches_nobody(warehouse: Connection) -> None:
    for tier in ("nip_corrected", "probabilistic"):
        warehouse.execute("delete from reference.matching_tiers where tier = %s", (tier,))
        matching.link(warehouse)
        assert tier not in {row[2] for row in warehouse.execute(FOUND)}
    assert warehouse.execute(FOUND).fetchall() == []


def test_a_pair_of_an_unnamed_rule_is_not_recorded(warehouse: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def rogue(bench: Any, *_: Any) -> None:
        bench.execute("insert into found values ('P0004', '4', 'a_guess', 1, 'nothing')")

    matching.link(warehouse)
    before = warehouse.execute(FOUND).fetchall()
    monkeypatch.setattr("padan.matching.corrected.find", rogue)
    with pytest.raises(StepFailed, match="does not name a_guess"):
        matching.link(warehouse)
    assert warehouse.execute(FOUND).fetchall() == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("update reference.matching_tiers set tier = 'guess' where tier = 'nip_corrected'", "no such rule"),
        ("update reference.matching_tiers set position = 9 where tier = 'decided'", "another order"),
        ("update reference.matching_tiers set review_score = 0.9, accept_score = 0.8 where position = 5", "probabil"),
    ],
)
def test_a_registry_at_fault_stops_the_step(warehouse: Connection, statement: str, message: str) -> None:
    warehouse.execute(statement.encode())
    with pytest.raises(StepFailed, match=message):
        matching.link(warehouse)


def test_of_very_many_people_the_same_are_found(warehouse: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot fit anybody stays away from the tiers, and nobody else."""
    matching.link(warehouse)
    before = warehouse.execute(FOUND).fetchall()
    monkeypatch.setattr("padan.matching.people.EVERYBODY", 0)
    matching.link(warehouse)
    assert warehouse.execute(FOUND).fetchall() == before
    assert len(before) >= 3


KEYS = "select * from matching.rough_key_bkn order by unique_id"


def test_who_did_not_change_keeps_the_rough_keys(warehouse: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a build of changed people the keys of these alone are made; a build that went by without makes everybody's."""
    monkeypatch.setattr("padan.matching.people.EVERYBODY", 0)
    matching.link(warehouse)
    everybody = warehouse.execute(KEYS).fetchall()
    assert [row[0] for row in everybody] == [row["id"] for row in world()["raw_bkn.data_utama"]]
    warehouse.execute("update landing.build set whole = false")
    warehouse.execute("delete from landing.affected")
    warehouse.execute("insert into landing.affected values ('bkn', 'P0004'), ('bkn', 'P0008')")
    try:
        with warehouse.transaction(force_rollback=True):
            warehouse.execute("update staging_bkn.stg_bkn__people set name = 'Dewi' where person_id_bkn = 'P0004'")
            warehouse.execute("delete from staging_bkn.stg_bkn__people where person_id_bkn = 'P0008'")
            warehouse.execute("delete from matching.rough_key_bkn where unique_id = 'P0006'")
            warehouse.execute("insert into matching.rough_key_bkn values ('P0006')")
            matching.link(warehouse)
            keys = {row[0]: row for row in warehouse.execute(KEYS)}
            assert keys["P0006"] == ("P0006", None, None, None, None)
            assert keys["P0004"][4] not in [row[4] for row in everybody]
            assert "P0008" not in keys
            warehouse.execute("update landing.build set published = taken + 1")
            matching.link(warehouse)
            assert {row[0]: row for row in warehouse.execute(KEYS)} == keys | {
                row[0]: row for row in everybody if row[0] == "P0006"
            }
    finally:
        warehouse.execute("update landing.build set whole = true")
        warehouse.execute("delete from landing.affected")


def test_never_link_keeps_two_apart(warehouse: Connection) -> None:
    decide(warehouse, ("D-1", "never_link", "P0002", "2"))
    matching.link(warehouse)
    assert ("P0002", "2") not in {row[:2] for row in warehouse.execute(FOUND)}
    assert ("P0003", "3") in {row[:2] for row in warehouse.execute(FOUND)}


def test_decisions_that_nobody_can_obey_are_refused_by_their_number(warehouse: Connection) -> None:
    decide(warehouse, ("D-1", "link", "P0004", "4"), ("D-2", "never_link", "P0002", "2"))
    assert decisions.check(warehouse) == 2
    decide(warehouse, ("D-3", "link", "P0004", "6"), ("D-4", "link", "P0002", "2"), ("D-5", "link", "P9", "nobody"))
    with pytest.raises(StepFailed) as failure:
        decisions.check(warehouse)
    message = str(failure.value)
    assert "D-5 names a person_id_bkn that nobody bears; D-5 names a holder_id that nobody bears" in message
    assert "D-1 contradicts D-3" in message
    assert "D-2 contradicts D-4" in message
    assert "P0004" not in message


def test_a_decision_is_above_every_key_and_the_marts_follow(dbt: Dbt, warehouse: Connection) -> None:
    """P0001 and holder 1 bear the same NIP; a person says that holder 1 is P0021 all the same."""
    decide(warehouse, ("D-1", "link", "P0021", "1"))
    words = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable", "--select")
    dbt.run(DAY, "build", *words, "int_matching__exact_pairs")
    matching.link(warehouse)
    dbt.run(DAY, "build", *words, "tag:people_history", "tag:integration", "tag:marts")
    with psycopg.connect(dbt.database_url) as connection:
        pairs = dict(
            connection.execute(
                "select holder_id, tier from integration.int_matching__pairs where person_id_bkn = 'P0021'"
            )
        )
        assert pairs == {"1": "decided"}
        tiers = connection.execute(
            "select tier, label_id, count(*) from marts_reconciliation.fct_matches group by 1, 2 order by 1"
        ).fetchall()
        duplicates = connection.execute(
            "select side, dataset, field, count(*) from marts_reconciliation.fct_findings "
            "where rule = 'fits_several' group by 1, 2, 3"
        ).fetchall()
    assert duplicates == [("bkn", "data_utama", "nip", 2)]
    assert ("decided", "Keputusan petugas", 1) in tiers
    assert ("nip_corrected", "NIP dikoreksi", 3) in tiers
    assert "exact_nip" not in {tier for tier, _, _ in tiers}
