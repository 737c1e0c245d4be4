"""A person's trail, and the papers of the controller (UU 27/2022)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from padan.flows.context import Context
from padan.minutes import docx, pdf
from padan.minutes.content import Document
from padan.privacy import trail as trails
from padan.privacy.breach import Incident, breach
from padan.privacy.dpia import dpia
from padan.privacy.facts import gather
from padan.privacy.paper import markdown
from padan.privacy.ropa import ropa
from padan.warehouse.connection import connect
from padan.warehouse.dbt import run_dbt, target_dir
from padan.warehouse.migrations import migrate


def trail(as_of: date, nip: str, by: str, purpose: str) -> tuple[trails.Entry, ...]:
    """Everything on record that touched the person; the look-up is logged before it is made."""
    context = Context.load()
    with connect(
        context.settings.database_url.get_secret_value(), application="padan-privacy", role="privacy"
    ) as connection:
        key = context.settings.key(trails.KEY)
        return trails.trail(connection, context.agreement, key, nip, by=by, purpose=purpose, as_of=as_of)


def write(kind: str, as_of: date, folder: Path, incident: Incident | None = None) -> list[Path]:
    """Write the record (ropa), the assessment (dpia) or, of an incident, the notice (breach): PDF, DOCX, Markdown."""
    context = Context.load()
    if not (target_dir(context.settings) / "manifest.json").exists():  # dbt built on another machine
        run_dbt(context.settings, as_of, "parse")
    url = context.settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application="padan-privacy", role="privacy") as connection:
        facts = gather(connection, context.agreement, target_dir(context.settings) / "manifest.json", as_of)
    document = breach(facts, incident) if incident else {"ropa": ropa, "dpia": dpia}[kind](facts)
    return _write(document, folder, as_of)


def _write(document: Document, folder: Path, as_of: date) -> list[Path]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    forms = {"pdf": pdf.render(document), "docx": docx.render(document), "md": markdown(document).encode()}
    paths = []
    for ending, content in forms.items():
        path = folder / f"{document.name}-{as_of.isoformat()}.{ending}"
        path.touch(mode=0o600)
        path.write_bytes(content)
        paths.append(path)
    return paths
