"""``padan matching``: the pairs that wait for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from padan.command_day import command_day

app = typer.Typer(help="Who is who: the pairs that wait for a person.", no_args_is_help=True)


@app.callback()
def matching() -> None:
    """Who is who: the pairs that wait for a person."""


@app.command()
def review(
    by: Annotated[str, typer.Option("--by", help="Who decides: an office, no NIP; logged.", show_default=False)],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
    ] = None,
) -> None:
    """Write the list of uncertain pairs, with people in clear, for whoever decides; that they were shown is logged."""
    from padan.flows.matching import review as write

    path, shown, waiting = write(command_day(as_of), by)
    print(path)
    typer.echo(f"{shown} of {waiting} pairs; the file shows people in clear and is yours alone", err=True)
