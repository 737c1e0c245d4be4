"""What is done with reference codes: lists taken in, what changed, deliveries, decisions, a service for OpenRefine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from padan.errors import StepFailed
from padan.flows.context import Context
from padan.reference import changes as changed
from padan.reference import decisions, published
from padan.reference.delivery import Delivery, Party, deliver
from padan.warehouse import exchange_log
from padan.warehouse.connection import Connection, connect
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


def changes(
    since: date | None, until: date, agency: str | None = None, list_name: str | None = None
) -> list[changed.Change]:
    """What changed in the codes after ``since``, up to and with ``until``."""
    with _connected() as connection:
        return list(changed.between(connection, since, until, agency, list_name))


def against_published(agency: str | None = None, list_name: str | None = None) -> list[changed.Change]:
    """Where a service and the lists as published say otherwise."""
    with _connected() as connection:
        return list(changed.against_published(connection, agency, list_name))


def wrong_mappings(agency: str | None = None, list_name: str | None = None) -> list[changed.WrongMapping]:
    """Codes that are unmapped at the other agency, or conflict with it."""
    with _connected() as connection:
        return list(changed.wrong_mappings(connection, agency, list_name))


def export(recipient: Party, as_of: date, folder: Path) -> Delivery:
    """Deliver the other agency's codes to ``recipient``, and seal the exchange log.

    Raises:
        AgreementNotInForce: on a day outside the validity (PKS article 6).
        StepFailed: if no code of that agency is known on that day.
    """
    context = Context.load()
    context.agreement.on(as_of).require_in_force(as_of)
    with _connected() as connection:
        delivery = deliver(connection, recipient, as_of, folder)
        exchange_log.seal(connection, context.settings.key(exchange_log.SEAL_KEY), context.settings.archive_dir)
    return delivery


def accept(file: Path, as_of: date, decided_by: str, reason: str) -> decisions.Accepted:
    """Add what a person accepted to the reviewed decisions.

    Raises:
        ConfigurationError: if the file is not one of decisions.
    """
    with _connected() as connection:
        return decisions.accept(connection, Context.load().settings.project_dir, file, as_of, decided_by, reason)


def serve(host: str, port: int) -> None:
    """Serve the codes to OpenRefine until stopped; what is asked is not logged."""
    import uvicorn

    from padan.reference.service import create_app

    url = Context.load().settings.database_url.get_secret_value()
    app = create_app(lambda: connect(url, application=f"{_APPLICATION}-service", role="quality"))
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def _connected() -> Connection:
    url = Context.load().settings.database_url.get_secret_value()
    migrate(url)
    connection = connect(url, application=_APPLICATION, role="reference")
    if connection.execute("select to_regclass('marts_reference.dim_reference_code')").fetchone() == (None,):
        connection.close()
        raise StepFailed("the marts of codes are not built yet: run the pipeline first")
    return connection
