"""What landing publishes: counts that add up, changes alone, and nothing at all when nothing changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from padan import landing
from padan.errors import AgreementNotInForce, StepFailed
from tests.scripted_agencies import (
    AGREEMENT,
    DAY,
    JF_CODE,
    LISTS_OF_BPS,
    OTHER_JF_CODE,
    Bench,
    add_person,
    counts,
    moment,
    nip_of,
)

NEXT_DAY = DAY + timedelta(days=1)


def holder(bench: Bench, number: int) -> dict[str, object]:
    return next(row for row in bench.world.lists["holders"] if row["holder_id"] == f"H{number:05d}")


def test_first_extract_lands_what_is_in_scope_and_counts_the_rest(bench: Bench) -> None:
    bps, bkn = bench.bps(), bench.bkn()
    for summary, dataset, landed, outside in (
        (bps, "holders", 9, 3),
        (bps, "position_history", 9, 3),
        (bps, "credits", 9, 3),
        (bps, "formations", 1, 1),
        (bkn, "portal_export", 9, 3),
        (bkn, "data_utama", 9, 0),
        (bkn, "rw_jabatan", 9, 9),
    ):
        found = counts(summary, dataset)
        assert (found.extracted, found.landed, found.quarantined, found.out_of_scope) == (landed, landed, 0, outside)
        assert bench.value(f"select count(*) from raw_{summary.party}.{dataset}") == landed
    bench.add_up()
    assert bench.rows("select credit_total, nik from raw_bps.holders where holder_id = 'H00000'") == [("12.5", None)]
    assert bench.value("select _nip from raw_bkn.rw_golongan where id = 'G2'") == nip_of(2)


def test_second_identical_extract_changes_nothing(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    before = bench.hash()
    first_seen = bench.rows("select holder_id, _extract_id, _fetched_at from raw_bps.holders order by 1")
    again = bench.bps(NEXT_DAY), bench.bkn(NEXT_DAY)
    assert [summary.changes for summary in again] == [0, 0]
    assert bench.hash() == before
    assert bench.rows("select holder_id, _extract_id, _fetched_at from raw_bps.holders order by 1") == first_seen
    asked_of_bps = bench.clients[3].asked  # first BPS, twice BKN, then this one
    assert set(asked_of_bps) == {(dataset, moment(1)) for dataset in LISTS_OF_BPS}
    bench.add_up()


def test_changed_row_is_replaced_and_the_others_are_left_alone(bench: Bench) -> None:
    bench.bps()
    holder(bench, 0).update(golongan="III/d", updated_at=moment(9))
    summary = bench.bps(NEXT_DAY)
    found = counts(summary, "holders")
    assert (found.mode, found.updated, found.inserted, found.deleted) == ("incremental", 1, 0, 0)
    changed = bench.rows(
        "select holder_id, golongan, _as_of from raw_bps.holders where _extract_id = %s", summary.extract_id
    )
    assert changed == [("H00000", "III/d", NEXT_DAY)]
    bench.add_up()


def test_deleted_holder_leaves_raw_and_so_does_what_belongs_to_it(bench: Bench) -> None:
    bench.bps()
    for dataset in ("holders", "credits"):
        bench.world.lists[dataset][0].update(deleted_at=moment(9), updated_at=moment(9))
    del bench.world.lists["position_history"][0]  # gone without a trace: only the total tells
    summary = bench.bps(NEXT_DAY)
    assert counts(summary, "holders").deleted == 1
    assert counts(summary, "credits").deleted == 1
    for dataset in ("holders", "position_history", "credits", "competence_tests"):
        assert bench.value(f"select count(*) from raw_bps.{dataset} where holder_id = 'H00000'") == 0
    bench.add_up()


def test_holder_who_leaves_the_scope_leaves_raw(bench: Bench) -> None:
    """With the credits, although the source does not send them again: they are older than the watermark."""
    for row in bench.world.lists["credits"][1:]:
        row["updated_at"] = moment(2)
    bench.bps()
    holder(bench, 0).update(jf_code=OTHER_JF_CODE, name="now-outside", updated_at=moment(9))
    summary = bench.bps(NEXT_DAY)
    assert counts(summary, "holders").deleted == 1
    assert counts(summary, "holders").mode == "incremental"
    assert bench.value("select count(*) from raw_bps.credits where holder_id = 'H00000'") == 0
    bench.add_up()


def test_holder_who_enters_the_scope_brings_old_credits_along(bench: Bench) -> None:
    bench.bps()
    holder(bench, 3).update(jf_code=JF_CODE, updated_at=moment(9))
    summary = bench.bps(NEXT_DAY)
    assert (counts(summary, "holders").mode, counts(summary, "credits").mode) == ("incremental", "full")
    assert "1 holders are new" in (counts(summary, "credits").note or "")
    assert bench.value("select count(*) from raw_bps.credits where holder_id = 'H00003'") == 1
    bench.add_up()


@pytest.mark.parametrize("outside", [False, True])
def test_new_holder_is_an_incremental_change(bench: Bench, outside: bool) -> None:
    bench.bps()
    add_person(bench.world, 20, outside=outside, day=9)
    found = counts(bench.bps(NEXT_DAY), "holders")
    assert (found.mode, found.inserted) == ("incremental", 0 if outside else 1)
    bench.add_up()


@pytest.mark.parametrize("what", ["late", "vanished"])
def test_total_that_does_not_fit_leads_to_a_full_list(bench: Bench, what: str) -> None:
    bench.bps()
    if what == "late":  # a row that appears with a moment before the watermark
        holder(bench, 0)["updated_at"] = moment(9)
        bench.bps(NEXT_DAY)
        add_person(bench.world, 21, day=2)
    else:
        del bench.world.lists["holders"][1]
    found = counts(bench.bps(NEXT_DAY + timedelta(days=1)), "holders")
    assert found.mode == "full"
    assert "where the source counts" in (found.note or "")
    assert bench.value("select count(*) from raw_bps.holders") == (10 if what == "late" else 8)
    bench.add_up()


def test_person_gone_from_both_lists_leaves_raw(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    gone = nip_of(0)
    bench.world.lists["holders"][0].update(deleted_at=moment(9), updated_at=moment(9))
    bench.world.export = [row for row in bench.world.export if row["nip_baru"] != gone]
    bench.bps(NEXT_DAY)
    summary = bench.bkn(NEXT_DAY)
    assert counts(summary, "data_utama").deleted == 1
    assert bench.value("select count(*) from raw_bkn.rw_golongan where _nip = %s", gone) == 0
    bench.add_up()


def test_person_whom_siasn_does_not_know_is_no_error(bench: Bench) -> None:
    del bench.world.people[nip_of(0)]
    bench.bps()
    found = counts(bench.bkn(), "data_utama")
    assert (found.extracted, found.landed) == (8, 8)


def test_person_only_bps_knows_is_asked_about_and_person_only_bkn_knows_too(bench: Bench) -> None:
    bench.world.export = [row for row in bench.world.export if row["nip_baru"] != nip_of(0)]
    del bench.world.lists["holders"][1]
    bench.bps(), bench.bkn()
    asked = {nip for _, nip in bench.clients[-1].asked}
    assert {nip_of(0), nip_of(1)} <= asked
    assert nip_of(3) not in asked


def test_export_row_out_of_scope_is_kept_if_bps_lists_the_person(bench: Bench) -> None:
    bench.world.export[0]["jabatan_id"] = "something-else"
    bench.bps()
    assert counts(bench.bkn(), "portal_export").landed == 9


def test_person_answered_under_two_nips_counts_once_and_stays_put(bench: Bench) -> None:
    old = "198501012010011001"
    bench.world.lists["holders"][0]["nip"] = old
    bench.world.people[old] = bench.world.people[nip_of(0)]
    bench.bps()
    summary = bench.bkn()
    assert counts(summary, "data_utama").quarantined == 1
    assert bench.value("select _nip from raw_bkn.data_utama where id = 'P0'") == nip_of(0)
    assert bench.bkn(NEXT_DAY).changes == 0
    bench.add_up()


def test_nothing_is_exchanged_outside_the_validity(bench: Bench) -> None:
    with pytest.raises(AgreementNotInForce, match="2019-12-31"):
        bench.bps(AGREEMENT.validity.start - timedelta(days=1))
    assert bench.clients == []


def test_nothing_is_published_before_everything_is_landed(bench: Bench) -> None:
    extract_id = landing.open_extract(bench.settings, AGREEMENT, "bps", DAY)
    with pytest.raises(StepFailed, match="not completely landed yet: holders"):
        landing.publish(bench.settings, AGREEMENT, extract_id)


def test_steps_of_a_published_extract_do_nothing(bench: Bench) -> None:
    summary = bench.bps()
    landing.land_lists(bench.settings, AGREEMENT, summary.extract_id, bench.open_jf)
    assert landing.publish(bench.settings, AGREEMENT, summary.extract_id) == summary
    assert len(bench.clients) == 1
