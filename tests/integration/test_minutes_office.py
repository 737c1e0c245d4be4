"""The papers of two consecutive semesters on real marts: drafted, approved, published, proved; and every refusal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from padan import differences
from padan.agreement import Agreement, load_agreement
from padan.errors import AgreementError, AgreementNotInForce
from padan.minutes import bundle, freeze, queries, registry
from padan.minutes.annexes import erase_annexes
from padan.minutes.errors import InputsChanged, MinutesRefused, RegisterError, SemesterNotClosed, TemplateError
from padan.minutes.office import Office, verify_folder
from padan.minutes.period import Period
from padan.warehouse.connection import Connection, connect
from tests.conftest import PROJECT_DIR
from tests.integration.dbt_world import (
    BKN_ID,
    JF_OTHER,
    JF_PERTAMA,
    Dbt,
    Row,
    bkn_person,
    holder,
    load,
    nip,
    prepare,
    references,
)

FIRST, SECOND = Period(2026, 1), Period(2026, 2)
END_1, END_2 = "2026-06-30", "2026-12-31"
NEXT_DAY_1, NEXT_DAY_2 = date(2026, 7, 1), date(2027, 1, 1)
OFFICER = "Kepala Biro Sumber Daya Manusia"


def people(**changed: Row) -> dict[str, list[Row]]:
    """Nine pairs with a few differences, and a person on each side alone; ``changed`` overrides holders by number."""
    holders = {
        1: holder(1),
        2: holder(2, name="LAIN SAMA SEKALI"),
        3: holder(3, nip_bps=nip(300)),
        4: holder(4, jf_code="14902", jenjang="MU"),
        5: holder(5, instansi_code="0002"),
        40: holder(40),
    } | {int(number.removeprefix("n")): row for number, row in changed.items()}
    return references() | {
        "raw_bkn.data_utama": [bkn_person(number) for number in (1, 2, 3, 4, 5, 30)]
        + [bkn_person(31, jabatan_fungsional_id=JF_OTHER), bkn_person(6, instansi_kerja_id=BKN_ID)],
        "raw_bkn.rw_jabatan": [{"id": "r1", "id_pns": "P0030", "jabatan_fungsional_id": JF_PERTAMA,
                                "tmt_jabatan": "01-03-2016", "tanggal_sk": "2016/02/01"}],
        "raw_bps.holders": list(holders.values()) + [holder(6, instansi_code="0002")],
    }  # fmt: skip


def play(dbt: Dbt, as_of: str, rows: dict[str, list[Row]]) -> None:
    """One night: extracts, the whole of dbt, the marts' checks, and the ledger."""
    load(dbt.database_url, rows)
    with psycopg.connect(dbt.database_url) as connection:
        for party, dataset, number in (("bps", "holders", len(rows["raw_bps.holders"])), ("bkn", "data_utama", 8)):
            (extract,) = connection.execute(
                "insert into landing.extract (party, as_of, agreement_sha256, ended_at, state) "
                "values (%s, %s, 'x', now(), 'published') returning extract_id",
                (party, as_of),
            ).fetchone()  # type: ignore[misc]
            connection.execute(
                "insert into landing.extract_dataset "
                "(extract_id, dataset, mode, extracted, landed, inserted, completed_at) "
                "values (%s, %s, 'full', %s, %s, %s, now())",
                (extract, dataset, number, number, number),
            )
            connection.execute(
                "insert into landing.exchange_log (exchange_id, previous_hash, row_hash, extract_id, party, endpoint, "
                "dataset, purpose, attempt, status, body_bytes, started_at, duration) "
                "select last.number + row_number() over (), 'x', 'x', %s, %s, '/v1/x', %s, 'extract', attempt, status, "
                "1, now(), 0.01 "
                "from (values (1, 503), (2, 200), (1, 200)) as tries (attempt, status), "
                "(select coalesce(max(exchange_id), 0) as number from landing.exchange_log) as last",
                (extract, party, dataset),
            )
    dbt.stages(as_of)
    with psycopg.connect(dbt.database_url) as connection:
        connection.execute(
            "insert into quality.verdict (as_of, suite, expectation_id, expectation_type, schema_name, table_name, "
            "severity, owner, reason, success, stage) "
            "values (%s, 's', 'e', 't', 'marts_asn', 'dim_asn', 'warning', 'o', 'r', true, 'marts')",
            (as_of,),
        )
    with connect(dbt.database_url, role="ledger") as connection:
        differences.update(connection, date.fromisoformat(as_of), critical_term=10, warning_term=30)


