"""May this be done on that day: validity, addenda, suspensions, notices and working days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from padan.agreement import Agreement, RefusalReason, guard, load_agreement, working_days
from padan.agreement.clauses import Action
from padan.agreement.notices import changes_of_liaison, extension_due, force_majeure_due, liaison_due, months_before
from padan.errors import AgreementError, AgreementNotInForce
from tests.agreement_files import ANNEX, EXTENSION, PROJECT_DIR, REAL, Copy

FIRST, LAST = date(2023, 12, 4), date(2026, 12, 4)
AFTER = date(2026, 12, 5)
EXCHANGES: tuple[Action, ...] = ("extract", "publish", "alert")


@pytest.fixture(scope="module")
def real() -> Agreement:
    return load_agreement(PROJECT_DIR / "agreement" / REAL)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path)


# --- validity (article 6(1))


@pytest.mark.parametrize("action", EXCHANGES)
@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (FIRST - timedelta(days=1), RefusalReason.NOT_YET_IN_FORCE),
        (FIRST, None),
        (LAST, None),
        (AFTER, RefusalReason.EXPIRED),
    ],
)
def test_nothing_is_exchanged_outside_the_validity(
    real: Agreement, action: Action, day: date, reason: RefusalReason | None
) -> None:
    permission = guard(real, day, action)
    assert permission.granted is (reason is None)
    assert (permission.refusal and permission.refusal.reason) == reason


def test_the_day_after_the_end_says_why(real: Agreement) -> None:
    permission = guard(real, AFTER, "extract")
    with pytest.raises(
        AgreementNotInForce, match=r"no extract on 2026-12-05: .* from 2023-12-04 to 2026-12-04 \(article 6"
    ):
        permission.require()
    with pytest.raises(AgreementNotInForce, match="2026-12-05"):
        real.require_in_force(AFTER)
    assert permission.refusal is not None
    assert permission.refusal.text_id.startswith("Pada 5 Desember 2026 Perjanjian Kerja Sama telah berakhir")
    assert "4 Desember 2023 sampai dengan 4 Desember 2026 (Pasal 6)" in permission.refusal.text_id


def test_the_units_may_be_told_that_it_ended_and_once(real: Agreement) -> None:
    assert guard(real, AFTER, "notice").granted
    keys = {
        refusal.key
        for day in (AFTER, AFTER + timedelta(days=400))
        for action in EXCHANGES
        if (refusal := guard(real, day, action).refusal)
    }
    assert keys == {"expired:2026-12-05"}


def test_the_sandbox_reaches_far() -> None:
    sandbox = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    assert sandbox.fictional
    assert guard(sandbox, date(2090, 1, 1), "extract").granted


# --- addenda (article 12)


def test_with_an_extension_it_goes_on(copy: Copy) -> None:
    extended = load_agreement(copy.addenda(EXTENSION).path)
    assert guard(extended, AFTER, "extract").granted
    assert guard(extended, date(2029, 12, 4), "extract").granted
    assert not guard(extended, date(2029, 12, 5), "extract").granted
    assert extended.validity.end == LAST  # as signed
    assert extended.on(AFTER).validity.end == date(2029, 12, 4)


def test_an_extension_in_force_only_after_the_old_end_goes_on_too(copy: Copy) -> None:
    text = EXTENSION.replace("in_force_from: 2026-11-20", "in_force_from: 2026-12-05")
    extended = load_agreement(copy.addenda(text).path)
    assert guard(extended, LAST, "extract").granted
    assert guard(extended, LAST, "extract").warnings == ()  # signed on 20 November: nothing left to announce
    assert guard(extended, AFTER, "extract").granted


def test_an_addendum_that_lapses_takes_its_extension_along(copy: Copy) -> None:
    text = EXTENSION.replace("in_force_from: 2026-11-20", "in_force_from: 2026-11-20\n    in_force_to: 2027-06-30")
    extended = load_agreement(copy.addenda(text).path)
    assert guard(extended, date(2027, 6, 30), "extract").granted
    assert not guard(extended, date(2027, 7, 1), "extract").granted


def test_a_termination_ends_it_early_and_says_so(copy: Copy) -> None:
    text = EXTENSION.replace(
        'extension: {start: 2026-12-05, end: 2029-12-04, cites: ["6(2)"]}', "termination: 2026-11-30"
    )
    ended = load_agreement(copy.addenda(text).path)
    assert guard(ended, date(2026, 11, 30), "extract").granted
    assert guard(ended, date(2026, 11, 30), "extract").warnings == ()  # there is nothing to extend
    refusal = guard(ended, date(2026, 12, 1), "extract").refusal
    assert refusal is not None
    assert (refusal.reason, refusal.article) == (RefusalReason.TERMINATED, "6(2)")


PRECEDENCE = """addenda:
  - numbers: {bps: "B", bkn: "B"}
    signed: 2025-06-01
    in_force_from: 2025-06-01
    in_force_to: 2025-12-31
    summary: "kedua"
    cites: ["12"]
    changes:
      purpose: {text: "tujuan kedua", cites: ["1"]}
  - numbers: {bps: "A", bkn: "A"}
    signed: 2025-01-01
    in_force_from: 2025-01-01
    summary: "pertama"
    cites: ["12"]
    changes:
      purpose: {text: "tujuan pertama", cites: ["1"]}
      remove_items: [bkn.data_utama.nik]
      items:
        - dataset: bkn.data_utama
          item: {field: email, meaning: "e-mail", personal: direct}
        - dataset: bkn.data_utama
          item: {field: nama, meaning: "name, as on the identity card", personal: direct, required: true}
      authority: [{party: none, attributes: [nik], cites: ["12"]}]
      remove_datasets: [bkn.ref_pendidikan]
      remove_obligations: [asn_guidance]
