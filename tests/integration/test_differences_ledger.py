"""The ledger on a real database: a Hypothesis state machine plays thousands of cases at once against a model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from padan import differences
from padan.agreement.clauses import Suspension
from padan.agreement.working_days import after
from padan.errors import StepFailed
from padan.warehouse.connection import Connection, connect
from padan.warehouse.migrations import migrate
from tests.ledger_model import ALLOWED, Case, Event, Seen, apply, due_with, escalate, observe, suspend

KEYS, EXAMPLES, STEPS = 4_800, 32, 16  # an example plays a course of each of its keys
TERMS = {"critical_term": 10, "warning_term": 30}
FIRST = date(2026, 1, 5)
SEEDS = strategies.integers(0, 2**32 - 1)
DATA_KINDS = {"opened", "changed", "reassigned", "resolved", "reopened", "escalated"}
AGREEMENT_KINDS = {"paused", "rescheduled"}
INPUTS = """
    create schema integration;
    create schema marts_reconciliation;
    create table integration.int_comparison__verdicts (asn_key text, attribute text, verdict text);
    create table integration.int_comparison__attribute_by_instansi (attribute text, pairs bigint, modified bigint);
    create table marts_reconciliation.fct_differences (
        case_id text, asn_key text, attribute text, verdict text, severity text, owner_party text, instansi_id text,
        value_fingerprint text
    );
    create schema marts_reference;
    create table marts_reference.fct_reference_differences (
        case_id text, agency text, list_name text, code text, attribute text, issue text, severity text,
        owner_party text
    );
"""
EMPTY = """
    alter table ledger.event disable trigger append_only;
    truncate ledger.event, ledger.difference_case, ledger.run, ledger.attribute_count;
    alter table ledger.event enable trigger append_only;
"""
CASES = """
    select case_id, value_fingerprint, severity, owner_party, state, opened_on, last_opened_on, due_on, resolution,
        escalated_on, resolved_on, waived_until, times_reopened, events, calendar_due_on, term_set_on, paused_on
    from ledger.difference_case
