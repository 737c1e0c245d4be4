"""``padan access``: who of the liaison units sees which differences in clear."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from padan.command_day import command_day
from padan.errors import ConfigurationError
from padan.warehouse.connection import Connection

app = typer.Typer(
    help="Logins of the liaison units: grant, revoke, list, and the log of who read.", no_args_is_help=True
)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="Name in the database: small letters, digits, _.")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day of the act; default: today.")]


@contextmanager
def _warehouse(role: Literal["owner", "auditor"] = "owner") -> Iterator[Connection]:
    from padan.flows.context import Context
    from padan.warehouse.connection import connect

    url = Context.load().settings.database_url.get_secret_value()
    with connect(url, application="padan-access", role=role) as connection:
        yield connection


@app.command()
def grant(
    login: Login,
    party: Annotated[Literal["bkn", "bps"], typer.Option(help="Whose liaison unit: it sees what this side must mend.")],
    by: Annotated[str, typer.Option("--by", help="Who decided it: a person or office; no NIP.")],
    password_file: Annotated[Path, typer.Option(help="New file for the password of a new login, its owner's alone.")],
    agency: Annotated[list[str] | None, typer.Option(help="Only this agency, BKN's id; repeatable.")] = None,
    as_of: Day = None,
) -> None:
    """Make a login, or add to one: for a whole side, or for single agencies."""
    from padan.warehouse import access

    try:
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{password_file.name} is there already; no password is written over it") from None
    with os.fdopen(descriptor, "w") as file:
        try:
            with _warehouse() as connection:
                password = access.grant(connection, login, party, agency or (), by=by, as_of=command_day(as_of))
        except BaseException:
            password_file.unlink()
            raise
        file.write(f"{password}\n" if password else "")
    if password is None:
        password_file.unlink()
    print(f"{login}: {'password in ' + str(password_file) if password else 'keeps its password'}")


@app.command()
def revoke(login: Login) -> None:
    """Delete a login of a liaison unit."""
    from padan.warehouse import access

    with _warehouse() as connection:
        access.revoke(connection, login)


@app.command("list")
def list_logins(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the logins and what they see."""
    from padan.warehouse import access

    with _warehouse() as connection:
        found = access.listing(connection)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    table = Table("login", "party", "sees", box=box.SIMPLE_HEAD, pad_edge=False)
    for one in found:
        table.add_row(
            one.login, one.party, "the whole side" if one.whole_side else ", ".join(one.agencies) or "nothing"
        )
    Console().print(table if found else "no login of a liaison unit")


@app.command("log")
def show_log(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show how often each login read the worklist, by day, and how many readings were taken back or failed."""
    from padan.warehouse import access

    with _warehouse("auditor") as connection:
        found, lacking = access.readings(connection)
    if as_json:
        print(json.dumps({"readings": [asdict(one) for one in found], "lacking": lacking}, indent=2, default=str))
        return
    table = Table("day", "login", "party", "times", box=box.SIMPLE_HEAD, pad_edge=False)
    for one in found:
        table.add_row(str(one.day), one.login, one.party, str(one.times))
    console = Console()
    console.print(table)
    console.print(f"{lacking} numbers lacking: readings whose transaction was taken back or failed", style="dim")
