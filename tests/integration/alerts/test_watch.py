"""The watch: what is missing, what jumped and what is stuck is told once, and once more when it is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest

from padan.agreement import Agreement
from padan.alerts import notify, watch
from padan.errors import SourceUnavailable
from padan.settings import AlertSettings, Settings, SmtpSettings
from sandbox.mail import Mailbox
from sandbox.postgres import free_port
from tests.integration.alerts.world import DAY_ONE, DAY_TWO, differ, ids, mails, publish

OPERATORS = AlertSettings(operators="night@padan.invalid, day@padan.invalid")


def judged(connection: psycopg.Connection, day: date) -> None:
    """A run of the DAGs after the extractions, as it shows in the warehouse."""
    connection.execute("insert into ledger.run (as_of) values (%s)", (day,))
    connection.execute("insert into alerts.run (as_of) values (%s)", (day,))
    verdict(connection, day, "staging", "staging_x", success=True)


def verdict(connection: psycopg.Connection, day: date, stage: str, suite: str, *, success: bool) -> None:
    connection.execute(
        """
        insert into quality.verdict
            (as_of, stage, suite, expectation_id, expectation_type, schema_name, table_name, severity, owner, reason,
                success, unexpected_count)
        values (%s, %s, %s, 'jump_nip', 't', 's', 't', 'warning', 'liaison-both', 'why', %s, 1)
        """,
        (day, stage, suite, success),
    )


def find(connection: psycopg.Connection, rule: str, count: int) -> None:
    connection.execute("truncate marts_reconciliation.fct_findings")
    connection.execute(
        "insert into marts_reconciliation.fct_findings select 'bkn', 'data_utama', %s from generate_series(1, %s)",
        (rule, count),
    )


def text(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def keys(problems: object) -> list[str]:
    return sorted(problem.key for problem in problems)  # type: ignore[attr-defined]


def test_when_all_went_well_nobody_is_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    judged(warehouse, DAY_ONE)
    found = watch(settings, smtp, OPERATORS, agreement, DAY_ONE)
    assert (found.problems, found.mailed) == ((), 0)
    assert mails(mailbox) == []


def test_a_missed_run_is_told_once_and_once_more_when_it_is_made_up_for(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    judged(warehouse, DAY_ONE)
    publish(warehouse, "bps", DAY_TWO)
    warehouse.execute(
        "insert into landing.extract (party, as_of, agreement_sha256, state, reason) "
        "values ('bkn', %s, '', 'stopped', 'roster much smaller')",
        (DAY_TWO,),
    )
    found = watch(settings, smtp, OPERATORS, agreement, DAY_TWO)
    missed = ["missed:build_warehouse", "missed:extract_bkn", "missed:notify_liaison", "missed:reconcile"]
    assert keys(found.problems) == missed
    (mail,) = mails(mailbox)
    assert mail["To"] == "night@padan.invalid, day@padan.invalid"
    assert mail["Subject"] == "[Padan] watch: 4 new, 0 over, 4 wrong - 2026-11-25"
    assert (
        "- extract_bkn: no data of BKN for 2026-11-25; the newest published are of 2026-11-24; "
        "the extract of 2026-11-25 is stopped (roster much smaller)\n"
    ) in text(mail)
    assert "- reconcile: no run for 2026-11-25 came to its end; the last one was for 2026-11-24\n" in text(mail)

    assert watch(settings, smtp, OPERATORS, agreement, DAY_TWO).opened == ()
    assert len(mails(mailbox)) == 1  # the same again: nothing

    judged(warehouse, DAY_TWO)
    found = watch(settings, smtp, OPERATORS, agreement, DAY_TWO)
    assert keys(found.problems) == ["missed:extract_bkn"]
    assert len(found.cleared) == 3
    assert "OVER\n- build_warehouse" in text(mails(mailbox)[-1])
    assert "STILL WRONG\n- extract_bkn" in text(mails(mailbox)[-1])

    publish(warehouse, "bkn", DAY_TWO)
    assert watch(settings, smtp, OPERATORS, agreement, DAY_TWO).problems == ()
    assert len(mails(mailbox)) == 3
    warehouse.execute("delete from alerts.run where as_of = %s", (DAY_TWO,))
    assert watch(settings, smtp, OPERATORS, agreement, DAY_TWO).opened == ("missed:notify_liaison",)  # back: told again
    assert len(mails(mailbox)) == 4


def test_a_run_may_be_late_by_the_days_of_grace(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    judged(warehouse, DAY_ONE)
    patient = OPERATORS.model_copy(update={"grace_days": 1})
    assert watch(settings, smtp, patient, agreement, DAY_TWO).problems == ()
    assert len(watch(settings, smtp, patient, agreement, DAY_TWO + timedelta(days=1)).problems) == 5


def test_while_the_agreement_permits_no_extraction_no_run_is_missed(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    assert watch(settings, smtp, OPERATORS, agreement, date(2100, 1, 1)).problems == ()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"reconcile": "def reconcile(:\n"}, "SyntaxError in reconcile.py, line 1"),
        ({"reconcile": "import os\nimport no_such\n"}, "ModuleNotFoundError (no_such) in reconcile.py, line 2"),
        ({"reconcile": "from support import tasks", "support/tasks": "x = 1\ny = unknown\n"},
         "NameError (unknown) in tasks.py, line 2"),
        ({"reconcile": "raise ValueError('a secret')"}, "ValueError in reconcile.py, line 1"),
        ({"reconcile": "import os; os._exit(3)"}, None),
    ],
)  # fmt: skip
def test_a_dag_file_that_cannot_be_imported_is_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, tmp_path: Path,
    files: dict[str, str], why: str | None,
) -> None:  # fmt: skip
    judged(warehouse, DAY_ONE)
    (tmp_path / "dags" / "support").mkdir(parents=True)
    for name, code in {"fine": "import json\n", **files}.items():
        (tmp_path / "dags" / f"{name}.py").write_text(code)
    broken = settings.model_copy(update={"project_dir": tmp_path})
    (problem,) = watch(broken, smtp, OPERATORS, agreement, DAY_ONE).problems
    told = f"reconcile.py cannot be imported: {why}" if why else "*.py cannot be imported: importing them ended"
    assert problem.text.startswith(f"dags/{told}")


def test_a_jump_of_findings_and_of_shares_is_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    for day, count in ((DAY_ONE, 100), (DAY_TWO, 149)):
        judged(warehouse, day)
        for party in ("bkn", "bps"):
            publish(warehouse, party, day)
        find(warehouse, "impossible_date", count)
        assert watch(settings, smtp, OPERATORS, agreement, day).problems == ()  # 49 more, less than half
    day = DAY_TWO + timedelta(days=1)
    judged(warehouse, day)
    for party in ("bkn", "bps"):
        publish(warehouse, party, day)
    find(warehouse, "impossible_date", 224)
    verdict(warehouse, day, "comparison", "comparison_jumps", success=False)
    problems = watch(settings, smtp, OPERATORS, agreement, day).problems
    assert [problem.text for problem in problems] == [
        "BKN data_utama: 224 rows with the finding impossible_date, 149 at the watch before",
        "comparison_jumps.jump_nip failed: the share of differences moved more than is tolerated (1)",
    ]


def test_what_stopped_publication_is_told_with_the_query_of_its_cases(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    judged(warehouse, DAY_ONE)
    verdict(warehouse, DAY_ONE, "raw", "raw_x", success=False)
    assert watch(settings, smtp, OPERATORS, agreement, DAY_ONE).problems == (), "a warning stops nothing"
    warehouse.execute(
        "update quality.verdict set severity = 'critical', query = 'select id from raw_x' where suite = 'raw_x'"
    )
    (problem,) = watch(settings, smtp, OPERATORS, agreement, DAY_ONE).problems
    told = "raw of 2026-11-24 stopped publication: raw_x.jump_nip failed (1); its cases: select id from raw_x"
    assert problem.text == told
    assert told in text(mails(mailbox)[-1])
    for party in ("bkn", "bps"):
        publish(warehouse, party, DAY_TWO)
    judged(warehouse, DAY_TWO)
    verdict(warehouse, DAY_TWO, "raw", "raw_x", success=True)
    assert watch(settings, smtp, OPERATORS, agreement, DAY_TWO).cleared == ("stopped:raw_x.jump_nip",)


def test_a_mail_that_is_stuck_is_told_and_never_by_itself_sent_twice(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    judged(warehouse, DAY_ONE)
    differ(warehouse, *ids("A", 1))
    nowhere = SmtpSettings(host="127.0.0.1", port=free_port(), timeout=5)
    with pytest.raises(SourceUnavailable):
        notify(settings, nowhere, agreement, DAY_ONE)
    now = datetime.now(UTC)
    assert watch(settings, smtp, OPERATORS, agreement, DAY_ONE, moment=now).problems == ()
    later = now + timedelta(hours=13)
    (problem,) = watch(settings, smtp, OPERATORS, agreement, DAY_ONE, moment=later).problems
    assert problem.text.startswith("digest to bps of 2026-11-24 is not sent yet")
    assert [mail["Subject"][:13] for mail in mails(mailbox)] == ["[Padan] watch"]
    assert len(notify(settings, smtp, agreement, DAY_ONE)) == 1
    assert watch(settings, smtp, OPERATORS, agreement, DAY_ONE, moment=later).cleared == (problem.key,)


def test_a_watch_that_cannot_mail_fails_and_tells_at_the_next(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    with pytest.raises(SourceUnavailable):
        watch(settings, SmtpSettings(host="127.0.0.1", port=free_port(), timeout=5), OPERATORS, agreement, DAY_TWO)
    assert watch(settings, smtp, OPERATORS, agreement, DAY_TWO).mailed == 1
    assert len(mails(mailbox)) == 1


def test_without_operators_it_is_found_and_not_mailed(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    assert watch(settings, smtp, AlertSettings(), agreement, DAY_TWO).problems
    assert mails(mailbox) == []
