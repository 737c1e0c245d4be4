"""What is done with the exchange log beside writing it."""

from __future__ import annotations

from datetime import date

from padan.flows.context import Context
from padan.landing import archive
from padan.warehouse import exchange_log
from padan.warehouse.connection import connect


def verify_log(since: date | None = None) -> exchange_log.Verified:
    """Follow the chain and its seals; with ``since``, the rows from the last one that was sealed before that day.

    Raises:
        ExchangeLogBroken: naming the first row that is not as it was written.
    """
    settings = Context.load().settings
    with connect(settings.database_url.get_secret_value(), application="padan-exchange", role="auditor") as connection:
        return exchange_log.verify(connection, settings.key(exchange_log.SEAL_KEY), settings.archive_dir, since=since)


def rotate_archive() -> tuple[int, int]:
    """Encrypt the archive anew under its newest key; (files encrypted anew, all files).

    Raises:
        ArchiveUnreadable: naming a file that no key opens.
    """
    settings = Context.load().settings
    return archive.rotate(settings.archive_dir, settings.archive_keys())
