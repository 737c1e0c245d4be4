"""The annexes with clear values: the part of the papers that has a term, and is deleted when it is over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from padan.minutes import bundle, registry
from padan.warehouse.connection import Connection


def erase_annexes(connection: Connection, papers: Path | None, cut_before: date | None, as_of: date) -> int:
    """Delete the annexes of the editions cut before a day (None: of all), stored and in ``papers``, if given.

    How many editions lost theirs. Runs in the caller's transaction and role. Papers, counts and hashes stay.
    """
    rows = connection.execute(
        "with erased as (delete from minutes.frozen_input where name = 'personal' and edition_id in "
        "(select edition_id from minutes.edition where %(before)s::date is null or cut < %(before)s) "
        "returning edition_id) "
        "update minutes.edition set personal_erased_on = %(as_of)s "
        "where edition_id in (select edition_id from erased) returning edition_id",
        {"before": cut_before, "as_of": as_of},
    ).fetchall()
    erased = {row[0] for row in rows}
    for edition in registry.editions(connection) if papers else ():
        if papers and edition.edition_id in erased:
            for state in ("draft", "published"):
                folder = registry.folder(papers, edition, state)
                for name in bundle.PERSONAL_FILES:
                    (folder / name).unlink(missing_ok=True)
    return len(erased)
