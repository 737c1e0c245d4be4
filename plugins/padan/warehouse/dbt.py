"""Runs dbt as a program of its own, one stage at a time (architecture decision 6)."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from padan.errors import StepFailed, WarehouseBusy
from padan.redaction import without_values
from padan.settings import Settings
from padan.warehouse.connection import connect, exclusive

logger = logging.getLogger(__name__)
PSEUDONYM_KEY = "pseudonyms"  # the purpose of its key: padan.settings.Settings.key
# What PostgreSQL says, in its own language of messages (C locale), when trying again later can help.
_BUSY = {
    "due to lock timeout": "another session, perhaps a BI query, holds a table",
    "due to statement timeout": "a statement took longer than PADAN_STATEMENT_TIMEOUT",
    "No space left on device": "the disk of the warehouse is full",
}
_WAIT = 1800  # seconds for another dbt to end: two at once would drop tables under each other
_GOOD = frozenset({"success", "pass", "no-op", "warn", "skipped"})


@dataclass(frozen=True)
class DbtOutcome:
    """What one dbt invocation did: number of nodes by status, and the nodes that warned."""

    command: str
    nodes: dict[str, int]
    warnings: tuple[str, ...]
    seconds: float


def target_dir(settings: Settings) -> Path:
    """Where dbt keeps its manifest, results and documentation."""
    return settings.state_dir / "dbt" / "target"


def environment(settings: Settings) -> dict[str, str]:
    """The connection variables that dbt_project/profiles.yml reads, and nothing secret beyond them."""
    url = urlsplit(settings.database_url.get_secret_value())
    verified = {f"PG{name}".upper(): value for name, value in parse_qsl(url.query) if name.startswith("ssl")}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PADAN_")},
        "PADAN_PGHOST": url.hostname or "",
        "PADAN_PGPORT": str(url.port or 5432),
        "PADAN_PGUSER": unquote(url.username or ""),
        "PADAN_PGPASSWORD": unquote(url.password or ""),
        "PADAN_PGDATABASE": url.path.lstrip("/"),
        **verified,  # PGSSLMODE, PGSSLROOTCERT
        # Settings of the session: in no file that dbt writes, and of no other session.
        "PGOPTIONS": (
            f"-c padan.pseudonym_key={settings.key(PSEUDONYM_KEY).hex()} "
            f"-c lock_timeout={settings.lock_timeout}s -c statement_timeout={settings.statement_timeout}s"
        ),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def run_dbt(settings: Settings, as_of: date, *words: str) -> DbtOutcome:
    """Run ``dbt WORDS`` for the logical date ``as_of``; one dbt at a time works on a warehouse.

    Raises:
        WarehouseBusy: what failed can succeed later: a reader holds a table, a statement took too long, the disk is
            full. What was built before stays; every node is a transaction.
        StepFailed: naming the nodes that failed and their status. What the database said is in console.log and
            run_results.json, without the values that it quotes; dbt's own log file is not kept.
    """
    url = settings.database_url.get_secret_value()
    with connect(url, application="padan-dbt") as connection, exclusive(connection, "dbt", wait=_WAIT):
        return _run(settings, as_of, *words)


def _run(settings: Settings, as_of: date, *words: str) -> DbtOutcome:
    target = target_dir(settings)
    log_dir = settings.state_dir / "dbt" / "logs"
    log_dir.mkdir(parents=True, exist_ok=True)
    project = settings.project_dir / "dbt_project"
    results_name = "sources.json" if words[:2] == ("source", "freshness") else "run_results.json"
    results_file = target / results_name
    results_file.unlink(missing_ok=True)
    command = [
        str(Path(sys.executable).parent / "dbt"),
        "--no-version-check",
        "--log-path", str(log_dir),
        "--log-level-file", "none",  # it would quote values; the console's lines are cleaned below
        "--no-use-colors",
        *words,
        "--project-dir", str(project),
        "--profiles-dir", str(project),
        "--target-path", str(target),
    ]  # fmt: skip
    dated = {**environment(settings), "PADAN_AS_OF": as_of.isoformat()}
    done = subprocess.run(
        command, env=dated, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False,
    )  # fmt: skip
    (log_dir / "console.log").write_text(without_values(done.stdout.splitlines()) + "\n", encoding="utf-8")
    _clean(results_file)
    name = f"dbt {' '.join(words)}"
    results = json.loads(results_file.read_text()) if results_file.exists() else None
    if results is None:
        if done.returncode == 0:
            return DbtOutcome(name, {}, (), 0.0)
        raise StepFailed(f"{name} stopped before any node ran (exit code {done.returncode}); see {log_dir}")
    statuses = {_short(result["unique_id"]): str(result["status"]) for result in results["results"]}
    failed = sorted(f"{node} ({status})" for node, status in statuses.items() if status not in _GOOD)
    if failed and results_name == "run_results.json":
        more = f" and {len(failed) - 10} more" if len(failed) > 10 else ""
        told = f"{name}: {', '.join(failed[:10])}{more}; see {log_dir}"
        for message, meaning in _BUSY.items():
            if any(message in str(result.get("message")) for result in results["results"]):
                raise WarehouseBusy(f"{meaning}; {told}")
        raise StepFailed(told)
    if done.returncode != 0 and not failed:
        raise StepFailed(f"{name} failed with exit code {done.returncode}; see {log_dir}")
    warnings = tuple(sorted(node for node, status in statuses.items() if status == "warn")) + tuple(failed)
    outcome = DbtOutcome(name, dict(Counter(statuses.values())), warnings, float(results["elapsed_time"]))
    logger.info("%s: %s", name, outcome.nodes)
    return outcome


def _clean(results_file: Path) -> None:
    """Take the values that a database quotes out of a file of dbt's results."""
    if not results_file.exists():
        return
    document = json.loads(results_file.read_text())
    for result in document["results"]:
        for name in ("message", "error"):
            if result.get(name):
                result[name] = without_values(str(result[name]).splitlines())
    results_file.write_text(json.dumps(document))


def _short(unique_id: str) -> str:
    """``model.padan.dim_asn`` -> ``dim_asn``; tests keep their whole name."""
    return unique_id.split(".", 2)[-1]