@pytest.fixture(scope="module")
def first_semester(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The warehouse at the end of the first semester."""
    prepare(database_url)
    dbt = Dbt(database_url, tmp_path_factory.mktemp("dbt"))
    play(dbt, END_1, people())
    return dbt


@pytest.fixture(scope="module")
def office(first_semester: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office over it, with its own copy of the register."""
    register = tmp_path_factory.mktemp("register") / "register"
    shutil.copytree(PROJECT_DIR / "register", register)
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    return Office(first_semester.database_url, agreement, register, tmp_path_factory.mktemp("papers"))


@pytest.fixture
def connection(office: Office) -> Iterator[Connection]:
    with connect(office.database_url) as found:
        yield found


def other(office: Office, agreement: Agreement) -> Office:
    return Office(office.database_url, agreement, office.register, office.output)


def edited(**changes: Any) -> Agreement:
    """The sandbox agreement with other terms."""
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    return agreement.model_copy(update=changes)


def nothing_written(office: Office) -> bool:
    with connect(office.database_url) as connection:
        return not registry.editions(connection) and not any(office.output.rglob("*"))


# --- refusals, before anything is there


def test_a_semester_that_is_not_over_is_refused(office: Office) -> None:
    with pytest.raises(SemesterNotClosed, match="2026-S1 is not closed: it ends on 2026-06-30"):
        office.draft(FIRST, date(2026, 6, 30), "test")
    assert nothing_written(office)


def test_marts_far_from_the_end_are_refused(office: Office) -> None:
    with pytest.raises(SemesterNotClosed, match="the marts stand at 2026-06-30, not within 31 days of 2025-12-31"):
        office.draft(FIRST.previous, date(2026, 1, 2), "test")
    assert nothing_written(office)


def test_an_agreement_that_ended_within_the_semester_is_refused(office: Office) -> None:
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    ended = edited(validity=agreement.validity.model_copy(update={"end": date(2026, 5, 4)}))
    with pytest.raises(AgreementNotInForce, match="no papers for 2026-S1"):
        other(office, ended).draft(FIRST, NEXT_DAY_1, "test")
    assert nothing_written(office)


def test_no_liaison_for_the_day_is_refused(office: Office) -> None:
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    gone = tuple(
        unit.model_copy(update={"valid_to": date(2026, 6, 30)}) if unit.party == "bkn" else unit
        for unit in agreement.liaison_units
    )
    with pytest.raises(AgreementError, match="0 liaison units of bkn on 2026-07-01"):
        other(office, edited(liaison_units=gone)).draft(FIRST, NEXT_DAY_1, "test")
    assert nothing_written(office)


def test_a_template_with_a_missing_field_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from padan.minutes import wording

    texts = tmp_path / "texts"
    shutil.copytree(wording.TEXTS, texts)
    path = texts / "berita_acara.yaml"
    path.write_text(path.read_text().replace("{period_label}", "{periode}"))
    monkeypatch.setattr(wording.Wording.__init__, "__defaults__", (texts,))
    with pytest.raises(TemplateError, match="paragraph declares: there is no field periode"):
        office.draft(FIRST, NEXT_DAY_1, "test")
    assert nothing_written(office)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("activities.yaml", "- {id: X}", "activities.yaml: 0.held_on"),
        ("incidents.yaml", "- [", "incidents.yaml:"),
        ("evidence.yaml", "- {obligation: security, dated: kemarin, text: x}", "evidence.yaml: 0.dated"),
    ],
)
def test_a_malformed_register_is_refused(office: Office, tmp_path: Path, name: str, content: str, message: str) -> None:
    register = tmp_path / "register"
    shutil.copytree(office.register, register)
    (register / name).write_text(content)
    with pytest.raises(RegisterError, match=message):
        Office(office.database_url, office.agreement, register, office.output).draft(FIRST, NEXT_DAY_1, "test")
    assert nothing_written(office)


