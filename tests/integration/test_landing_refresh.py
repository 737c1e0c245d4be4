"""The refresh plan: a limited day's calls go where they tell most, and what was not asked about stays as it was."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from padan import landing
from padan.errors import PublicationStopped, SourceUnavailable
from padan.landing import ExtractSummary
from tests.scripted_agencies import DAY, Bench, ScriptedSiasn, add_person, counts, moment

DATASETS = 5
"""Calls that one person costs."""


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def run(bench: Bench, number: int, people: int) -> tuple[ExtractSummary, list[str]]:
    """Both extractions of a day whose calls suffice for ``people``; the NIPs that were asked about, in order."""
    bench.bps(day(number))
    summary = bench.bkn(day(number), daily_calls=people * DATASETS)
    calls = Counter(nip for _, nip in bench.clients[-1].asked)
    assert set(calls.values()) <= {DATASETS}
    bench.add_up()
    return summary, sorted(calls)


def published(bench: Bench) -> list[tuple[Any, ...]]:
    return bench.rows("select _nip, _as_of from raw_bkn.data_utama order by 1")


def in_scope(bench: Bench) -> list[str]:
    """NIPs of the roster, which BPS's list makes."""
    return [row[0] for row in bench.rows("select nip_bps from raw_bps.holders order by 1")]


def test_everybody_is_asked_about_in_turn_and_nobody_is_lost(bench: Bench) -> None:
    asked = [run(bench, number, people=3)[1] for number in range(4)]
    everybody = in_scope(bench)
    assert [len(people) for people in asked] == [3, 3, 3, 3]
    assert asked[0] + asked[1] + asked[2] == everybody
    assert asked[3] == asked[0]  # the oldest once more
    assert [nip for nip, _ in published(bench)] == everybody
    assert bench.rows(
        "select people_asked, people_carried, oldest_asked_on from landing.extract where party = 'bkn' order by 1, 2, 3"
    ) == [(3, 6, DAY), (3, 6, DAY), (3, 6, DAY), (3, 6, day(1))]


def test_whom_an_agency_changed_comes_before_the_oldest(bench: Bench) -> None:
    run(bench, 0, people=9)
    by_bps, by_export, hinted = in_scope(bench)[6], in_scope(bench)[7], in_scope(bench)[8]
    holder = next(row for row in bench.world.lists["holders"] if row["nip"] == by_bps)
    holder.update(golongan="III/d", updated_at=moment(9))
    next(row for row in bench.world.export if row["nip_baru"] == by_export).update(nama="another")
    bench.rows("insert into landing.person_hint (nip) values (%s) returning nip", hinted)
    # of five, one is kept for the oldest, and nothing else is urgent
    assert run(bench, 1, people=5)[1] == sorted([by_bps, by_export, hinted, *in_scope(bench)[:2]])
    # asked about, neither change is urgent any more; the hint stays until the ledger takes it back
    assert run(bench, 2, people=2)[1] == sorted([hinted, in_scope(bench)[2]])


def test_a_fifth_goes_to_the_oldest_however_much_is_urgent(bench: Bench) -> None:
    run(bench, 0, people=9)
    everybody = in_scope(bench)
    bench.rows("update landing.person_asked set asked_on = %s where nip = %s returning nip", day(-30), everybody[8])
    for nip in everybody[:8]:
        bench.rows("insert into landing.person_hint (nip) values (%s) returning nip", nip)
    assert run(bench, 1, people=5)[1] == [*everybody[:4], everybody[8]]


def test_new_person_is_asked_about_first(bench: Bench) -> None:
    run(bench, 0, people=9)
    nip = add_person(bench.world, 50, day=9)
    assert run(bench, 1, people=1)[1] == [nip]
    assert len(published(bench)) == 10


def test_budget_is_of_the_day_and_a_second_run_spends_nothing(bench: Bench) -> None:
    run(bench, 0, people=4)
    before = bench.hash()
    again, asked = run(bench, 0, people=4)
    assert (asked, again.changes, bench.hash()) == ([], 0, before)
    assert len(run(bench, 0, people=5)[1]) == 1  # the limit was raised on the same day


def test_person_gone_from_both_lists_leaves_raw_unasked(bench: Bench) -> None:
    run(bench, 0, people=9)
    gone = in_scope(bench)[8]
    bench.world.export[:] = [row for row in bench.world.export if row["nip_baru"] != gone]
    next(row for row in bench.world.lists["holders"] if row["nip"] == gone).update(
        deleted_at=moment(9), updated_at=moment(9)
    )
    summary, asked = run(bench, 1, people=1)
    assert gone not in asked
    assert counts(summary, "data_utama").deleted == 1
    assert bench.rows("select nip from landing.person_asked where nip = %s", gone) == []


def test_answer_that_grew_empty_is_believed_of_whom_was_asked_alone(bench: Bench) -> None:
    run(bench, 0, people=9)
    for person in bench.world.people.values():
        person["rw_golongan"] = []
    summary, asked = run(bench, 1, people=2)
    assert counts(summary, "rw_golongan").deleted == len(asked) == 2
    assert bench.value("select count(*) from raw_bkn.rw_golongan") == 7


def test_people_asked_about_may_not_vanish_at_once(bench: Bench) -> None:
    run(bench, 0, people=9)
    for nip in in_scope(bench)[:3]:
        bench.world.people[nip]["data_utama"] = []
    with pytest.raises(PublicationStopped, match="data_utama"):
        run(bench, 1, people=3)
    assert len(published(bench)) == 9


class DiesAfterTwo(ScriptedSiasn):
    """SIASN that goes away within the second person."""

    def fetch_people(self, requests: Any) -> Any:
        for answered, page in enumerate(super().fetch_people(requests)):
            if answered == DATASETS + 2:
                raise SourceUnavailable("bkn: away")
            yield page


def test_run_that_goes_on_keeps_its_plan(bench: Bench) -> None:
    bench.bps()
    bench.siasn = DiesAfterTwo
    with pytest.raises(SourceUnavailable):
        bench.bkn(daily_calls=3 * DATASETS)
    bench.siasn = ScriptedSiasn
    extract_id = landing.open_extract(bench.settings, bench.agreement, "bkn", DAY)
    landing.land_people(bench.settings, bench.agreement, extract_id, bench.open_siasn)
    landing.publish(bench.settings, bench.agreement, extract_id)
    bench.add_up()
    assert [nip for nip, _ in published(bench)] == in_scope(bench)[:3]


def test_roster_written_again_finishes_whom_it_began(bench: Bench) -> None:
    bench.bps()
    bench.siasn = DiesAfterTwo
    with pytest.raises(SourceUnavailable):
        bench.bkn(daily_calls=3 * DATASETS)
    bench.siasn = ScriptedSiasn
    bench.bkn(daily_calls=3 * DATASETS)
    # seven calls had been made, and one person had been begun: eight are left, for one person more
    assert [nip for nip, _ in published(bench)] == in_scope(bench)[:3]


def test_without_a_limit_everybody_is_asked_about(bench: Bench) -> None:
    bench.bps()
    bench.bkn()
    assert {nip for _, nip in bench.clients[-1].asked} == set(in_scope(bench))
    assert bench.rows("select people_asked, people_carried from landing.extract where party = 'bkn'") == [(9, 0)]
