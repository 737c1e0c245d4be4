"""``padan cases`` as a liaison unit types it, on a real ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from padan.cli import app
from padan.errors import StepFailed
from padan.warehouse.migrations import migrate

CASE, OTHER = "K-00000000000A", "K-00000000000B"


@pytest.fixture
def padan(
    new_database: Callable[[], str], project_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run ``padan cases WORDS``; two cases are open, of which one is overdue on 1 March 2026."""
    url = new_database()
    migrate(url)
    with psycopg.connect(url) as connection:
        for case_id, due_on in ((CASE, "2026-02-27"), (OTHER, "2026-03-31")):
            connection.execute(
                """
                insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity,
                    owner_party, value_fingerprint, due_on)
                values (%s, '2026-02-02', 'opened', 'data', %s, 'nip', 'modified', 'critical', 'bps', %s, %s)
                """,
                (case_id, case_id, "0" * 64, due_on),
            )
    settings = {
        "DATABASE_URL": url,
        "AGREEMENT_FILE": str(project_dir / "agreement" / "sandbox.yaml"),
        "SECRET_KEY": "synthetic " * 4,
        "PROJECT_DIR": str(project_dir),
        **{f"{folder}_DIR": str(tmp_path) for folder in ("STATE", "ARCHIVE", "PORTAL_EXPORT")},
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PADAN_{name}", value)

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, ["cases", *words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def listed(padan: Callable[..., Any], *words: str) -> list[str]:
    return [row["case_id"] for row in padan("list", "--as-of", "2026-03-01", "--json", *words)]


def test_cases_are_listed_by_due_date_state_and_owner(padan: Callable[..., Any]) -> None:
    assert listed(padan) == [CASE, OTHER]
    assert listed(padan, "--overdue") == [CASE]
    assert listed(padan, "--owner", "bkn") == []
    assert listed(padan, "--state", "waived") == []
    assert CASE in padan("list", "--as-of", "2026-03-01")


def test_a_case_is_acknowledged_disputed_waived_and_its_history_told(padan: Callable[..., Any]) -> None:
    padan("acknowledge", CASE, "--by", "liaison-bps", "--as-of", "2026-03-02")
    padan("dispute", CASE, "--by", "liaison-bps", "--reason", "the decree says otherwise", "--as-of", "2026-03-03")
    padan("waive", CASE, "--by", "liaison-bkn", "--reason", "court", "--until", "2026-06-30", "--as-of", "2026-03-04")
    assert listed(padan, "--state", "waived") == [CASE]
    history = padan("show", CASE, "--json")
    assert [(row["kind"], row["actor"]) for row in history] == [
        ("opened", "data"), ("acknowledged", "liaison-bps"), ("disputed", "liaison-bps"), ("waived", "liaison-bkn"),
    ]  # fmt: skip
    assert history[-1]["until"] == "2026-06-30"


def test_what_cannot_be_done_is_said_in_one_line(padan: Callable[..., Any]) -> None:
    padan("acknowledge", CASE, "--by", "x")
    with pytest.raises(StepFailed, match="is acknowledged: it cannot be acknowledged"):
        padan("acknowledge", CASE, "--by", "x")
    with pytest.raises(StepFailed, match="is not there: it cannot be disputed"):
        padan("dispute", "K-0000000000FF", "--by", "x", "--reason", "y")
    with pytest.raises(StepFailed, match="there is no case"):
        padan("show", "K-0000000000FF")