def test_nothing_can_be_approved_published_or_verified_before_a_draft(office: Office) -> None:
    for refused in (
        lambda: office.approve(FIRST, OFFICER, NEXT_DAY_1),
        lambda: office.publish(FIRST, NEXT_DAY_1),
        lambda: office.verify(FIRST),
        lambda: office.record_evidence(FIRST, NEXT_DAY_1),
    ):
        with pytest.raises(MinutesRefused, match="2026-S1"):
            refused()


def test_differences_that_the_ledger_does_not_hold_are_refused(connection: Connection) -> None:
    cut = date.fromisoformat(END_1)
    with connection.transaction():
        connection.execute(
            "insert into ledger.event (case_id, as_of, kind, actor, reason) "
            "select min(case_id), %s, 'resolved', 'data', 'agreed' from ledger.difference_case "
            "where starts_with(case_id, 'K-')",
            (END_1,),
        )
        with pytest.raises(InputsChanged, match="1 of them not the same; run the ledger's step"):
            freeze._consistent(connection, cut)
        connection.execute("delete from ledger.run")
        with pytest.raises(InputsChanged, match="the ledger has not taken in the differences of 2026-06-30"):
            freeze._consistent(connection, cut)
        raise psycopg.Rollback
    freeze._consistent(connection, cut)


# --- the first semester


def test_first_semester(office: Office, connection: Connection) -> None:
    drafted = office.draft(FIRST, NEXT_DAY_1, "test")
    assert drafted["state"] == "draft"
    folder = Path(drafted["folder"])
    assert folder.name == "edisi-1-draf"
    assert oct(folder.stat().st_mode)[-3:] == "700"
    assert all(oct(path.stat().st_mode)[-3:] == "600" for path in folder.iterdir())

    inputs = bundle.read(folder)[0].inputs
    counted = queries.ask(connection, "select count(*) as n from marts_reconciliation.fct_differences")[0]["n"]
    assert inputs.open_cases == drafted["open_cases"] == counted > 4
    summary = queries.ask(
        connection,
        "select attribute, verdict, sum(cases)::int as cases "
        "from marts_reconciliation.rpt_reconciliation_summary group by 1, 2",
    )
    columns = {
        "modified": "modified",
        "only_in_bkn": "only_bkn",
        "only_in_bps": "only_bps",
        "not_comparable": "not_comparable",
    }
    by_attribute = {row.attribute: row for row in inputs.attributes}
    assert {(row["attribute"], row["verdict"]): row["cases"] for row in summary} == {
        (name, verdict): getattr(row, column)
        for name, row in by_attribute.items()
        for verdict, column in columns.items()
        if getattr(row, column)
    }
    known = queries.ask(
        connection,
        "select case_id, last_opened_on, due_on, escalated_on, owner_party, severity, state, paused_on "
        "from ledger.difference_case where starts_with(case_id, 'K-')",
    )
    assert {row["case_id"]: tuple(row.values())[1:] for row in known} == {
        case.case_id: (case.first_seen, case.due_on, case.escalated_on, case.owner, case.severity, case.state, None)
        for case in inputs.cases
    }
    codes = queries.ask(
        connection,
        "select owner_party as owner, count(*) as cases, min(due_on) as first_due, max(due_on) as last_due, "
        "0 as overdue from ledger.difference_case where starts_with(case_id, 'R-') group by 1 order by 1 desc",
    )
    assert [row.model_dump() for row in inputs.codes_due] == codes
    assert codes, "the world has a code without a counterpart"
    pairs = queries.ask(connection, "select count(*) as n from integration.int_matching__pairs")[0]["n"]
    assert inputs.people.pairs == pairs == drafted["pairs"]
    assert inputs.previous_cut is None
    assert [(one.party, one.requests, one.answered, one.first_time, one.failed) for one in inputs.services] == [
        ("bps", 2, 2, 1, 1),
        ("bkn", 2, 2, 1, 1),
    ]


