"""The played year: courses told by hand against the sandbox's truth, and its worlds against a plain comparison."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from sandbox.__main__ import main
from sandbox.world import build
from sandbox.year import COURSES
from tests.sandbox_reader import Comparer, ServedWorld

PEOPLE, SEED = 180, 20231204
# Of a critical case (10 working days to mend, so over its term at the next run) and of any other (30: at the second).
CRITICAL: dict[str, str] = {
    "steady": "01-05 opened, 02-05 escalated",
    "mended": "01-05 opened, 02-05 escalated, 05-05 resolved",
    "brief": "03-05 opened, 04-05 resolved",
    "new": "06-05 opened, 07-05 escalated",
    "last": "12-05 opened",
    "returning": "01-05 opened, 02-05 escalated, 04-05 resolved, 07-05 reopened, 08-05 escalated, 09-05 resolved",
    "returning_often": (
        "01-05 opened, 02-05 resolved, 03-05 reopened, 04-05 resolved, 06-05 reopened, 07-05 resolved, 09-05 reopened, "
        "10-05 escalated, 11-05 resolved, 12-05 reopened"
    ),
    "changed": "01-05 opened, 02-05 escalated, 03-05 changed, 06-05 resolved",
    "acknowledged": "02-05 opened, 02-12 acknowledged, 03-05 escalated, 07-05 resolved",
    "disputed": "01-05 opened, 01-12 acknowledged, 02-05 escalated, 02-12 disputed, 07-05 resolved",
    "disputed_in_vain": (
        "01-05 opened, 02-05 escalated, 02-12 disputed, 04-05 reopened, 05-05 escalated, 08-05 resolved"
    ),
    "disputed_then_seen": "01-05 opened, 02-05 escalated, 04-12 disputed, 06-12 acknowledged",
    "waived": "01-05 opened, 02-05 escalated, 02-12 waived, 06-05 reopened, 07-05 escalated, 10-05 resolved",
    "waived_to_the_day": "01-05 opened, 01-12 waived, 05-05 reopened, 06-05 escalated, 08-05 resolved",
    "waived_twice": (
        "01-05 opened, 02-05 escalated, 02-12 waived, 05-05 reopened, 05-12 waived, 09-05 reopened, 10-05 escalated"
    ),
    "waived_and_mended": "01-05 opened, 01-12 waived, 05-05 resolved, 07-05 reopened, 08-05 escalated, 09-05 resolved",
    "waived_and_changed": (
        "01-05 opened, 02-05 escalated, 02-12 waived, 04-05 reopened, 05-05 escalated, 10-05 resolved"
    ),
    "new_nip": "05-05 opened, 06-05 escalated, 08-05 resolved",
    "new_nip_in_dispute": "03-05 opened, 03-12 disputed, 04-05 escalated, 07-05 resolved",
    "new_nip_at_last": "12-05 opened",
}
WARNING: dict[str, str] = {
    "steady": "01-05 opened, 03-05 escalated",
    "mended": "01-05 opened, 03-05 escalated, 05-05 resolved",
    "brief": "03-05 opened, 04-05 resolved",
    "new": "06-05 opened, 08-05 escalated",
    "last": "12-05 opened",
    "returning": "01-05 opened, 03-05 escalated, 04-05 resolved, 07-05 reopened, 09-05 resolved",
    "returning_often": (
        "01-05 opened, 02-05 resolved, 03-05 reopened, 04-05 resolved, 06-05 reopened, 07-05 resolved, 09-05 reopened, "
        "11-05 resolved, 12-05 reopened"
    ),
    "changed": "01-05 opened, 03-05 changed, 03-05 escalated, 06-05 resolved",
    "acknowledged": "02-05 opened, 02-12 acknowledged, 04-05 escalated, 07-05 resolved",
    "disputed": "01-05 opened, 01-12 acknowledged, 02-12 disputed, 03-05 escalated, 07-05 resolved",
    "disputed_in_vain": (
        "01-05 opened, 02-12 disputed, 03-05 escalated, 04-05 reopened, 06-05 escalated, 08-05 resolved"
    ),
    "disputed_then_seen": "01-05 opened, 03-05 escalated, 04-12 disputed, 06-12 acknowledged",
    "waived": "01-05 opened, 02-12 waived, 06-05 reopened, 08-05 escalated, 10-05 resolved",
    "waived_to_the_day": "01-05 opened, 01-12 waived, 05-05 reopened, 07-05 escalated, 08-05 resolved",
    "waived_twice": "01-05 opened, 02-12 waived, 05-05 reopened, 05-12 waived, 09-05 reopened, 11-05 escalated",
    "waived_and_mended": "01-05 opened, 01-12 waived, 05-05 resolved, 07-05 reopened, 09-05 resolved",
    "waived_and_changed": "01-05 opened, 02-12 waived, 04-05 reopened, 06-05 escalated, 10-05 resolved",
    "new_nip": "05-05 opened, 07-05 escalated, 08-05 resolved",
    "new_nip_in_dispute": "03-05 opened, 03-12 disputed, 05-05 escalated, 07-05 resolved",
    "new_nip_at_last": "12-05 opened",
}
# Of everybody who works in the agency that is founded anew: BKN has its new id from July, BPS's codes from September.
FOUNDED_ANEW = "07-05 opened, 08-05 escalated, 09-05 resolved"


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> dict[int, ServedWorld]:
    worlds = {}
    for month in (1, 5, 8, 12):
        folder = tmp_path_factory.mktemp(f"month{month}")
        build(folder, PEOPLE, SEED, month, year=True)
        worlds[month] = ServedWorld.read(folder)
    return worlds


def stories(truth: dict[str, Any]) -> dict[str, dict[str, set[str]]]:
    """Severity -> course -> the different stories of its cases, less what a renamed agency adds."""
    cases: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in truth["ledger"]:
        cases[row["course"], row["person_id_bkn"], row["holder_id"], row["attribute"]].append(row)
    told: dict[str, dict[str, set[str]]] = {"critical": defaultdict(set), "warning": defaultdict(set)}
    for (course, *_), events in cases.items():
        story = ", ".join(f"{row['as_of'][5:]} {row['kind']}" for row in events if row["kind"] != "reassigned")
        told[events[0]["severity"]][course].add(story)
    return told


def test_the_truth_tells_each_course_as_it_was_written_down_by_hand(months: dict[int, ServedWorld]) -> None:
    told = stories(months[12].truth)
    for severity, expected in (("critical", CRITICAL), ("warning", WARNING)):
        assert told[severity].pop(None, {FOUNDED_ANEW}) == {FOUNDED_ANEW}
        assert {course: found - {FOUNDED_ANEW} for course, found in told[severity].items()} == {
            course: {story} for course, story in expected.items()
        }
    assert CRITICAL.keys() == WARNING.keys() == COURSES.keys()


def test_who_mends_is_who_is_not_the_authority_and_what_cannot_be_read_is_mended_where_it_is(
    months: dict[int, ServedWorld],
) -> None:
    owners = defaultdict(set)
    for row in months[12].truth["ledger"]:
        if row["kind"] == "opened":
            owners[row["verdict"] == "not_comparable", row["attribute"]].add(row["owner_party"])
    assert owners[False, "presence"] == {"both"}
    for attribute in ("jabatan_fungsional", "jenjang", "credit_total"):
        assert owners[False, attribute] == {"bkn"}
    for attribute in ("nip", "nik", "name", "birth_date", "golongan", "instansi", "unit", "education_level"):
        assert owners[False, attribute] == {"bps"}
    assert owners[True, "birth_date"] == owners[True, "golongan_tmt"] == {"bkn"}
    assert owners[True, "instansi"] == owners[True, "credit_total"] == owners[True, "jf_tmt"] == {"bps"}


def test_a_name_alone_opens_nothing_and_another_id_opens_a_case_until_the_codes_follow(
    months: dict[int, ServedWorld],
) -> None:
    rows = months[12].truth["ledger"]
    alone = [row for row in rows if row["course"] is None]
    assert {row["attribute"] for row in alone} == {"instansi"}
    assert ", ".join(sorted({f"{row['as_of'][5:]} {row['kind']}" for row in alone})) == FOUNDED_ANEW
    assert {row["as_of"] for row in rows if row["kind"] == "reassigned"} == {"2026-07-05"}
    before, after = months[1].lists["instansi"], months[12].lists["instansi"]
    assert len(after) == len(before) + 1
    assert len({row["nama"] for row in after} - {row["nama"] for row in before}) == 2


@pytest.mark.parametrize("month", [1, 5, 8, 12])
def test_the_truth_is_what_a_plain_comparison_of_the_served_month_finds(
    months: dict[int, ServedWorld], month: int
) -> None:
    world = months[month]
    told = {
        (row["person_id_bkn"], row["holder_id"], row["attribute"], row["verdict"]) for row in world.truth["differences"]
    }
    assert Comparer(world).run().differences == told


def test_the_command_plays_a_month_and_refuses_a_thirteenth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sandbox", "build", "--people", str(PEOPLE), "--to", str(tmp_path), "--month"]
    monkeypatch.setattr("sys.argv", [*arguments, "2"])
    main()
    assert capsys.readouterr().out.startswith("month 2 (2026-02-05): ")
    monkeypatch.setattr("sys.argv", [*arguments, "13"])
    with pytest.raises(SystemExit):
        main()
    with pytest.raises(ValueError, match="too few people"):
        build(tmp_path, 120, SEED, 1, year=True)
