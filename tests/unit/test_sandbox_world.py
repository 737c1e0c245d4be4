"""The synthetic population: the same bytes each time, plausible people, and a truth file that tells the truth."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tracemalloc
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from padan.agreement import load_agreement
from sandbox.__main__ import main
from sandbox.days import FIRST_DAY
from sandbox.differences import KINDS
from sandbox.portal_export import COLUMNS
from sandbox.reference import BPS_INSTANSI_ID, GROUP_ASISTEN
from sandbox.world import build
from tests.sandbox_reader import SCOPE, Comparer, ServedWorld

PEOPLE, SEED = 200, 7
SHOWN_FROM_DAY_2 = {"deleted_at_bps"}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    directories = {}
    for day in (1, 2, 3):
        directories[day] = tmp_path_factory.mktemp(f"day{day}")
        build(directories[day], PEOPLE, SEED, day)
    return directories


@pytest.fixture(scope="module")
def served(worlds: dict[int, Path]) -> dict[int, ServedWorld]:
    return {day: ServedWorld.read(directory) for day, directory in worlds.items()}


def fingerprints(directory: Path) -> dict[str, str]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_arguments_give_the_same_bytes(worlds: dict[int, Path], tmp_path: Path) -> None:
    build(tmp_path, PEOPLE, SEED, 2)
    assert fingerprints(tmp_path) == fingerprints(worlds[2])
    build(tmp_path, PEOPLE, SEED + 1, 2)
    assert fingerprints(tmp_path)["world.sqlite"] != fingerprints(worlds[2])["world.sqlite"]


def test_rebuilding_in_place_keeps_earlier_exports_of_this_world_only(tmp_path: Path) -> None:
    def exports() -> list[str]:
        return sorted(path.name for path in (tmp_path / "portal_export").iterdir())

    build(tmp_path, PEOPLE, SEED, 1)
    build(tmp_path, PEOPLE, SEED, 2)
    assert exports() == ["portal_export_2026-01-05.csv", "portal_export_2026-01-06.csv"]
    build(tmp_path, PEOPLE, SEED, 1)
    assert exports() == ["portal_export_2026-01-05.csv"]
    build(tmp_path, PEOPLE, SEED + 1, 2)
    assert exports() == ["portal_export_2026-01-06.csv"]


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few people"):
        build(tmp_path, 40, SEED, 1)
    with pytest.raises(ValueError, match="first day"):
        build(tmp_path, PEOPLE, SEED, 0)


@pytest.mark.parametrize("day", [1, 2, 3])
def test_the_truth_is_what_a_plain_comparison_of_the_served_world_finds(
    served: dict[int, ServedWorld], day: int
) -> None:
    world = served[day]
    found = Comparer(world).run()
    told = {
        (row["person_id_bkn"], row["holder_id"], row["attribute"], row["verdict"]) for row in world.truth["differences"]
    }
    assert len(told) == len(world.truth["differences"])
    assert sorted(map(str, found.differences - told)) == []
    assert sorted(map(str, told - found.differences)) == []
    assert world.truth["people"]["matched"] == dict(found.matched)
    assert world.truth["people"]["asked"] == len(found.asked)


@pytest.mark.parametrize("day", [1, 2, 3])
def test_the_truth_tells_what_lands_and_what_will_not_parse(served: dict[int, ServedWorld], day: int) -> None:
    world = served[day]
    found = Comparer(world).run()
    told = world.truth["landing"]["bkn"] | world.truth["landing"]["bps"]
    for dataset, counts in told.items():
        assert counts["extracted"] == counts["landed"] + counts["quarantined"]
        if dataset.startswith("ref_"):
            name = dataset.removeprefix("ref_").replace("_", "-") if dataset != "ref_unor" else "ref-unor"
            assert counts["landed"] == len(world.lists[name])
        else:
            seen = found.landing[dataset]
            for outcome in ("landed", "quarantined", "out_of_scope"):
                assert counts[outcome] == seen[outcome], (dataset, outcome)
    findings: Counter[tuple[str, str, str]] = Counter()
    for row in world.truth["findings"]:
        findings[row["dataset"], row["field"], row["rule"]] += row["count"]
    assert findings == found.findings


def test_each_kind_is_planted_and_has_its_consequences(served: dict[int, ServedWorld]) -> None:
    truth = served[1].truth
    assert {kind.name for kind in KINDS} - set(truth["planted"]) == SHOWN_FROM_DAY_2
    assert set(served[2].truth["planted"]) >= SHOWN_FROM_DAY_2
    seen: dict[str, set[str]] = {}
    for row in truth["differences"]:
        seen.setdefault(row["kind"], set()).add(row["attribute"])
    assert "" not in seen
    assert seen["golongan_lag"] == {"golongan", "golongan_tmt"}
    assert seen["jf_left"] == {"jabatan_fungsional", "jenjang", "jf_tmt"}
    assert seen["agency_changed"] >= {"instansi"}
    assert seen["nip_old"] >= {"nip", "employment_type", "employment_status", "golongan", "golongan_tmt", "jf_tmt"}
    assert seen["nip_mistyped"] == {"nip"}
    assert seen["nik_swapped"] == {"nik"}
    assert seen["nip_of_17_digits"] == seen["missing_at_bps"] == {"presence"}
    assert {kind.name for kind in KINDS} - set(seen) == {
        "duplicate_at_bps", "export_nip_damaged", "dirty_rw_golongan", "dirty_rw_jabatan", "dirty_credits",
        "dirty_competence_tests", "deleted_at_bps",
    }  # fmt: skip
    verdicts = {row["verdict"] for row in truth["differences"]}
    assert verdicts == {"modified", "only_in_bkn", "only_in_bps", "not_comparable"}
    beyond = {row["kind"] for row in truth["pairs"] if not row["settled_by_exact_keys"]}
    assert beyond == {kind.name for kind in KINDS if not kind.settled}
    assert seen["nip_transposed"] == {"nip", "nik"}
    assert seen["keys_and_initial"] == {"nip", "nik", "name"}
    assert seen["keys_and_birth_date"] == {"nip", "nik", "birth_date"}


def test_days_mend_bring_and_bring_back(served: dict[int, ServedWorld]) -> None:
    one, two, three = (
        {(row["person_id_bkn"], row["attribute"], row["verdict"]) for row in served[day].truth["differences"]}
        for day in (1, 2, 3)
    )
    assert one - two, "some are mended"
    assert two - one, "some are new"
    assert (one & three) - two, "some are back again"
    assert len(one & two) > len(one) / 2


def test_only_touched_rows_of_bps_change_and_what_goes_leaves_a_tombstone(worlds: dict[int, Path]) -> None:
    def rows(day: int) -> dict[tuple[str, str], tuple[str, str | None, bytes]]:
        connection = sqlite3.connect(worlds[day] / "world.sqlite")
        query = "select dataset, key, updated_at, deleted_at, body from jf_row"
        return {(dataset, key): (at, gone, body) for dataset, key, at, gone, body in connection.execute(query)}

    before, after = rows(1), rows(2)
    assert before.keys() <= after.keys()
    changed = {key for key in before if before[key] != after[key]}
    assert 0 < len(changed) < len(before) * 0.1
    assert all(after[key][0] >= "2026-01-06T" for key in changed | (after.keys() - before.keys()))
    assert all(at < "2026-01-05" for at, _, _ in before.values())
    gone = [row for row in after.values() if row[1]]
    assert gone
    assert all(deleted_at == updated_at for updated_at, deleted_at, _ in gone)


def test_people_are_plausible(served: dict[int, ServedWorld]) -> None:
    world = served[1]
    niks, nips = set(), set()
    for person in world.people.values():
        row = person["data_utama"]
        nip = row["nipBaru"]
        assert re.fullmatch(r"\d{18}", nip)
        assert (nip[14] == "1") == (row["jenisKelamin"] == "M") or "sex" in world.truth["planted"]
        assert int(nip[12:14]) >= 21 if row["statusPegawai"] == "PPPK" else 1 <= int(nip[12:14]) <= 12
        assert (
            re.fullmatch(r"[IVX]+", row["golRuangAkhir"])
            if row["statusPegawai"] == "PPPK"
            else "/" in row["golRuangAkhir"]
        )
        if row["nik"]:
            assert re.fullmatch(r"\d{16}", row["nik"])
            niks.add(row["nik"])
        nips.add(nip)
        born = date(int(nip[:4]), int(nip[4:6]), int(nip[6:8]))
        age = (FIRST_DAY - born).days / 365.25
        assert 19 <= age <= 65
        tmts = [tuple(reversed(one["tmtJabatan"].split("-"))) for one in person["rw_jabatan"]]
        assert tmts == sorted(tmts)
        assert max(tmts) < ("2026", "01", "05")
    assert len(nips) == len(world.people)
    assert len(niks) > len(nips) * 0.97
    women = [p["data_utama"]["nik"] for p in world.people.values() if p["data_utama"]["jenisKelamin"] == "F"]
    assert sum(int(nik[6:8]) > 40 for nik in women if nik) > len(women) * 0.9


def test_every_fostered_jf_has_holders_and_bps_is_by_far_the_largest_employer(served: dict[int, ServedWorld]) -> None:
    holders = served[1].rows["holders"]
    assert {row["jf_code"] for row in holders} >= set(SCOPE.jf_codes)
    agencies = Counter(row["instansi_name"] for row in holders)
    (largest, count), (_, second) = agencies.most_common(2)
    assert largest == "Badan Pusat Statistik"
    assert count > 8 * second
    assert any(row["jf_code"] not in SCOPE.jf_codes for row in holders)


def test_reference_lists_have_the_dirt_of_the_real_ones(served: dict[int, ServedWorld]) -> None:
    lists = served[1].lists
    groups = {row["id"] for row in lists["kel-jabatan"]}
    assert GROUP_ASISTEN not in groups
    assert {row["kel_jabatan_id"] for row in lists["jabatan-fungsional"]} - groups > {GROUP_ASISTEN}
    names = {row["id"]: row["nama"] for row in lists["instansi"]}
    assert names[BPS_INSTANSI_ID] == "Badan Pusat Statistik "
    assert sum(name.endswith(" ") for name in names.values()) == 8
    assert len(names) > 300
    assert {_shape(id_) for id_ in names} == {"upper", "lower", "dashed"}
    assert any(row["NamaUnor"].startswith("----") for row in lists["ref-unor"])
    assert any(row["status"] is None for row in lists["pendidikan"])


def _shape(value: str) -> str:
    if "-" in value:
        return "dashed"
    return "upper" if value == value.upper() else "lower"


def test_the_export_and_the_bodies_hold_every_agreed_field(served: dict[int, ServedWorld]) -> None:
    agreement = load_agreement(Path(__file__).resolve().parents[2] / "agreement" / "sandbox.yaml")
    world = served[1]
    wires = {"ref_unor": "ref-unor"}
    for dataset in agreement.datasets:
        agreed = {item.field for item in dataset.items}
        if dataset.name == "portal_export":
            given = set(COLUMNS)
        elif dataset.party == "bps":
            given = set(world.rows[dataset.name][0])
        elif dataset.access == "per_key":
            found = next(person[dataset.name] for person in world.people.values() if person.get(dataset.name))
            given = set(found[0] if isinstance(found, list) else found)
        else:
            given = set(world.lists[wires.get(dataset.name, dataset.name.removeprefix("ref_").replace("_", "-"))][0])
        assert agreed <= given, dataset.name
        if dataset.name not in ("ref_jenis_jabatan", "reference_codes"):
            assert given - agreed, f"{dataset.name} sends nothing that a client has to drop"


def test_no_personal_scalar_of_siasn_is_a_number(served: dict[int, ServedWorld]) -> None:
    for person in served[1].people.values():
        for data in person.values():
            for row in data if isinstance(data, list) else [data]:
                assert all(value is None or isinstance(value, str | bool) for value in row.values())


def test_memory_does_not_grow_with_the_population(tmp_path: Path) -> None:
    def peak(people: int) -> int:
        tracemalloc.start()
        build(tmp_path, people, SEED, 1)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small = peak(150)
    grown = (peak(600) - small) / 450  # bytes for each further person; five bodies of one weigh some 15,000
    assert grown < 6_000


def test_the_command_builds_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sandbox", "build", "--people", str(PEOPLE), "--seed", str(SEED), "--day", "2", "--to", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    assert capsys.readouterr().out.startswith("day 2 (2026-01-06): ")
    assert (tmp_path / "truth.json").exists()
    monkeypatch.setattr("sys.argv", [*arguments[:3], "30", *arguments[4:]])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "too few people" in capsys.readouterr().err