def test_a_draft_cannot_be_published_unapproved_and_a_rejection_publishes_nothing(
    office: Office, connection: Connection
) -> None:
    with pytest.raises(MinutesRefused, match="edition 1 of 2026-S1 is draft, not approved or published"):
        office.publish(FIRST, NEXT_DAY_1)
    with pytest.raises(MinutesRefused, match="needs a reason"):
        office.reject(FIRST, OFFICER, " ", NEXT_DAY_1)
    office.reject(FIRST, OFFICER, "Angka instansi belum sesuai", NEXT_DAY_1)
    reasons = connection.execute(
        "select decision, decided_by, reason from minutes.decision order by decision_id"
    ).fetchall()
    assert reasons[-1] == ("rejected", OFFICER, "Angka instansi belum sesuai")
    assert connection.execute("select count(*) from minutes.document").fetchone() == (0,)
    assert not (office.output / "2026-S1" / "edisi-1").exists()
    with pytest.raises(MinutesRefused, match="is draft"):
        office.publish(FIRST, NEXT_DAY_1)


def test_approval_publication_and_proof(office: Office, connection: Connection) -> None:
    with pytest.raises(MinutesRefused, match="names who approved"):
        office.approve(FIRST, "", NEXT_DAY_1)
    office.approve(FIRST, OFFICER, NEXT_DAY_1, date(2026, 7, 8))
    published = office.publish(FIRST, NEXT_DAY_1)
    assert published["number"] == "001/BA-PADAN/VII/2026"
    folder = Path(published["folder"])
    listed = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert listed == registry.recorded_files(connection, registry.editions(connection, FIRST)[-1])
    assert office.publish(FIRST, NEXT_DAY_1) == published, "publishing again changes nothing"
    found = office.verify(FIRST)
    assert found.identical, found.differences
    assert found.files == 9
    assert verify_folder(folder).identical
    evidence = office.record_evidence(FIRST, NEXT_DAY_1)
    assert office.record_evidence(FIRST, NEXT_DAY_1) == evidence
    shown = connection.execute("select obligation, number from minutes.evidence order by obligation").fetchall()
    assert shown == [
        ("integration_evaluation", "001/LE-PADAN/VII/2026"),
        ("minutes", "001/BA-PADAN/VII/2026"),
        ("monitoring", "001/LE-PADAN/VII/2026"),
    ]


