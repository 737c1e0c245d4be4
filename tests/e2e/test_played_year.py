"""A year of monthly runs over the real path, held against the plan: every event of the ledger, and no other."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from typer.testing import CliRunner

from padan import differences
from padan.cli import app
from padan.errors import StepFailed
from padan.flows import ledger, warehouse
from padan.flows.pipeline import PIPELINE
from padan.flows.pipeline import run as run_step
from padan.settings import Settings, load
from padan.warehouse import dbt as padan_dbt
from padan.warehouse.dbt import PSEUDONYM_KEY, DbtOutcome
from sandbox import jf_service, siasn
from sandbox.differences import UNMAPPED_INSTANSI_CODE
from sandbox.ledger_truth import TERMS
from sandbox.world import build
from sandbox.year import COURSES, MONTHS, date_of
from tests.integration.test_agencies_sandbox import SECRETS, serving

pytestmark = pytest.mark.timeout(900)
PEOPLE, SEED = 180, 20231204
REPEATED, LATE = 5, (8, 6)  # May is played twice; June once more after August, when no history may be written for it
# The ledger does not hang on these, and each has tests of its own.
SKIPPED = {
    "check_freshness", "check_raw", "check_staging", "check_comparison", "check_marts", "write_docs", "notify_liaison",
}  # fmt: skip
STEPS = [step.name for workflow in PIPELINE for step in workflow.steps if step.name not in SKIPPED]
EVENT = (
    "as_of", "kind", "actor", "verdict", "severity", "owner_party", "instansi_id", "due_on", "until", "reason",
)  # fmt: skip
TOLD = ("opened", "reopened", "resolved")
Row = dict[str, Any]


class InProcessDbt:
    """dbt with the words of the pipeline, in this process and with the project read once: two seconds, not six."""

    def __init__(self) -> None:
        self._manifest: Any = None

    def run(self, settings: Settings, as_of: date, *words: str) -> DbtOutcome:
        project, home = str(settings.project_dir / "dbt_project"), settings.state_dir
        given = [
            *("--project-dir", project, "--profiles-dir", project, "--target-path", str(home / "target"), "--quiet"),
            *("--log-path", str(home / "logs"), "--vars", json.dumps({"as_of": as_of.isoformat()})),
        ]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in padan_dbt.environment(settings).items():
                patch.setenv(name, value)
            if self._manifest is None:
                self._manifest = dbtRunner().invoke(["parse", *given]).result
            done = dbtRunner(manifest=self._manifest).invoke([*words, *given])
        failed = [row.node.name for row in done.result or () if row.status not in ("success", "pass", "no-op")]
        if not done.success:
            raise StepFailed(f"{words}: {done.exception} {failed}")
        return DbtOutcome(" ".join(words), {}, (), 0.0)


@dataclass
class Year:
    """A warehouse and the agencies that it is fed from."""

    url: str
    world: Path
    seconds: list[float] = field(default_factory=list)

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.world / "truth.json").read_text())
        return found

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]

    def build(self, month: int) -> None:
        build(self.world, PEOPLE, SEED, month, year=True)
        time.sleep(0.6)  # the services look for a new world every half second

    def run(self, as_of: date) -> bool:
        """One monthly run; whether it was late for the ledger."""
        began = time.monotonic()
        told = {step: run_step(step, as_of) for step in STEPS}
        self.seconds.append(time.monotonic() - began)
        return bool(told["update_ledger"]["late"])

    def case_id(self, row: Row) -> str:
        found = self.rows(
            "select case_id from ledger.difference_case where asn_key = %s and attribute = %s",
            asn_key(row["person_id_bkn"], row["holder_id"]), row["attribute"],
        )  # fmt: skip
        assert len(found) == 1, row
        return str(found[0][0])

    def act(self, row: Row) -> None:
        """What a liaison unit does, as it types it."""
        words = [
            {"acknowledged": "acknowledge", "disputed": "dispute", "waived": "waive"}[row["verb"]],
            *(self.case_id(row), "--by", "liaison", "--as-of", row["as_of"]),
            *(["--reason", row["reason"]] if row["reason"] else []),
            *(["--until", row["until"]] if row["until"] else []),
        ]
        done = CliRunner().invoke(app, ["cases", *words])
        assert done.exit_code == 0, (words, done.output, done.exception)

    def events(self) -> Counter[tuple[Any, ...]]:
        """The whole event table, each event once for each time that it is there."""
        columns = ", ".join(f"event.{name}" for name in EVENT)
        return Counter(
            self.rows(
                f"select opening.asn_key, opening.attribute, {columns} from ledger.event "
                "inner join ledger.event as opening on event.case_id = opening.case_id and opening.kind = 'opened' "
                "where starts_with(event.case_id, 'K-')"
            )
        )


def asn_key(person_id_bkn: str | None, holder_id: str | None) -> str:
    """The pseudonym of a pair, made here as the warehouse has to make it."""
    key = load(Settings).key(PSEUDONYM_KEY).hex().encode()
    return hmac.new(key, f"{person_id_bkn or ''}|{holder_id or ''}".encode(), hashlib.sha256).hexdigest()


def expected_events(truth: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    dates = {"as_of", "due_on", "until"}
    return Counter(
        (
            asn_key(row["person_id_bkn"], row["holder_id"]),
            row["attribute"],
            *(date.fromisoformat(row[name]) if name in dates and row[name] else row[name] for name in EVENT),
        )
        for row in truth["ledger"]
    )


def found_differences(year: Year) -> set[tuple[Any, ...]]:
    query = "select person_id_bkn, holder_id, attribute, verdict from integration.int_comparison__verdicts"
    return set(year.rows(f"{query} where verdict <> 'identical'"))


@pytest.fixture(scope="module")
def played(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, project_dir: Path
) -> Iterator[Year]:
    """The year played to its end; each month's differences and the ledger so far are held against the plan at once."""
    home = tmp_path_factory.mktemp("year")
    year = Year(new_database(), home / "world")
    build(year.world, PEOPLE, SEED, 1, year=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (SECRETS | {"PADAN_SANDBOX_WORLD": str(year.world)}).items():
            patch.setenv(name, value)
        with serving(siasn.create_app, year.world) as bkn, serving(jf_service.create_app, year.world) as bps:
            for name, value in settings(year, home, project_dir, bkn, bps).items():
                patch.setenv(f"PADAN_{name}", value)
            in_process = InProcessDbt().run
            for room in (warehouse, ledger):
                patch.setattr(room, "run_dbt", in_process)
            for month in range(1, MONTHS + 1):
                if month > 1:
                    year.build(month)
                assert year.run(date_of(month)) is False
                truth = year.truth
                told = {
                    (row["person_id_bkn"], row["holder_id"], row["attribute"], row["verdict"])
                    for row in truth["differences"]
                }
                found = found_differences(year)
                assert (told - found, found - told) == (set(), set()), month
                for row in truth["acts"]:
                    year.act(row)
                before = year.events()
                if month == REPEATED:
                    assert year.run(date_of(month)) is False
                if month == LATE[0]:
                    with pytest.raises(StepFailed, match="snap_bkn__people"):
                        year.run(date_of(LATE[1]))
                    with psycopg.connect(year.url) as connection:
                        # Refused before anything was dropped: the views over what was built still answer.
                        connection.execute("select from marts_reconciliation.fct_cases limit 1")
                        late = differences.update(connection, date_of(LATE[1]), critical_term=10, warning_term=30)
                    assert late.late is True
                assert year.events() == before, "a month played again, or late, adds nothing"
            print(f"\n{MONTHS} runs of {min(year.seconds):.1f} to {max(year.seconds):.1f} s")
            yield year


def settings(year: Year, home: Path, project_dir: Path, bkn: Any, bps: Any) -> dict[str, str]:
    return {
        "DATABASE_URL": year.url,
        "AGREEMENT_FILE": str(project_dir / "agreement" / "sandbox.yaml"),
        "STATE_DIR": str(home / "state"),
        "ARCHIVE_DIR": str(home / "archive"),
        "PORTAL_EXPORT_DIR": str(year.world / "portal_export"),
        "PROJECT_DIR": str(project_dir),
        "SECRET_KEY": "synthetic " * 4,
        "CRITICAL_TERM": str(TERMS["critical"]),
        "WARNING_TERM": str(TERMS["warning"]),
        "ENV_FILE": "",
        "SIASN_BASE_URL": bkn.url,
        "SIASN_TOKEN_URL": f"{bkn.url}/oauth2/token",
        "SIASN_SSO_TOKEN_URL": f"{bkn.url}/auth/realms/public-siasn/protocol/openid-connect/token",
        **{name.removeprefix("PADAN_SANDBOX_"): value for name, value in SECRETS.items()},
        "SIASN_REQUESTS_PER_SECOND": "2000",
        "SIASN_CA_BUNDLE": str(bkn.bundle),
        "JF_BASE_URL": bps.url,
        "JF_TOKEN_URL": f"{bps.url}/oauth2/token",
        "JF_REQUESTS_PER_SECOND": "1000",
        "JF_CA_BUNDLE": str(bps.bundle),
    }


def test_every_planted_event_is_in_the_ledger_exactly_once_and_none_is_invented(played: Year) -> None:
    expected, found = expected_events(played.truth), played.events()
    kinds = Counter(event[3] for event in found.elements())
    print(f"\nplanned {expected.total()}, in the ledger {found.total()}: {dict(kinds)}")
    assert list((expected - found).items()) == []
    assert list((found - expected).items()) == []
    assert played.rows("select count(*) from ledger.event where starts_with(case_id, 'K-')") == [(found.total(),)]
    assert set(kinds) == {
        "opened", "changed", "reassigned", "resolved", "reopened", "escalated", "acknowledged", "disputed", "waived",
    }  # fmt: skip
    assert {row["course"] for row in played.truth["ledger"]} == {*COURSES, None}


def test_the_state_rebuilt_from_the_events_is_identical(played: Year) -> None:
    query = "select * from ledger.difference_case order by case_id"
    before = played.rows(query)
    assert before
    assert (
        played.rows("select * from ledger.fold(array(select distinct case_id from ledger.event)) order by case_id")
        == before
    )
    with psycopg.connect(played.url) as connection:
        connection.execute("delete from ledger.difference_case")
        connection.commit()
        assert differences.rebuild(connection) == len(before)
    assert played.rows(query) == before


def test_the_cases_that_are_open_at_the_end_are_the_differences_of_december(played: Year) -> None:
    query = "select asn_key, attribute from ledger.difference_case where state <> 'resolved' and starts_with(case_id, "
    assert set(played.rows(f"{query}'R-')")) == {
        ("bps|education_level|S2T", "education_level"), (f"bps|instansi|{UNMAPPED_INSTANSI_CODE}", "instansi"),
    }  # fmt: skip
    told = {(asn_key(row["person_id_bkn"], row["holder_id"]), row["attribute"]) for row in played.truth["differences"]}
    assert set(played.rows(f"{query}'K-')")) == told


def expected_trend(truth: dict[str, Any]) -> dict[tuple[date, str, str], tuple[int, int, int, int]]:
    """What each run opened, reopened, resolved, and left open, by attribute and party that mends; from the plan."""
    counts: dict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    cases: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in truth["ledger"]:
        cases[row["person_id_bkn"], row["holder_id"], row["attribute"]].append(row)
    for (_, _, attribute), events in cases.items():
        owner = ""
        for month in range(1, MONTHS + 1):
            day = date_of(month)
            past = [row for row in events if row["actor"] == "data" and date.fromisoformat(row["as_of"]) <= day]
            owner = next((row["owner_party"] for row in reversed(past) if row["owner_party"]), "")
            if not owner:
                continue
            here = counts[day, attribute, owner]
            for row in past:
                if row["as_of"] == day.isoformat() and row["kind"] in TOLD:
                    here[TOLD.index(row["kind"])] += 1
            standing = [row["kind"] for row in past if row["kind"] in TOLD]
            here[3] += standing[-1] != "resolved"
    return {key: (found[0], found[1], found[2], found[3]) for key, found in counts.items()}


def test_the_trend_tells_the_year(played: Year) -> None:
    query = """
        select run_date, attribute, owner_party, opened, reopened, resolved, open_at_end
        from marts_reconciliation.rpt_reconciliation_trend
    """
    found = {(row[0], row[1], row[2]): row[3:] for row in played.rows(query)}
    assert found == expected_trend(played.truth)


def test_the_expectations_on_the_marts_hold_at_the_end_of_the_year(played: Year) -> None:
    run_step("check_marts", date_of(MONTHS))
    held = dict(played.rows("select suite, bool_and(success) from quality.verdict group by suite"))
    assert held["marts_rpt_reconciliation_trend"] is True
    assert held["marts_rpt_sdg_17_19_1"] is True
    assert all(held.values()), held
