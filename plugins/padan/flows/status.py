"""The counts that a person or a monitor asks for; the keys are documented in docs/status.md and stay stable."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from padan.landing.report import extract_counts
from padan.settings import Settings, load
from padan.warehouse.connection import connect
from padan.warehouse.fingerprint import warehouse_hash

Rows = list[dict[str, Any]]


def collect() -> dict[str, Any]:
    """Read all counts from the warehouse; a part that was never built is empty, not an error."""
    settings = load(Settings)
    url = settings.database_url.get_secret_value()
    with connect(url, application="padan-status", role="status") as plain:
        connection: psycopg.Connection[dict[str, Any]] = plain  # type: ignore[assignment]
        connection.row_factory = dict_row
        return {
            "agencies": _agencies(connection),
            "people": _people(connection),
            "differences": _differences(connection),
            "cases": _cases(connection),
            "findings": _rows(
                connection,
                "marts_reconciliation.fct_findings",
                "select side as party, rule, count(*) as findings from {} group by 1, 2 order by 3 desc, 1, 2",
            ),
            "quality": _quality(connection),
            "build": _build(connection),
            "mails": _mails(connection),
            "warehouse_hash": warehouse_hash(connection).combined,
        }


def _rows(connection: psycopg.Connection[dict[str, Any]], relation: str, query: str) -> Rows:
    """Rows of ``query`` over ``relation`` (the ``{}`` in it), none where the relation does not exist yet."""
    found = connection.execute("select to_regclass(%s) as relation", (relation,)).fetchone()
    if found is None or found["relation"] is None:
        return []
    return connection.execute(query.replace("{}", relation).encode()).fetchall()


def _agencies(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    published = {
        row["party"]: row["as_of"].isoformat()
        for row in _rows(
            connection,
            "landing.extract",
            "select party, max(as_of) as as_of from {} where state = 'published' group by party",
        )
    }
    return {
        party: {
            **extract,
            "published_as_of": published.get(party),
            "datasets": {dataset["dataset"]: dataset for dataset in extract["datasets"]},
        }
        for party, extract in extract_counts(connection).items()
    }


def _people(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    matched = _rows(
        connection,
        "integration.int_matching__pairs",
        "select tier, count(*) as pairs from {} group by 1 order by 2 desc, 1",
    )
    alone = _rows(
        connection,
        "integration.int_matching__unmatched",
        "select side, count(*) as people from {} group by 1 order by 1",
    )
    review = _rows(
        connection,
        "matching.review_pair",
        "select reason, count(*) as pairs from {} group by 1 order by 1",
    )
    only = {row["side"]: row["people"] for row in alone}
    return {
        "matched": {row["tier"]: row["pairs"] for row in matched},
        "only_in_bkn": only.get("bkn", 0),
        "only_in_bps": only.get("bps", 0),
        "review": {row["reason"]: row["pairs"] for row in review},
    }


def _differences(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    relation = "marts_reconciliation.fct_differences"
    by_attribute = _rows(
        connection,
        relation,
        """
        select differences.attribute, registry.label_id as label, differences.owner_party, count(*) as cases
        from {} as differences
        left join reference.attribute_registry as registry using (attribute)
        group by 1, 2, 3 order by 4 desc, 1, 3
        """,
    )
    owners: dict[str, int] = {}
    for row in by_attribute:
        owners[row["owner_party"]] = owners.get(row["owner_party"], 0) + row["cases"]
    return {"total": sum(owners.values()), "by_owner": owners, "by_attribute": by_attribute}


def _cases(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    by_state = _rows(
        connection,
        "ledger.difference_case",
        "select state, count(*) as cases from {} where case_id ~ '^K' group by 1 order by 1",
    )
    of_codes = _rows(
        connection,
        "ledger.difference_case",
        "select state, count(*) as cases from {} where case_id ~ '^R' group by 1 order by 1",
    )
    overdue = _rows(
        connection,
        "ledger.difference_case",
        """
        select count(*) as cases from {}
        where
            starts_with(case_id, 'K-') and state not in ('resolved', 'waived') and paused_on is null
            and due_on < (select max(as_of) from ledger.run)
        """,
    )
    return {
        "by_state": {row["state"]: row["cases"] for row in by_state},
        "overdue": overdue[0]["cases"] if overdue else 0,
        "of_codes_by_state": {row["state"]: row["cases"] for row in of_codes},
    }


def _quality(connection: psycopg.Connection[dict[str, Any]]) -> Rows:
    return _rows(
        connection,
        "quality.verdict",
        """
        select
            stage,
            count(*) filter (where success) as passed,
            count(*) filter (where not success and severity = 'warning') as warnings,
            count(*) filter (where not success and severity = 'critical') as critical
        from {}
        where as_of = (select max(as_of) from {})
        group by stage order by min(array_position(array['raw', 'staging', 'comparison', 'marts'], stage))
        """,
    )


def _build(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    rows = _rows(
        connection,
        "landing.build",
        "select as_of, whole, reason, affected, finished, whole_on from {} where as_of is not null",
    )
    return rows[0] if rows else {}


def _mails(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    rows = _rows(
        connection,
        "alerts.digest",
        """
        select party, as_of, subject, new_cases, reopened_cases, mended_cases, open_cases, overdue_cases
        from {} where state = 'sent' and kind = 'digest' order by sent_at desc, party
        """,
    )
    latest = rows[0]["as_of"] if rows else None
    others = _rows(
        connection,
        "alerts.digest",
        """
        select
            count(*) filter (where state = 'sent' and kind = 'escalation') as escalations,
            count(*) filter (where state = 'pending') as waiting,
            count(*) filter (where state = 'handing_over') as in_doubt
        from {}
        """,
    )
    return {
        "sent": len(rows),
        "latest": [row for row in rows if row["as_of"] == latest],
        **(others[0] if others else {"escalations": 0, "waiting": 0, "in_doubt": 0}),
    }