def test_the_registry_refuses_to_forget(connection: Connection) -> None:
    for statement in (
        "update minutes.decision set reason = ''",
        "delete from minutes.frozen_input",
        "update minutes.document set sha256 = ''",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(statement)


@pytest.mark.parametrize("name", ["berita-acara.pdf", "lampiran-pihak-kedua.xlsx", "SHA256SUMS"])
def test_verify_names_a_file_that_was_altered(office: Office, name: str) -> None:
    path = office.output / "2026-S1" / "edisi-1" / name
    original = path.read_bytes()
    path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    try:
        assert office.verify(FIRST).differences == [f"{name} differs from what its manifest makes"]
    finally:
        path.write_bytes(original)
    assert office.verify(FIRST).identical


def test_verify_names_missing_and_foreign_files_and_altered_inputs(office: Office) -> None:
    folder = office.output / "2026-S1" / "edisi-1"
    inputs = folder / "inputs.json"
    original = inputs.read_text()
    inputs.write_text(original.replace('"edition":1', '"edition":2', 1))
    try:
        with pytest.raises(InputsChanged, match="frozen inputs of 2026-S1 are not those that its manifest names"):
            verify_folder(folder)
    finally:
        inputs.write_text(original)
    (folder / "tambahan.txt").write_text("x")
    report = (folder / "evaluasi-integrasi.docx").read_bytes()
    (folder / "evaluasi-integrasi.docx").unlink()
    try:
        assert verify_folder(folder).differences == [
            "evaluasi-integrasi.docx is missing",
            "tambahan.txt does not belong to this edition",
        ]
    finally:
        (folder / "tambahan.txt").unlink()
        (folder / "evaluasi-integrasi.docx").write_bytes(report)


# --- the second semester


@pytest.fixture(scope="module")
def second_semester(office: Office, first_semester: Dbt) -> Dbt:
    """Case 2 was mended, person 1's name changed, and the semester ended."""
    play(first_semester, END_2, people(n2=holder(2), n1=holder(1, name="NAMA BARU")))
    return first_semester


def test_second_semester_tells_what_was_resolved(second_semester: Dbt, office: Office, connection: Connection) -> None:
    office.draft(SECOND, NEXT_DAY_2, "test")
    inputs = bundle.read(office.output / "2026-S2" / "edisi-1-draf")[0].inputs
    assert inputs.previous_cut == date(2026, 6, 30)
    totals = {
        name: sum(getattr(row, name) for row in inputs.movements) for name in ("before", "resolved", "new", "open")
    }
    before = registry.frozen(connection, registry.editions(connection, FIRST)[-1]).inputs.open_cases
    assert totals == {"before": before, "resolved": 1, "new": 1, "open": before}
    assert [past.period for past in inputs.history] == ["2026-S1"]
    assert [point.open for point in inputs.months][-1] == inputs.open_cases
    late = [case for case in inputs.cases if case.escalated_on]
    assert late, "what was open half a year is late by the ledger"
    assert all(case.first_seen == date(2026, 6, 30) and case.due_on < inputs.cut for case in late)
    assert {case.first_seen for case in inputs.cases} == {date(2026, 6, 30), date(2026, 12, 31)}
    assert sum(row.overdue_open for row in inputs.durations) == len(late)
    closed = [row for row in inputs.durations if row.closed]
    assert [(row.owner, row.closed, row.median_days, row.closed_in_time) for row in closed] == [("bps", 1, 184, 0)]


def test_the_first_semester_stays_proved_after_the_second_night(second_semester: Dbt, office: Office) -> None:
    found = office.verify(FIRST)
    assert found.identical, found.differences


def test_inputs_that_changed_after_the_draft_stop_publication(
    second_semester: Dbt, office: Office, connection: Connection
) -> None:
    office.approve(SECOND, OFFICER, NEXT_DAY_2)
    connection.execute("update landing.extract set state = 'failed' where as_of = %s and party = 'bkn'", (END_2,))
    try:
        with pytest.raises(InputsChanged, match="the warehouse's extracts changed"):
            office.publish(SECOND, NEXT_DAY_2)
        assert not (office.output / "2026-S2" / "edisi-1").exists()
        assert registry.require(connection, SECOND, "approved")
    finally:
        connection.execute(
            "update landing.extract set state = 'published' where as_of = %s and party = 'bkn'", (END_2,)
        )
    assert office.publish(SECOND, NEXT_DAY_2)["number"] == "001/BA-PADAN/I/2027"
    assert office.verify(SECOND).identical


def test_a_crash_while_publishing_leaves_a_draft_and_the_next_try_succeeds(
    second_semester: Dbt, office: Office, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = SECOND
    correct(office, period, 2, withdrawn=[case_of(connection, period)])
    office.draft(period, date(2027, 2, 1), "test")
    office.approve(period, OFFICER, date(2027, 2, 1))

    def broken(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "write", broken)
        with pytest.raises(OSError, match="no space"):
            office.publish(period, date(2027, 2, 1))
    living = registry.require(connection, period, "approved")
    assert living.edition == 2
    assert not (office.output / "2026-S2" / "edisi-2").exists()
    assert office.publish(period, date(2027, 2, 1))["number"] == "002/BA-PADAN/II/2027"


def test_the_corrected_edition_cites_its_correction_and_is_proved(
    second_semester: Dbt, office: Office, connection: Connection
) -> None:
    editions = {one.edition: one for one in registry.editions(connection, SECOND) if one.number}
    first, second = (registry.frozen(connection, editions[number]).inputs for number in (1, 2))
    assert second.open_cases == first.open_cases - 1
    assert sum(row.cases for row in second.attributes) == sum(row.cases for row in second.agencies) == second.open_cases
    assert sum(row.open for row in second.movements) == second.open_cases
    assert editions[1].state == "replaced"
    from padan.minutes import berita_acara

    text = berita_acara.build(
        second, registry.frozen(connection, editions[2]).manifest, bundle.read(office.output / "2026-S2" / "edisi-2")[1]
    ).plain_text()
    assert "Edisi 2" in text
    assert "Kasus uji ikut dimuat" in text
    found = office.verify(SECOND)
    assert found.edition == 2
    assert found.identical, found.differences


def test_another_edition_without_a_reviewed_correction_is_refused(second_semester: Dbt, office: Office) -> None:
    with pytest.raises(RegisterError, match="edition 2 of 2026-S1 needs a reviewed correction"):
        office.draft(FIRST, NEXT_DAY_2, "test")


def test_a_correction_of_a_case_that_is_not_there_is_refused(second_semester: Dbt, office: Office) -> None:
    correct(office, FIRST, 2, withdrawn=["K-000000000000"])
    with pytest.raises(RegisterError, match="withdraws 1 cases that its papers do not have"):
        office.draft(FIRST, NEXT_DAY_2, "test")


def test_without_their_annexes_the_papers_are_still_proved(second_semester: Dbt, office: Office) -> None:
    with connect(office.database_url, role="owner") as connection, connection.transaction():
        cut = registry.editions(connection, FIRST)[-1].cut
        assert erase_annexes(connection, office.output, cut, NEXT_DAY_2) == 0
        erased = erase_annexes(connection, office.output, cut + timedelta(days=1), NEXT_DAY_2)
        assert erased == len(registry.editions(connection, FIRST))
        assert erase_annexes(connection, office.output, cut + timedelta(days=1), NEXT_DAY_2) == 0
        kept = connection.execute(
            "select period, array_agg(distinct name order by name) from minutes.frozen_input join minutes.edition "
            "using (edition_id) group by 1 order by 1"
        ).fetchall()
    assert kept == [(str(FIRST), ["inputs"]), (str(SECOND), ["inputs", "personal"])]
    folder = office.output / str(FIRST) / "edisi-1"
    assert not {path.name for path in folder.iterdir()} & bundle.PERSONAL_FILES
    found = office.verify(FIRST)
    assert found.identical, found.differences
    assert "annexes were deleted on 2027-01-01" in " ".join(found.remarks)
    assert office.verify(SECOND).identical
    (folder / "berita-acara.pdf").write_bytes(b"other")
    assert not office.verify(FIRST).identical

    correct(office, FIRST, 2, withdrawn=["K-000000000000"])
    with pytest.raises(MinutesRefused, match="the annexes of 2026-S1 were deleted"):
        office.draft(FIRST, NEXT_DAY_2, "test")
    with connect(office.database_url, role="owner") as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute("delete from minutes.frozen_input where name = 'inputs'")


def case_of(connection: Connection, period: Period) -> str:
    published = registry.last_published(connection, period)
    if published is None:
        raise AssertionError("nothing is published")
    return registry.frozen(connection, published).inputs.cases[0].case_id


def correct(office: Office, period: Period, edition: int, withdrawn: list[str]) -> None:
    content = {
        "period": str(period),
        "edition": edition,
        "reason": "Kasus uji ikut dimuat",
        "requester": "Direktur Pengelolaan Data",
        "requested_on": date(2027, 1, 20),
        "reviewed_by": OFFICER,
        "withdrawn_cases": withdrawn,
    }
    folder = office.register / "corrections"
    folder.mkdir(exist_ok=True)
    (folder / f"{period}-{edition}.yaml").write_text(yaml.safe_dump(content))
