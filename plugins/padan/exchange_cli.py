"""``padan exchange``: the log of every request made to an agency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

app = typer.Typer(help="The log of every request made to an agency.", no_args_is_help=True)


@app.callback()
def exchange() -> None:
    """The log of every request made to an agency."""


@app.command()
def verify(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="only the rows from the last one that was sealed before this day"),
    ] = None,
) -> None:
    """Follow the log's hash chain and its seals; exit code 1 names the first row that is not as it was written."""
    from padan.flows.exchanges import verify_log

    found = verify_log(since.date() if since else None)
    print(f"{found.rows} rows in an unbroken chain, {found.seals} seals")


@app.command("rotate-archive")
def rotate_archive() -> None:
    """Encrypt the archive of what was received anew, under the first of PADAN_ARCHIVE_SECRETS; safe to repeat."""
    from padan.flows.exchanges import rotate_archive as rotate

    changed, total = rotate()
    print(f"{changed} of {total} files encrypted anew; the others were under the newest key")