"""


def test_the_newest_addendum_in_force_wins_point_by_point(copy: Copy) -> None:
    changed = load_agreement(copy.addenda(PRECEDENCE).path)

    def purpose(day: date) -> str:
        return changed.on(day).purpose.text

    assert purpose(date(2024, 12, 31)).startswith("Mengefektifkan")
    assert purpose(date(2025, 1, 1)) == "tujuan pertama"
    assert purpose(date(2025, 6, 1)) == "tujuan kedua"  # the newer one, though it stands first in the file
    assert purpose(date(2025, 12, 31)) == "tujuan kedua"
    assert purpose(date(2026, 1, 1)) == "tujuan pertama"  # the newer one has lapsed
    assert [addendum.key for addendum in changed.addenda_on(date(2025, 7, 1))] == ["A / A", "B / B"]


def test_the_newest_is_the_one_that_came_into_force_last(copy: Copy) -> None:
    text = PRECEDENCE.replace("signed: 2025-06-01", "signed: 2024-06-01")  # signed first, in force last
    assert load_agreement(copy.addenda(text).path).on(date(2025, 6, 1)).purpose.text == "tujuan kedua"


def test_an_addendum_adds_replaces_and_removes(copy: Copy, real: Agreement) -> None:
    changed = load_agreement(copy.addenda(PRECEDENCE).path)
    before, after = changed.on(date(2024, 12, 31)), changed.on(date(2025, 6, 1))
    assert before == changed
    columns = after.dataset("bkn", "data_utama").columns
    assert set(real.dataset("bkn", "data_utama").columns) ^ set(columns) == {"nik", "email"}
    name = next(item for item in after.dataset("bkn", "data_utama").items if item.column == "nama")
    assert name.meaning == "name, as on the identity card"
    assert after.legal_basis_of(after.dataset("bkn", "data_utama"), name) == "asn_access"
    assert (before.authority_of("nik"), after.authority_of("nik")) == ("bkn", "none")
    assert after.authority_of("nip") == "bkn"
    with pytest.raises(AgreementError, match="ref_pendidikan"):
        after.dataset("bkn", "ref_pendidikan")
    assert {duty.id for duty in before.obligations} - {duty.id for duty in after.obligations} == {"asn_guidance"}


def test_an_agreement_has_another_fingerprint_once_anything_in_it_changes(copy: Copy, real: Agreement) -> None:
    assert load_agreement(copy.path).fingerprint == real.fingerprint
    copy.edit("NIP as BPS holds it", "NIP as BPS has it", ANNEX)  # also where it stands in an included file
    assert load_agreement(copy.path).fingerprint != real.fingerprint


# --- the end comes near (article 6(2))


@pytest.mark.parametrize(
    ("day", "warned", "late"),
    [
        (LAST - timedelta(days=91), False, False),
        (LAST - timedelta(days=90), True, False),
        (date(2026, 11, 4), True, False),
        (date(2026, 11, 5), True, True),
        (LAST, True, True),
        (AFTER, False, False),
    ],
)
def test_from_90_days_before_the_end_the_deadline_is_named(
    real: Agreement, day: date, warned: bool, late: bool
) -> None:
    warnings = guard(real, day, "extract").warnings
    assert [(warning.kind, warning.due, warning.late) for warning in warnings] == (
        [("extension", date(2026, 11, 4), late)] if warned else []
    )
    if warned:
        assert "2026-11-04" in warnings[0].text
        assert "4 November 2026 (Pasal 6 ayat (2))" in warnings[0].text_id


def test_after_an_extension_the_next_end_is_what_it_warns_of(copy: Copy) -> None:
    extended = load_agreement(copy.addenda(EXTENSION).path)
    assert guard(extended, date(2026, 11, 19), "extract").warnings[0].due == date(2026, 11, 4)
    assert guard(extended, date(2026, 11, 20), "extract").warnings == ()
    assert guard(extended, date(2029, 9, 5), "extract").warnings[0].due == date(2029, 11, 4)


@pytest.mark.parametrize(
    ("end", "due"),
    [
        (date(2026, 12, 4), date(2026, 11, 4)),
        (date(2026, 3, 31), date(2026, 2, 28)),
        (date(2028, 3, 30), date(2028, 2, 29)),
        (date(2026, 1, 15), date(2025, 12, 15)),
        (date(2026, 12, 31), date(2026, 11, 30)),
    ],
)
def test_a_month_is_a_calendar_month(end: date, due: date) -> None:
    assert extension_due(end) == due
    assert months_before(end, 12) == date(end.year - 1, end.month, end.day)


# --- suspensions (article 10)


def suspended(copy: Copy, end: str = "2026-02-20", extra: str = "") -> Agreement:
    text = f"""suspensions:
  - party: bkn
    start: 2026-02-10
    end: {end}
    cause: banjir
    statement: "BNPB 1/2026"
    cites: ["10(1)"]
{extra}"""
    return load_agreement(copy.edit("suspensions: []\n", text).path)


@pytest.mark.parametrize(
    ("day", "granted"),
    [(date(2026, 2, 9), True), (date(2026, 2, 10), False), (date(2026, 2, 20), False), (date(2026, 2, 21), True)],
)
def test_a_suspension_stops_everything_on_its_days(copy: Copy, day: date, granted: bool) -> None:
    agreement = suspended(copy)
    for action in EXCHANGES:
        permission = guard(agreement, day, action)
        assert permission.granted is granted
        if not granted:
            assert permission.refusal is not None
            assert (permission.refusal.reason, permission.refusal.article) == (RefusalReason.SUSPENDED, "10(3)")
            assert "10 Februari 2026 sampai dengan 20 Februari 2026" in permission.refusal.text_id
            assert "PIHAK KEDUA (Badan Kepegawaian Negara)" in permission.refusal.text_id
    assert guard(agreement, day, "notice").granted


def test_an_open_suspension_lasts_until_its_end_is_recorded(copy: Copy) -> None:
    refusal = guard(suspended(copy, end="null"), date(2026, 11, 1), "extract").refusal
    assert refusal is not None
    assert "sampai dinyatakan berakhir" in refusal.text_id
    assert refusal.key == "suspended:2026-02-10"


def test_a_partial_suspension_stops_only_what_it_names(copy: Copy) -> None:
    agreement = suspended(copy, extra="    suspends: [extract]\n")
    assert [guard(agreement, date(2026, 2, 12), action).granted for action in EXCHANGES] == [False, True, True]


@pytest.mark.parametrize(
    ("notified", "day", "expected"),
    [
        ("null", date(2026, 2, 9), []),
        ("null", date(2026, 2, 10), [False]),
        ("null", date(2026, 2, 24), [False]),
        ("null", date(2026, 2, 25), [True]),
        ("2026-02-12", date(2026, 2, 11), [False]),
        ("2026-02-12", date(2026, 2, 12), []),
    ],
)
def test_force_majeure_is_announced_within_14_calendar_days(
    copy: Copy, notified: str, day: date, expected: list[bool]
) -> None:
    agreement = suspended(copy, extra=f"    notified: {notified}\n")
    assert force_majeure_due(agreement.suspensions[0]) == date(2026, 2, 24)
    assert [warning.late for warning in guard(agreement, day, "extract").warnings] == expected


# --- liaison units (article 8)


def changed_liaison(copy: Copy, notified: str = "null") -> Agreement:
    phone = '    phone: "(021) 3841195"\n    valid_from: 2023-12-04\n'
    unit = f"""  - party: bps
    unit: Biro Baru
    email: biro.baru@bps.go.id
    valid_from: 2026-03-16
    notified: {notified}
    cites: ["8(2)"]
