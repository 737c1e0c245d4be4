"""Each kind of bad input ends in a clear message, in quarantine or a stopped publication, with counts that add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from padan.agencies import Page
from padan.errors import (
    ConfigurationError,
    ContractViolation,
    MalformedResponse,
    OperatorTokenExpired,
    PadanError,
    PublicationStopped,
    SourceUnavailable,
)
from tests.scripted_agencies import DAY, Bench, ScriptedJf, ScriptedSiasn, counts, nip_of

NEXT_DAY = DAY + timedelta(days=1)
CANARY = "199912312024011777"


def set_holder(bench: Bench, **values: Any) -> None:
    bench.world.lists["holders"][0].update(values)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("nip", "19900101201501101", "nip"),  # 17 digits
        ("nip", "199001012015131011", "nip"),  # no month 13, no PPPK code
        ("nip", "1990010120150110１１", "nip"),  # digits of another script
        ("nip", 199001012015011011.5, "nip"),
        ("nip", "", "missing_required"),
        ("name", None, "missing_required"),
        ("birth_date", {"day": 1, "secret": CANARY}, "not_scalar"),
        ("unit_name", ["a"], "not_scalar"),
        ("unit_name", "a\0b", "nul_character"),
        ("unit_name", "\ud800", "not_unicode"),
        ("jf_code", None, "missing_required"),
        ("jf_code", {"code": 1}, "missing_required"),
    ],
)
def test_unusable_value_goes_to_quarantine(bench: Bench, field: str, value: Any, rule: str) -> None:
    set_holder(bench, **{field: value})
    summary = bench.bps()
    found = counts(summary, "holders")
    assert (found.extracted, found.landed, found.quarantined, found.out_of_scope) == (9, 8, 1, 3)
    ((dataset, column, rule_found, payload),) = bench.rows(
        "select dataset, field, rule, payload from landing.quarantine"
    )
    assert (dataset, rule_found) == ("holders", rule)
    assert column == {"nip": "nip_bps"}.get(field, field)
    assert "phone_number" not in payload
    assert CANARY not in str(payload)
    bench.add_up()


@pytest.mark.parametrize("row", [None, "text", 7, ["a list"], True])
def test_row_that_is_no_object_goes_to_quarantine(bench: Bench, row: Any) -> None:
    bench.world.lists["formations"].append(row)
    bench.world.lists["formations"].append(dict(bench.world.lists["formations"][0], formation_id="F3"))
    found = counts(bench.bps(), "formations")
    assert (found.extracted, found.landed, found.quarantined) == (3, 2, 1)
    assert bench.rows("select rule, payload from landing.quarantine") == [("not_object", {})]
    bench.add_up()


@pytest.mark.parametrize(
    "value",
    ["31-02-1990", "not a date", "", None, 19900101, True, "tab\tnewline\nreturn\rback\\slash \\N", "naïve ☃ 𝕏"],
)
def test_wrong_type_or_impossible_date_lands_as_text(bench: Bench, value: Any) -> None:
    """Typing is staging's business, where it becomes a finding (architecture decision 5)."""
    set_holder(bench, birth_date=value)
    found = counts(bench.bps(), "holders")
    assert (found.landed, found.quarantined) == (9, 0)
    expected = {True: "true", 19900101: "19900101"}.get(value, value) if value is not None else None
    assert bench.value("select birth_date from raw_bps.holders where holder_id = 'H00000'") == expected


@pytest.mark.parametrize("identical", [True, False])
def test_duplicate_person_goes_to_quarantine(bench: Bench, identical: bool) -> None:
    twin = dict(bench.world.lists["holders"][0])
    twin.update({} if identical else {"name": "another name"})
    bench.world.lists["holders"].append(twin)
    bench.world.export.append(dict(bench.world.export[0]))
    for summary, dataset in ((bench.bps(), "holders"), (bench.bkn(), "portal_export")):
        found = counts(summary, dataset)
        assert (found.extracted, found.landed, found.quarantined) == (10, 9, 1)
    assert bench.rows("select distinct rule, row_key from landing.quarantine order by 2") == [
        ("duplicate_row", "H00000"),
        ("duplicate_row", "P0"),
    ]
    bench.add_up()


