"""A measured run of the file drop: a portal export of the sandbox's columns, to raw or by plain COPY."""

from __future__ import annotations

import csv
import time
from datetime import date
from itertools import islice
from pathlib import Path

from benchmarks.contestant import PROJECT, Figures, Job, checkpoint, clocked, serve
from benchmarks.landing import settings_of
from benchmarks.pages import holders
from padan import landing
from padan.agreement import Agreement, load_agreement
from padan.landing import portal_export
from padan.landing.extracts import working_on
from padan.warehouse.connection import connect
from sandbox.portal_export import COLUMNS

NAME = "portal_export_2026-01-05.csv"
AS_OF = date(2026, 1, 5)
_POSITIONS = 40
_DATASETS = {
    ("bkn", "portal_export"),
    ("bkn", "ref_jabatan_fungsional"),
    ("bkn", "ref_kel_jabatan"),
    ("bps", "holders"),
}
_BLOCK = 1 << 20


def write(path: Path, people: int) -> None:
    """An export of that many people, all in scope; a third of its columns is agreed."""
    filler = {name: f"{name.replace('_', ' ')} 01" for name in COLUMNS}
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, holder in enumerate(islice(holders(people), people)):
            row = filler | {
                "pns_id": f"A8ACA7{number:026X}",
                "nip_baru": holder["nip"],
                "nip_lama": holder["nip_lama"] or "",
                "nama": holder["name"].upper(),
                "gelar_belakang": holder["title_back"] or "",
                "tanggal_lahir": holder["birth_date"],
                "nik": holder["nik"],
                "jenis_jabatan_id": "2",
                "jabatan_id": f"position-{number % _POSITIONS}",
                "unor_nama": holder["unit_name"],
            }
            table.writerow(row.values())


def agreement_on_export() -> Agreement:
    """The sandbox's agreement with the export and what decides on its scope."""
    agreement = load_agreement(PROJECT / "agreement" / "sandbox.yaml")
    chosen = tuple(one for one in agreement.datasets if (one.party, one.name) in _DATASETS)
    return agreement.model_copy(update={"datasets": chosen})


def measure(job: Job) -> Figures:
    """Land and publish the file, or with ``plain`` COPY it as it is."""
    return _plain(job) if job.get("plain") else _landed(job)


def _plain(job: Job) -> Figures:
    figures: Figures = {}
    content = Path(job["file"]).read_bytes()
    with connect(job["database_url"]) as connection:
        connection.execute(f"create table plain ({', '.join(f'{name} text' for name in COLUMNS)})".encode())
        checkpoint(job)
        statement = "copy plain from stdin (format csv, header)"
        with clocked(figures), connection.cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(content), _BLOCK):
                copy.write(content[start : start + _BLOCK])
        found = connection.execute("select count(*) from plain").fetchone()
    return figures | {"rows": found[0] if found else 0, "file_bytes": len(content)}


def _landed(job: Job) -> Figures:
    settings = settings_of(job, portal_export_dir=Path(job["file"]).parent)
    agreement = agreement_on_export()
    extract_id = landing.open_extract(settings, agreement, "bkn", AS_OF)
    _reference(job["database_url"], extract_id)
    checkpoint(job)
    figures: Figures = {}
    with clocked(figures):
        began = time.perf_counter()
        with working_on(settings, agreement, extract_id) as work:
            portal_export._land_file(work, Path(job["file"]))
        figures["landing_seconds"] = time.perf_counter() - began
        landing.publish(settings, agreement, extract_id)
    with connect(job["database_url"]) as connection:
        found = connection.execute("select count(*) from raw_bkn.portal_export").fetchone()
    return figures | {"rows": found[0] if found else 0, "file_bytes": Path(job["file"]).stat().st_size}


def _reference(database_url: str, extract_id: int) -> None:
    """The positions that are in scope, as if landed."""
    with connect(database_url) as connection:
        group = agreement_on_export().scope.kel_jabatan_ids[0]
        for dataset, rows in (("ref_jabatan_fungsional", _POSITIONS), ("ref_kel_jabatan", 1)):
            more = ", kel_jabatan_id" if dataset == "ref_jabatan_fungsional" else ""
            connection.execute(
                f"insert into landing.staged_bkn_{dataset} "  # noqa: S608 - fixed names
                f"(id, _extract_id, _unit, _fetched_at, _row_hash, _position, _deleted{more}) "
                f"select 'position-' || n, %(extract)s, '0', now(), n::text, n, false{', %(group)s' if more else ''} "
                "from generate_series(0, %(rows)s - 1) as n".encode(),
                {"extract": extract_id, "rows": rows, "group": group},
            )
            connection.execute(
                "insert into landing.extract_dataset (extract_id, dataset, mode, extracted, completed_at) "
                "values (%s, %s, 'full', %s, now())",
                (extract_id, dataset, rows),
            )


if __name__ == "__main__":
    serve(measure)