suspensions: []
"""
    copy.edit(phone, f"{phone}    valid_to: 2026-03-15\n").edit("suspensions: []\n", unit)
    return load_agreement(copy.path)


def test_whoever_is_liaison_on_the_day_is_found(copy: Copy, real: Agreement) -> None:
    agreement = changed_liaison(copy)
    assert agreement.liaison("bps", date(2026, 3, 15)).email == "biro.kepegawaian@bps.go.id"
    assert agreement.liaison("bps", date(2026, 3, 16)).email == "biro.baru@bps.go.id"
    assert agreement.liaison("bkn", date(2026, 3, 16)).email == "pdpik@bkn.go.id"
    with pytest.raises(AgreementError, match="0 liaison units of bps"):
        real.liaison("bps", FIRST - timedelta(days=1))


def test_a_change_of_liaison_is_announced_within_5_working_days(copy: Copy) -> None:
    agreement = changed_liaison(copy)
    [unit] = changes_of_liaison(agreement)
    # From Monday 16 March 2026: 17; then Nyepi and Idul Fitri with their joint leave, 18 to 24; 25, 26, 27; 30.
    due = date(2026, 3, 30)
    assert liaison_due(unit) == working_days.WorkingDay(due)
    assert guard(agreement, date(2026, 3, 15), "extract").warnings == ()
    for day, late in ((date(2026, 3, 16), False), (due, False), (due + timedelta(days=1), True)):
        [warning] = guard(agreement, day, "extract").warnings
        assert (warning.kind, warning.owed_by, warning.due, warning.late) == ("liaison_change", "bps", due, late)
        assert "paling lambat 30 Maret 2026 (5 hari kerja, Pasal 8 ayat (2))" in warning.text_id


def test_a_change_that_was_announced_is_not_asked_for(copy: Copy) -> None:
    agreement = changed_liaison(copy, notified="2026-03-18")
    assert len(guard(agreement, date(2026, 3, 17), "extract").warnings) == 1
    assert guard(agreement, date(2026, 3, 18), "extract").warnings == ()


# --- working days


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2025, 7, 7), 5, date(2025, 7, 14)),  # a week without a holiday
        (date(2025, 7, 11), 1, date(2025, 7, 14)),  # over a weekend
        (date(2025, 7, 12), 1, date(2025, 7, 14)),  # from a Saturday
        (date(2025, 12, 24), 1, date(2025, 12, 29)),  # Christmas and its joint leave
        (date(2024, 12, 31), 1, date(2025, 1, 2)),  # over New Year
        (date(2025, 7, 7), 0, date(2025, 7, 7)),
    ],
)
def test_working_days_leave_out_weekends_holidays_and_joint_leave(day: date, count: int, expected: date) -> None:
    assert working_days.after(day, count) == working_days.WorkingDay(expected)


def test_a_year_without_a_decree_is_uncertain() -> None:
    assert "joint leave of 2050" in working_days.after(date(2050, 7, 4), 5).uncertain


def test_a_working_day_is_neither_a_weekend_nor_a_holiday() -> None:
    assert working_days.is_working_day(date(2026, 8, 18))
    assert not working_days.is_working_day(date(2026, 8, 17))  # Independence Day, a Monday
    assert not working_days.is_working_day(date(2026, 8, 16))  # a Sunday
    assert not working_days.is_working_day(date(2026, 3, 18))  # joint leave before Nyepi
