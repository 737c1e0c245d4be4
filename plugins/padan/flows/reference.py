"""What is done with reference codes: lists taken in, what changed, deliveries, decisions, a service for OpenRefine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from padan.flows.context import Context
from padan.reference import published
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

_APPLICATION = "padan-reference"


def import_lists(paths: Sequence[Path], as_of: date, agency: str) -> list[published.FileReport]:
    """Import published lists of codes.

    Raises:
        ConfigurationError: if there is nothing to import.
    """
    url = Context.load().settings.database_url.get_secret_value()
    migrate(url)
    with connect(url, application=_APPLICATION, role="loader") as connection:
        return published.import_lists(connection, paths, as_of, agency)


def findings(list_name: str | None, rule: str | None, limit: int) -> list[published.Finding]:
    """What is wrong or odd in the latest files."""
    url = Context.load().settings.database_url.get_secret_value()
    with connect(url, application=_APPLICATION, role="loader") as connection:
        return published.findings(connection, list_name, rule, limit)
