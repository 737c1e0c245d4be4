"""The step that says who is who, between two stages of dbt."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

from padan.flows.context import Context
from padan.flows.warehouse import match_exactly
from padan.privacy import trail as trails
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

_PURPOSE = "penetapan pasangan dalam pemadanan data (Pasal 3 ayat (2) huruf d)"


def link_people(as_of: date) -> dict[str, Any]:
    """Match by decisions and exact keys, then whom these leave by further tiers; uncertain pairs wait for a person."""
    from padan import matching
    from padan.matching import decisions
    from padan.matching.review import file_in

    settings = Context.load().settings
    url = settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application="padan-matching", role="transformer") as connection:
        decided = decisions.check(connection)
        match_exactly(as_of)
        done = matching.link(connection)
    if not done.review:
        file_in(settings.state_dir).unlink(missing_ok=True)
    return {
        "decisions": decided,
        "left_bkn": done.left_bkn,
        "left_bps": done.left_bps,
        "tiers": done.tiers,
        "review": done.review,
    }


def review(as_of: date, by: str) -> tuple[Path, int, int]:
    """Write the review list for ``by``: the file, how many pairs it shows and how many wait.

    Everybody whom it shows is put on record first (``padan subject trail``). The file is its owner's alone; the next
    list takes its place, and the step ``link_people`` removes it once nobody waits.

    Raises:
        ConfigurationError: it is not said who decides.
        StepFailed: nobody was matched yet.
    """
    from padan.matching.review import file_in, gather
    from padan.matching.review_page import page

    context = Context.load()
    settings = context.settings
    url = settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application="padan-matching", role="transformer") as connection:
        found = gather(connection, as_of, by)
    shown = {nip for pair in found.pairs for nip in pair.nips}
    with connect(url, application="padan-privacy", role="privacy") as connection:
        trails.record(connection, settings.key(trails.KEY), shown, by=by, purpose=_PURPOSE, as_of=as_of)
    path = file_in(settings.state_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page(found, fictional=context.agreement.fictional))
    return path, len(found.pairs), found.waiting
