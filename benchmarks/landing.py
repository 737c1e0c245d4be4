"""A measured run of Padan: holders from the page server, through client and landing, to the published raw table."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import psycopg
from pydantic import SecretStr

from benchmarks.contestant import PROJECT, Figures, Job, checkpoint, clocked, serve
from padan import landing
from padan.agreement import Agreement, load_agreement
from padan.settings import JfSettings, Settings

AS_OF = date(2026, 1, 5)
RAW, STAGED = "raw_bps.holders", "landing.staged_bps_holders"
_UNLIMITED = 1e9


def agreement_on_holders() -> Agreement:
    """The sandbox's agreement with the list of holders as its only dataset."""
    agreement = load_agreement(PROJECT / "agreement" / "sandbox.yaml")
    return agreement.model_copy(update={"datasets": (agreement.dataset("bps", "holders"),)})


def settings_of(job: Job, *, portal_export_dir: Path) -> Settings:
    """Padan's settings for a measured run, which keeps its files in the job's directory."""
    directory = Path(job["directory"])
    return Settings(
        database_url=SecretStr(job["database_url"]),
        agreement_file=PROJECT / "agreement" / "sandbox.yaml",
        state_dir=directory,
        archive_dir=directory / "archive",
        secret_key=SecretStr("synthetic " * 4),
        portal_export_dir=portal_export_dir,
        project_dir=PROJECT,
    )


def measure(job: Job) -> Figures:
    """Land and publish ``rows`` holders. With ``copy_to``, only land, and write the staged rows there as COPY text.

    What a warehouse needs once (migrations, tables) is not in the time.
    """
    directory = Path(job["directory"])
    settings = settings_of(job, portal_export_dir=directory)
    source = JfSettings(
        base_url=job["server_url"],
        token_url=f"{job['server_url']}/token",
        client_id="benchmark",
        client_secret=SecretStr("benchmark"),
        page_size=job["page_size"],
        requests_per_second=_UNLIMITED,
    )
    agreement = agreement_on_holders()
    extract_id = landing.open_extract(settings, agreement, "bps", AS_OF)
    checkpoint(job)
    figures: Figures = {}
    with clocked(figures):
        began = time.perf_counter()
        landing.land_lists(settings, agreement, extract_id, landing.jf_client(source))
        figures["landing_seconds"] = time.perf_counter() - began
        if "copy_to" not in job:
            landing.publish(settings, agreement, extract_id)
    with psycopg.connect(job["database_url"]) as connection:
        if "copy_to" in job:
            _save(connection, Path(job["copy_to"]))
        found = connection.execute(f"select count(*) from {STAGED if 'copy_to' in job else RAW}").fetchone()
        sent = connection.execute("select coalesce(sum(body_bytes), 0)::bigint from landing.exchange_log").fetchone()
    archived = sum(path.stat().st_size for path in (directory / "archive").rglob("*.zst"))
    figures |= {"rows": found[0] if found else 0, "http_bytes": sent[0] if sent else 0, "archive_bytes": archived}
    return figures


def _save(connection: psycopg.Connection, path: Path) -> None:
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(f"copy {STAGED} to stdout") as copy:
        for block in copy:
            file.write(block)


if __name__ == "__main__":
    serve(measure)