def test_quarantined_row_keeps_what_was_published_of_it(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    before = bench.rows("select * from raw_bkn.data_utama where id = 'P0'")
    bench.world.people[nip_of(0)]["data_utama"][0]["nipBaru"] = "17"
    bench.world.export[1]["nip_baru"] = "17"
    found = bench.bkn(NEXT_DAY)
    assert (counts(found, "data_utama").quarantined, counts(found, "portal_export").quarantined) == (1, 1)
    assert bench.rows("select * from raw_bkn.data_utama where id = 'P0'") == before
    assert found.changes == 0
    bench.add_up()


def test_person_whose_answer_is_unusable_keeps_what_was_published(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    before = bench.hash()
    bench.unusable |= {("rw_golongan", nip_of(0)), ("data_utama", nip_of(1))}
    summary = bench.bkn(NEXT_DAY)
    for dataset in ("rw_golongan", "data_utama"):
        found = counts(summary, dataset)
        assert (found.extracted, found.landed, found.quarantined) == (9, 8, 1)
    assert bench.hash() == before
    assert bench.rows("select distinct rule, payload from landing.quarantine") == [("html_body", {})]
    bench.add_up()


def test_unknown_field_is_dropped_and_named(bench: Bench) -> None:
    for row in bench.world.lists["holders"]:
        row["favourite_colour"] = "blue"
        row[CANARY] = "a field named like a person"
    bench.bps()
    dropped = dict(bench.rows("select field, rows from landing.dropped_field where dataset = 'holders'"))
    assert dropped == {"favourite_colour": 12, "phone_number": 12, "email": 12, "(not a plain name)": 12}


def rename(rows: list[dict[str, Any]], old: str, new: str) -> None:
    for row in rows:
        row[new] = row.pop(old)


@pytest.mark.parametrize(("dataset", "field"), [("holders", "name"), ("holders", "jf_code"), ("credits", "holder_id")])
def test_renamed_field_of_a_list_stops_publication(bench: Bench, dataset: str, field: str) -> None:
    bench.bps()
    before = bench.hash()
    rename(bench.world.lists[dataset], field, "renamed")
    with pytest.raises(ContractViolation, match=f"bps: {dataset}: field {field} is absent from all"):
        bench.bps(NEXT_DAY)
    assert bench.hash() == before
    assert bench.rows("select state, reason like '%%renamed at the source%%' from landing.extract order by 1") == [
        ("published", None),
        ("stopped", True),
    ]


@pytest.mark.parametrize(
    ("dataset", "field"), [("data_utama", "nipBaru"), ("rw_jabatan", "jabatanFungsionalId"), ("rw_golongan", "id")]
)
def test_renamed_field_of_people_stops_publication(bench: Bench, dataset: str, field: str) -> None:
    for answers in bench.world.people.values():
        rename(answers[dataset], field, "renamed")
    bench.bps()
    with pytest.raises(ContractViolation, match=f"bkn: {dataset}: field {field} is absent from all"):
        bench.bkn()
    assert bench.value("select count(*) from raw_bkn.data_utama") == 0


def test_field_renamed_in_the_export_stops_publication(bench: Bench) -> None:
    rename(bench.world.export, "nip_baru", "nip")
    bench.bps()
    with pytest.raises(ContractViolation, match="column nip_baru is absent from the file portal_export_2026-03-02.csv"):
        bench.bkn()


def test_too_much_quarantine_stops_publication(bench: Bench) -> None:
    bench.settings.quarantine_limit = 0.05
    set_holder(bench, nip="17")
    with pytest.raises(PublicationStopped, match=r"holders: 1 of 9 rows are in quarantine, more than 5%"):
        bench.bps()
    assert bench.value("select count(*) from landing.quarantine") == 1  # stays, so that someone can look


def test_one_bad_change_among_many_rows_stops_nothing(bench: Bench) -> None:
    bench.settings.quarantine_limit = 0.2
    bench.bps()
    set_holder(bench, nip="17", updated_at="2026-02-20T00:00:00Z")
    summary = bench.bps(NEXT_DAY)
    assert counts(summary, "holders").mode == "incremental"
    assert bench.value("select nip_bps from raw_bps.holders where holder_id = 'H00000'") == nip_of(0)
    assert counts(bench.bps(NEXT_DAY + timedelta(days=1)), "holders").mode == "incremental"
    bench.add_up()


@pytest.mark.parametrize("published_before", [False, True])
def test_empty_roster_stops_publication(bench: Bench, published_before: bool) -> None:
    if published_before:
        bench.bps(), bench.bkn()
    before = bench.value("select count(*) from pg_tables where schemaname = 'raw_bps'") and bench.hash()
    export, bench.world.export = bench.world.export, []
    if not published_before:
        bench.bps()
    with pytest.raises(PublicationStopped, match="bkn: portal_export: no row in scope arrived where"):
        bench.bkn(NEXT_DAY)
    bench.world.export = export
    bench.world.lists["holders"] = []
    with pytest.raises(PublicationStopped, match="bps: holders: no row in scope arrived where 9 are published"):
        bench.bps(NEXT_DAY)
    if published_before:
        assert bench.hash() == before


@pytest.mark.parametrize("side", ["bps", "bkn"])
def test_roster_a_third_smaller_stops_publication(bench: Bench, side: str) -> None:
    bench.bps(), bench.bkn()
    before = bench.hash()
    if side == "bps":
        bench.world.lists["holders"] = bench.world.lists["holders"][4:]
    else:
        bench.world.export = bench.world.export[4:]
    dataset = {"bps": "holders", "bkn": "portal_export"}[side]
    with pytest.raises(PublicationStopped, match=rf"{side}: {dataset}: 6 rows where 9 are published, 33% fewer"):
        getattr(bench, side)(NEXT_DAY)
    assert bench.hash() == before
    bench.settings.roster_shrink_limit = 0.4  # someone looked and decided
    assert counts(getattr(bench, side)(NEXT_DAY), dataset).deleted == 3
    bench.add_up()


def test_deletions_reported_one_by_one_may_not_empty_the_roster_either(bench: Bench) -> None:
    bench.bps()
    for row in bench.world.lists["holders"][:5]:
        row.update(deleted_at="2026-02-20T00:00:00Z", updated_at="2026-02-20T00:00:00Z")
    with pytest.raises(PublicationStopped, match="holders: 5 rows where 9 are published"):
        bench.bps(NEXT_DAY)
    assert bench.value("select count(*) from raw_bps.holders") == 9


def test_list_that_becomes_empty_stops_publication(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    bench.world.reference["ref_golongan"] = []
    with pytest.raises(PublicationStopped, match="bkn: ref_golongan: no row in scope arrived where 1 are published"):
        bench.bkn(NEXT_DAY)


def test_rows_that_do_not_add_up_to_the_total_stop_publication(bench: Bench) -> None:
    class Miscounting(ScriptedJf):
        def total(self, dataset: str) -> int:
            return super().total(dataset) + 1

    bench.jf = Miscounting
    with pytest.raises(ContractViolation, match="holders: 12 rows came where the source counts 13"):
        bench.bps()


Step = Callable[[Bench], object]


class _Failing(ScriptedSiasn):
    error: PadanError

    def fetch_people(self, requests: Any) -> Any:
        answers = super().fetch_people(requests)
        for _ in range(7):
            yield next(answers)
        raise self.error


class _Repeating(ScriptedJf):
    def pages(self, dataset: str, updated_since: str | None = None, start: int = 1, reader: Any = None) -> Any:
        pages = super().pages(dataset, updated_since, start, reader)
        yield next(pages)
        raise ContractViolation(f"bps: {dataset} page 2: the same rows as page 1")


def test_repeated_page_stops_publication(bench: Bench) -> None:
    bench.jf = _Repeating
    with pytest.raises(ContractViolation, match="page 2: the same rows as page 1"):
        bench.bps()
    assert bench.rows("select state, split_part(reason, ';', 1) from landing.extract") == [
        ("stopped", "bps: holders page 2: the same rows as page 1")
    ]
    assert bench.value("select count(*) from landing.staged_bps_holders") == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OperatorTokenExpired("bkn: the SSO token expired; an operator must paste a new one"), "open"),
        (SourceUnavailable("bkn: SIASN is suspended"), "open"),
        (MalformedResponse("bkn: data_utama: truncated JSON"), "failed"),
    ],
)
def test_error_of_the_service_keeps_what_was_published(bench: Bench, error: PadanError, state: str) -> None:
    bench.bps(), bench.bkn()
    before = bench.hash()
    bench.siasn = type("Failing", (_Failing,), {"error": error})
    with pytest.raises(type(error)):
        bench.bkn(NEXT_DAY)
    assert bench.hash() == before
    assert bench.rows("select state, reason from landing.extract order by extract_id desc limit 1") == [
        (state, str(error))
    ]
    bench.siasn = ScriptedSiasn
    assert bench.bkn(NEXT_DAY).changes == 0
    if state == "open":
        assert len(bench.clients[-1].asked) == 9 * 5 - 7  # what was answered is not asked again
    bench.add_up()


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", ContractViolation, "is empty"),
        (b"pns_id,nip_baru,nama\n\xff\xfe,1,2\n", MalformedResponse, "is not UTF-8"),
        (b'pns_id,nip_baru,nama,jenis_jabatan_id,jabatan_id\n"P1,2', MalformedResponse, "breaks off or is not CSV"),
        (b"pns_id,pns_id,nip_baru,nama\n", ContractViolation, "names a column twice"),
    ],
)
def test_unusable_export_file_is_named(bench: Bench, content: bytes, error: type[PadanError], message: str) -> None:
    (bench.export_dir / "portal_export_2026-03-02.csv").write_bytes(content)
    bench.bps()
    with pytest.raises(error, match=message):
        bench.bkn(write_export=False)


