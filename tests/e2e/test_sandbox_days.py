"""Days of the sandbox played through the whole stack, held against the truth file."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from padan.warehouse.fingerprint import warehouse_hash
from sandbox.postgres import SUPERUSER
from sandbox.stack import Stack
from tests.stack_runs import FIRST_DAY, connections_watched, fault, latest_tasks, run_dags

pytestmark = pytest.mark.timeout(1200)


def truth_of(stack: Stack) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((stack.world / "truth.json").read_text())
    return truth


def relations(stack: Stack) -> dict[str, str]:
    """The hash of each relation of the warehouse, so that one that changed is named."""
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        return warehouse_hash(connection).relations


def rows_of(stack: Stack, query: str) -> set[Any]:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        return set(connection.execute(query.encode()).fetchall())


def assert_same(what: str, expected: set[Any], found: set[Any]) -> None:
    right = len(expected & found)
    recall, precision = right / len(expected), right / len(found)
    print(f"\n{what}: {len(expected)} true, {len(found)} found: recall {recall:.4f}, precision {precision:.4f}")
    assert sorted(map(str, expected - found)) == []
    assert sorted(map(str, found - expected)) == []


def assert_truth(stack: Stack) -> None:
    """Who is who, and what differs: over all planted kinds, those too that no exact key settles."""
    truth = truth_of(stack)
    assert_same(
        "pairs",
        {(row["person_id_bkn"], row["holder_id"]) for row in truth["pairs"]},
        rows_of(stack, "select person_id_bkn, holder_id from integration.int_matching__pairs"),
    )
    assert_same(
        "differences",
        {(row["person_id_bkn"], row["holder_id"], row["attribute"], row["verdict"]) for row in truth["differences"]},
        rows_of(
            stack,
            "select person_id_bkn, holder_id, attribute, verdict from integration.int_comparison__differences",
        ),
    )


def assert_codes(stack: Stack) -> None:
    """Exactly what changed in either agency's lists, and exactly the codes whose mapping is wrong."""
    truth = truth_of(stack)
    changed = """
        select agency, list_name, code, change_kind from marts_reference.dim_reference_code
        where change_kind <> 'initial'
        union all
        select agency, list_name, code, 'retired' from marts_reference.dim_reference_code where is_retired
    """
    wrong = "select list_name, code, issue, owner_party, people from marts_reference.fct_reference_differences"
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        assert sorted(connection.execute(changed)) == sorted(tuple(row.values()) for row in truth["reference_changes"])
        assert sorted(connection.execute(wrong)) == sorted(
            tuple(row.values()) for row in truth["reference_differences"]
        )


def test_every_planted_difference_is_found_and_none_invented(stack: Stack, first_run: dict[str, Any]) -> None:
    assert_truth(stack)
    assert_codes(stack)


def test_the_summary_equals_the_truth(stack: Stack, first_run: dict[str, Any]) -> None:
    truth, counts = truth_of(stack), first_run
    matched = dict(counts["people"]["matched"])
    exact = {tier: matched.pop(tier) for tier in ("exact_nip", "exact_nik")}
    assert exact | {"beyond_exact_keys": sum(matched.values())} == truth["people"]["matched"]
    assert set(matched) == {"nip_corrected", "probabilistic"}
    assert counts["differences"]["total"] == len(truth["differences"])
    for party, datasets in truth["landing"].items():
        for name, expected in datasets.items():
            found = counts["agencies"][party]["datasets"][name]
            assert {key: found[key] for key in expected} == expected, f"{party}.{name}"
            assert found["extracted"] == found["landed"] + found["quarantined"]


def test_whoever_bkn_may_have_mended_is_asked_about_sooner(stack: Stack, first_run: dict[str, Any]) -> None:
    with psycopg.connect(stack.postgres.url("padan", SUPERUSER)) as connection:
        due = connection.execute(
            "select distinct person_id_bkn from integration.int_comparison__open_differences "
            "inner join marts_reconciliation.fct_differences using (case_id) "
            "where owner_party <> 'bps' and person_id_bkn is not null"
        ).fetchall()
        hinted = connection.execute(
            "select data_utama.id from landing.person_hint "
            "inner join raw_bkn.data_utama on person_hint.nip = data_utama._nip"
        ).fetchall()
    assert sorted(hinted) == sorted(due)
    assert 0 < len(due) < first_run["agencies"]["bkn"]["people_asked"]


def test_an_identical_second_run_changes_nothing_and_mails_nothing(
    stack: Stack, first_run: dict[str, Any], status_of: Any
) -> None:
    before = relations(stack)
    mails = sorted((stack.home / "mail").glob("*.eml"))
    assert first_run["mails"]["sent"] == 2
    assert run_dags(stack, FIRST_DAY) == []
    after = status_of(stack)
    assert [name for name, content in relations(stack).items() if content != before[name]] == []
    assert sorted((stack.home / "mail").glob("*.eml")) == mails
    for extract in after["agencies"].values():
        for name, dataset in extract["datasets"].items():
            assert (dataset["inserted"], dataset["updated"], dataset["deleted"]) == (0, 0, 0), name


def test_the_next_day_mends_some_brings_new_and_tells_both(stack: Stack, first_run: dict[str, Any]) -> None:
    mails = set((stack.home / "mail").glob("*.eml"))
    stack.build_world(day=2)
    with connections_watched(stack) as seen:
        assert run_dags(stack, FIRST_DAY + timedelta(days=1)) == []
    assert {"padan", "airflow"} <= {database for database, _, _ in seen}
    assert {"dbt", "padan-quality", "padan-ledger", "padan-alerts"} <= {application for _, application, _ in seen}
    assert {encrypted for _, _, encrypted in seen} == {True}
    assert_truth(stack)
    assert_codes(stack)
    assert truth_of(stack)["reference_changes"]
    assert len(set((stack.home / "mail").glob("*.eml")) - mails) == 2


def test_one_agency_down_leaves_the_other_current_and_says_so(
    stack: Stack, first_run: dict[str, Any], status_of: Any
) -> None:
    """A refused credential (not retried) at BPS: its DAG fails, BKN goes on, the marts are built, both are told."""
    before = status_of(stack)
    day = FIRST_DAY + timedelta(days=3)
    with fault(stack, "jf", "refused_login", "/oauth2/token"):
        failed = run_dags(stack, day)
    after = status_of(stack)
    assert failed == ["land_bps_lists"]
    assert latest_tasks(stack, "extract_bps")["announce_bps"] == "success"
    assert latest_tasks(stack, "notify_liaison") == {"notify_liaison": "success"}
    assert after["agencies"]["bkn"]["as_of"] == day.isoformat()
    assert after["agencies"]["bkn"]["state"] == "published"
    assert after["agencies"]["bps"]["state"] == "open"
    assert after["agencies"]["bps"]["reason"]
    assert after["agencies"]["bps"]["published_as_of"] == before["agencies"]["bps"]["published_as_of"]


def test_a_day_outside_the_agreement_is_skipped_with_the_reason_and_nothing_follows(
    stack: Stack, first_run: dict[str, Any], status_of: Any
) -> None:
    """The sandbox's agreement ends with 2099: on the day after nothing is requested and the chain goes no further."""
    before = status_of(stack)
    assert run_dags(stack, date(2100, 1, 1)) == []
    assert set(latest_tasks(stack, "extract_bps").values()) == {"skipped"}
    assert status_of(stack)["agencies"] == before["agencies"]
    logs = stack.home / "airflow" / "logs"
    assert any("no extract on 2100-01-01" in path.read_text() for path in logs.rglob("*.log"))