"""


def case_id(key: int) -> str:
    return f"K-{key:012X}"


def fingerprint(value: int) -> str:
    return f"{value:064x}"


@pytest.fixture(scope="module")
def ledger(database_url: str) -> Iterator[Connection]:
    """A migrated warehouse with empty inputs."""
    migrate(database_url)
    with connect(database_url) as connection:
        connection.execute(INPUTS)
        yield connection


@pytest.fixture
def empty(ledger: Connection) -> Connection:
    ledger.execute(EMPTY)
    show(ledger, {}, {})
    ledger.execute("truncate marts_reference.fct_reference_differences")
    return ledger


def show(connection: Connection, seen: dict[int, Seen], compared: dict[int, bool]) -> None:
    """Make the marts hold exactly these differences; ``compared``: keys whose two sides agree."""
    connection.execute("truncate marts_reconciliation.fct_differences, integration.int_comparison__verdicts")
    with connection.cursor() as cursor:
        with cursor.copy("copy marts_reconciliation.fct_differences from stdin") as copy:
            for key, one in seen.items():
                copy.write_row(
                    (case_id(key), f"a{key}", "nip", "modified", one.severity, one.owner, None, one.fingerprint)
                )
        with cursor.copy("copy integration.int_comparison__verdicts from stdin") as copy:
            for key, agrees in compared.items():
                if agrees:
                    copy.write_row((f"a{key}", "nip", "identical"))
            for key in seen:
                copy.write_row((f"a{key}", "nip", "modified"))


def stored(connection: Connection) -> dict[str, Case]:
    return {row[0]: Case(Seen(row[1], row[2], row[3]), *row[4:]) for row in connection.execute(CASES).fetchall()}


def history(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select * from ledger.event order by event_id").fetchall()


class LedgerMachine(RuleBasedStateMachine):
    """Thousands of cases, each with a course of its own; every rule moves many of them."""

    connection: Connection
    sequences = 0
    distinct: set[tuple[str, ...]] = set()  # noqa: RUF012 - counts over all examples

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.connection.execute(EMPTY)
        self.day = FIRST
        self.seen = {key: Seen(fingerprint(0), "critical", "bps") for key in range(KEYS)}
        self.compared: dict[int, bool] = {}
        self.cases: dict[int, Case] = {}
        self.events: dict[int, list[Event]] = {key: [] for key in range(KEYS)}
        self.suspensions: list[Suspension] = []
        self.number = 0
        self._take_in(seed)

    def _change_world(self, seed: int) -> None:
        chance = random.Random(seed)
        for key in range(KEYS):
            luck = chance.random()
            if luck < 0.35:
                self.seen.pop(key, None)
                self.compared[key] = chance.random() < 0.7
            elif luck < 0.7:
                self.seen[key] = Seen(
                    fingerprint(chance.randrange(3)),
                    chance.choice(("critical", "warning")) if chance.random() < 0.2 else "critical",
                    chance.choice(("bkn", "bps", "both")) if chance.random() < 0.2 else "bps",
                )
        show(self.connection, self.seen, self.compared)

    def _take_in(self, seed: int) -> None:
        self._change_world(seed)
        done = differences.update(self.connection, self.day, **TERMS, suspensions=self.suspensions)
        assert not done.late
        assert sum(done.events.values()) == self._observe()

    def _record(self, key: int, event: Event) -> None:
        self.events[key].append(event)
        self.cases[key] = apply(self.cases.get(key), event)
        self.number += 1

    def _observe(self) -> int:
        due = {"critical": after(self.day, 10).day, "warning": after(self.day, 30).day}
        before = self.number
        for key in range(KEYS):
            event = observe(self.cases.get(key), self.seen.get(key), self.compared.get(key, False), self.day, due)
            if event:
                self._record(key, event)
        begun = [one for one in self.suspensions if one.start <= self.day]
        terms = {(case.last_opened_on, case.calendar_due_on) for case in self.cases.values()}
        moved = {term: due_with(*term, begun) for term in terms}
        for key, case in list(self.cases.items()):
            event = suspend(case, self.day, moved[case.last_opened_on, case.calendar_due_on], begun)
            if event:
                self._record(key, event)
        for key, case in list(self.cases.items()):
            late = escalate(case, self.day)
            if late:
                self._record(key, late)
        return self.number - before

    @rule(days=strategies.integers(0, 25), seed=SEEDS)
    def a_run(self, days: int, seed: int) -> None:
        self.day += timedelta(days=days)
        self._take_in(seed)

    @rule()
    def the_same_run_again(self) -> None:
        assert differences.update(self.connection, self.day, **TERMS, suspensions=self.suspensions).events == {}

    @rule(back=strategies.integers(0, 20), days=strategies.integers(1, 30), recorded=strategies.booleans(), seed=SEEDS)
    def the_agreement_is_suspended(self, back: int, days: int, recorded: bool, seed: int) -> None:
        """Recorded when it has begun, its end now or later; the next run knows of it."""
        open_ones = [one for one in self.suspensions if one.end is None]
        self.suspensions = [one for one in self.suspensions if one.end is not None]
        if open_ones:
            last = max(open_ones[0].start, self.day - timedelta(days=1))
            self.suspensions.append(open_ones[0].model_copy(update={"end": last}))
        else:
            start = self.day - timedelta(days=back)
            end = start + timedelta(days=days) if recorded else None
            self.suspensions.append(Suspension(party="bps", start=start, end=end, cause="flood", cites=("10(3)",)))
        self._take_in(seed)

    @rule(seed=SEEDS)
    def a_suspension_was_recorded_by_mistake(self, seed: int) -> None:
        if self.suspensions:
            self.suspensions.pop()
            self._take_in(seed)

    @rule(days=strategies.integers(1, 40), seed=SEEDS)
    def a_late_run(self, days: int, seed: int) -> None:
        held, compared = dict(self.seen), dict(self.compared)
        self._change_world(seed)
        assert differences.update(self.connection, self.day - timedelta(days=days), **TERMS).late
        self.seen, self.compared = held, compared
        show(self.connection, self.seen, self.compared)

    @rule(verb=strategies.sampled_from(sorted(ALLOWED)), days=strategies.integers(0, 30), seed=SEEDS)
    def people_act(self, verb: str, days: int, seed: int) -> None:
        chance = random.Random(seed)
        until = self.day + timedelta(days=days) if verb == "waived" else None
        allowed = [key for key, case in self.cases.items() if case.state in ALLOWED[verb] and chance.random() < 0.4]
        self.connection.execute(
            "insert into ledger.event (case_id, as_of, kind, actor, reason, until) "
            "select case_id, %s, %s, 'liaison-bps', 'because', %s from unnest(%s::text[]) as case_id",
            (self.day, verb, until, [case_id(key) for key in allowed]),
        )
        for key in allowed:
            self._record(key, Event(self.day, verb, until=until, reason="because"))

    @rule(verb=strategies.sampled_from(sorted(ALLOWED)), key=strategies.integers(0, KEYS - 1))
    def a_person_is_refused(self, verb: Any, key: int) -> None:
        case = self.cases.get(key)
        if case is None or case.state not in ALLOWED[verb]:
            until = self.day if verb == "waived" else None
            with pytest.raises(StepFailed, match=r"refused: case K-[0-9A-F]{12} is"):
                differences.act(self.connection, case_id(key), verb, actor="x", as_of=self.day, reason="y", until=until)

    @invariant()
    def the_database_holds_what_the_model_holds(self) -> None:
        if self.number:
            assert stored(self.connection) == {case_id(key): case for key, case in self.cases.items()}

    def teardown(self) -> None:
        if not hasattr(self, "number"):
            return
        rows = self.connection.execute(
            "select case_id, as_of, kind, value_fingerprint, severity, owner_party, due_on, until, reason, actor "
            "from ledger.event order by event_id"
        ).fetchall()
        written: dict[str, list[Event]] = {}
        for name, as_of, kind, value, severity, owner, due_on, until, reason, actor in rows:
            assert (actor == "data") == (kind in DATA_KINDS)
            assert (actor == "agreement") == (kind in AGREEMENT_KINDS)
            seen = Seen(value, severity, owner) if value else None
            written.setdefault(name, []).append(Event(as_of, kind, seen, due_on, until, reason))
        assert written == {case_id(key): events for key, events in self.events.items() if events}
        assert differences.rebuild(self.connection) == 0
        LedgerMachine.sequences += len(written)
        LedgerMachine.distinct.update(tuple(event.kind for event in events) for events in written.values())


@pytest.mark.timeout(600)
def test_a_hundred_thousand_courses_of_cases(ledger: Connection) -> None:
    """No lost history, one case per key, closing by data alone: after each step SQL and the model hold the same."""
    LedgerMachine.connection = ledger
    LedgerMachine.sequences, LedgerMachine.distinct = 0, set()
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
    assert LedgerMachine.sequences >= 100_000
    print(f"{LedgerMachine.sequences} sequences, {len(LedgerMachine.distinct)} distinct courses")


ONE = Seen(fingerprint(1), "critical", "bps")


def run(connection: Connection, day: date) -> dict[str, int]:
    return differences.update(connection, day, **TERMS).events


def test_rebuilding_from_events_gives_the_same_cases_and_mends_what_was_tampered_with(empty: Connection) -> None:
    show(empty, {1: ONE, 2: ONE}, {})
    run(empty, FIRST)
    show(empty, {1: ONE}, {2: True})
    run(empty, FIRST + timedelta(days=30))
    sound = stored(empty)
    assert {name: case.state for name, case in sound.items()} == {case_id(1): "open", case_id(2): "resolved"}
    assert differences.rebuild(empty) == 0
    empty.execute("update ledger.difference_case set state = 'waived' where case_id = %s", (case_id(1),))
    assert differences.rebuild(empty) == 1
    empty.execute("delete from ledger.difference_case")
    assert differences.rebuild(empty) == 2
    assert stored(empty) == sound


@pytest.mark.parametrize("statement", ["update ledger.event set actor = 'x'", "delete from ledger.event",
                                       "truncate ledger.event"])  # fmt: skip
def test_history_cannot_be_changed(empty: Connection, statement: str) -> None:
    show(empty, {1: ONE}, {})
    run(empty, FIRST)
    before = history(empty)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        empty.execute(statement.encode())
    assert history(empty) == before


def test_nobody_but_the_data_closes_a_case(empty: Connection) -> None:
    show(empty, {1: ONE}, {})
    run(empty, FIRST)
    with pytest.raises(psycopg.errors.CheckViolation):
        empty.execute(
            "insert into ledger.event (case_id, as_of, kind, actor, reason) values (%s, %s, 'resolved', 'x', 'done')",
            (case_id(1), FIRST),
        )


def flood(first: date, last: date | None) -> list[Suspension]:
    return [Suspension(party="bps", start=first, end=last, cause="flood", cites=("10(3)",))]


def test_a_term_stands_still_in_a_suspension_and_then_ends_later(empty: Connection) -> None:
    """Worked by hand: opened on 2 March 2026 with 10 working days, so until the 16th; suspended from the 9th."""

    def run_on(day: date, suspensions: list[Suspension]) -> dict[str, int]:
        return differences.update(empty, day, **TERMS, suspensions=suspensions).events

    def now() -> Case:
        return stored(empty)[case_id(1)]

    show(empty, {1: ONE}, {})
    run_on(date(2026, 3, 2), [])
    assert now().due_on == date(2026, 3, 16)
    # The extraction alone rests, so runs go on; the end is not known.
    assert run_on(date(2026, 3, 10), flood(date(2026, 3, 9), None)) == {"paused": 1}
    assert run_on(date(2026, 3, 31), flood(date(2026, 3, 9), None)) == {}
    assert (now().paused_on, now().escalated_on) == (date(2026, 3, 10), None)
    # It ended on the 20th: six days are owed again (9-13, 16), and 18-24 March are off.
    over = flood(date(2026, 3, 9), date(2026, 3, 20))
    assert run_on(date(2026, 3, 31), over) == {"rescheduled": 1}
    assert (now().due_on, now().calendar_due_on, now().paused_on) == (date(2026, 4, 1), date(2026, 3, 16), None)
    assert run_on(date(2026, 4, 1), over) == {}
    assert run_on(date(2026, 4, 2), over) == {"escalated": 1}
    assert differences.rebuild(empty) == 0


def test_a_case_that_reopens_in_a_suspension_stands_still_anew(empty: Connection) -> None:
    """Its new term has begun, so it waits as well; and what is resolved waits for nothing."""
    show(empty, {1: ONE, 2: ONE}, {})
    run(empty, date(2026, 3, 2))
    lasting = flood(date(2026, 3, 9), None)
    assert differences.update(empty, date(2026, 3, 10), **TERMS, suspensions=lasting).events == {"paused": 2}
    differences.act(empty, case_id(1), "disputed", actor="liaison-bps", as_of=date(2026, 3, 10), reason="ours is right")
    show(empty, {1: Seen(fingerprint(2), "critical", "bps")}, {2: True})
    events = differences.update(empty, date(2026, 3, 11), **TERMS, suspensions=lasting).events
    assert events == {"paused": 1, "reopened": 1, "resolved": 1}
    reopened, resolved = stored(empty)[case_id(1)], stored(empty)[case_id(2)]
    assert (reopened.state, reopened.paused_on, reopened.due_on) == ("reopened", date(2026, 3, 11), date(2026, 4, 1))
    assert (resolved.state, resolved.paused_on) == ("resolved", None)
    assert differences.rebuild(empty) == 0


def test_force_majeure_told_after_the_term_takes_the_delay_back(empty: Connection) -> None:
    """The notice has 14 days (article 10 (2)): what was escalated meanwhile is not late after all."""
    show(empty, {1: ONE}, {})
    run(empty, date(2026, 3, 2))
    assert run(empty, date(2026, 3, 17)) == {"escalated": 1}
    told = flood(date(2026, 3, 16), date(2026, 3, 17))
    assert differences.update(empty, date(2026, 3, 25), **TERMS, suspensions=told).events == {"rescheduled": 1}
    case = stored(empty)[case_id(1)]
    assert (case.due_on, case.escalated_on) == (date(2026, 3, 25), None)


def test_a_row_that_is_missing_while_the_sides_differ_closes_nothing(empty: Connection) -> None:
    show(empty, {1: ONE}, {})
    run(empty, FIRST)
    empty.execute("delete from marts_reconciliation.fct_differences")
    assert run(empty, FIRST + timedelta(days=1)) == {}


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"verb": "paused"}, "what data may say and what a person"),
        ({"verb": "disputed"}, "it needs a reason"),
        ({"verb": "waived", "reason": "moved"}, "a waiver needs a last day"),
        ({"verb": "waived", "reason": "moved", "until": FIRST - timedelta(days=1)}, "a waiver needs a last day"),
        ({"verb": "disputed", "reason": "NIP 199001012014121001 is right"}, "the text holds the number of a person"),
        ({"verb": "resolved", "reason": "done"}, "what data may say and what a person"),
    ],
)
def test_a_person_is_told_what_is_missing(empty: Connection, words: dict[str, Any], refusal: str) -> None:
    show(empty, {1: ONE}, {})
    run(empty, FIRST)
    with pytest.raises(StepFailed, match=refusal):
        differences.act(empty, case_id(1), actor="liaison-bps", as_of=FIRST, **words)


def test_without_marts_the_step_says_so(database_url: str, ledger: Connection) -> None:
    ledger.execute("alter table marts_reconciliation.fct_differences rename to gone")
    try:
        with pytest.raises(StepFailed, match="not built yet"):
            run(ledger, FIRST)
    finally:
        ledger.execute("alter table marts_reconciliation.gone rename to fct_differences")


def test_a_code_is_a_case_with_owner_and_term_and_closes_when_its_mapping_is_right(empty: Connection) -> None:
    def day(offset: int, *issues: tuple[str, str]) -> None:
        empty.execute("truncate marts_reference.fct_reference_differences")
        for code, issue in issues:
            empty.execute(
                "insert into marts_reference.fct_reference_differences "
                "values (%s, 'bps', 'instansi', %s, 'instansi', %s, 'critical', 'bps')",
                (f"R-00000000000{code}", code, issue),
            )
        differences.update(empty, FIRST + timedelta(days=offset), **TERMS)

    def case(code: str) -> tuple[Any, ...] | None:
        return empty.execute(
            "select asn_key, attribute, verdict, owner_party, state, resolution, due_on, times_reopened "
            "from ledger.difference_case where case_id = %s",
            (f"R-00000000000{code}",),
        ).fetchone()

    day(0, ("1", "unmapped"), ("2", "not_listed"))
    due = after(FIRST, 10).day
    assert case("1") == ("bps|instansi|1", "instansi", "only_in_bps", "bps", "open", None, due, 0)
    assert case("2") == ("bps|instansi|2", "instansi", "not_comparable", "bps", "open", None, due, 0)
    before = history(empty)
    day(0, ("1", "unmapped"), ("2", "not_listed"))
    assert history(empty) == before
    differences.act(empty, "R-000000000001", "acknowledged", actor="Biro SDM", as_of=FIRST)
    day(1, ("1", "target_shared"))
    assert case("1") == ("bps|instansi|1", "instansi", "modified", "bps", "acknowledged", None, due, 0)
    assert case("2") == ("bps|instansi|2", "instansi", "not_comparable", "bps", "resolved", "agreed", due, 0)
    day(30, ("1", "target_shared"), ("2", "not_listed"))
    assert empty.execute(
        "select escalated_on from ledger.difference_case where case_id = 'R-000000000001'"
    ).fetchone() == (FIRST + timedelta(days=30),)
    assert (case("2") or ())[4:] == ("reopened", None, after(FIRST + timedelta(days=30), 10).day, 1)
    assert differences.rebuild(empty) == 0