def test_export_line_with_a_column_too_few_goes_to_quarantine(bench: Bench) -> None:
    path = bench.world.write_export(bench.export_dir)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].rsplit(",", 1)[0]
    path.write_text("\n".join(lines))
    bench.bps()
    found = counts(bench.bkn(write_export=False), "portal_export")
    assert (found.landed, found.quarantined) == (8, 1)
    bench.add_up()


def test_missing_export_is_named(bench: Bench, tmp_path: Path) -> None:
    bench.bps()
    with pytest.raises(SourceUnavailable, match="no SIASN portal export .* of 2026-03-02 or earlier"):
        bench.bkn(write_export=False)
    bench.settings.portal_export_dir = tmp_path / "nowhere"
    with pytest.raises(ConfigurationError, match="PADAN_PORTAL_EXPORT_DIR"):
        bench.bkn(write_export=False)


def test_newest_export_of_the_day_or_earlier_is_taken(bench: Bench) -> None:
    bench.bps()
    for days, name in ((-2, "older"), (-1, "newest"), (1, "of tomorrow")):
        bench.world.export[0]["nama"] = name
        bench.world.write_export(bench.export_dir, DAY + timedelta(days=days))
    bench.bkn(write_export=False)
    assert bench.value("select nama from raw_bkn.portal_export where pns_id = 'P0'") == "newest"


def test_page_with_every_quick_and_careful_row_side_by_side(bench: Bench) -> None:
    """The two ways of writing a row meet in one page; the values come back as they were sent."""
    odd = ["plain", "", None, "\\", "\\N", "\t", '"', "\n", "\r\n", "\x1f", "\\.", "é", 0, -1.5, False]
    rows = [dict(bench.world.lists["formations"][0], formation_id=f"F{n}", year=value) for n, value in enumerate(odd)]
    bench.world.lists["formations"] = rows
    bench.bps()
    texts = {0: "0", -1.5: "-1.5"}
    expected = {
        f"F{n}": "false" if v is False else v if isinstance(v, str | None) else texts[v] for n, v in enumerate(odd)
    }
    assert dict(bench.rows("select formation_id, year from raw_bps.formations")) == expected


def test_scripted_page_is_what_the_clients_hand_out() -> None:
    fields = {"dataset", "unit", "rows", "total", "last", "fetched_at", "body_sha256"}
    assert set(Page.__slots__) - {"projected", "taken"} == fields  # those two are a reader's, see test_landing_workers
