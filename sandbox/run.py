"""The command behind `make run`, `make stop`, `make status` and `make clean`."""

from __future__ import annotations

import os
import sys
import time
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.panel import Panel

from padan.errors import PadanError
from padan.flows.status import collect
from padan.summary import render
from sandbox.airflow_run import AirflowClient, follow
from sandbox.stack import Stack, StackError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
# A pipe or a CI log has no width of its own.
console = Console() if sys.stdout.isatty() else Console(width=120)

People = Annotated[int, typer.Option(min=50, envvar="PEOPLE", help="Holders on BPS's list in the synthetic world.")]


@app.command("up")
def up(people: People = 2000, day: Annotated[int | None, typer.Option(envvar="DAY")] = None) -> None:
    """Start everything, and run nothing."""
    _up(Stack(people=people), day)


def _up(stack: Stack, day: int | None) -> None:
    with console.status("starting") as status:
        stack.up(lambda what: status.update(f"starting {what}"))
        if day is not None:
            status.update(f"playing day {day}")
            stack.build_world(day)


@app.command("run")
def run(
    people: People = 2000,
    day: Annotated[int | None, typer.Option(envvar="DAY", help="Play this day of the synthetic world.")] = None,
    as_of: Annotated[str, typer.Option(envvar="AS_OF", help="Logical date, YYYY-MM-DD; default: today.")] = "",
) -> None:
    """Start everything, run the pipeline under Airflow, and show what came of it."""
    began = time.monotonic()
    stack = Stack(people=people)
    with stack.locked():
        _up(stack, day)
        ready = time.monotonic()
        client = AirflowClient(stack.addresses()["airflow"], "admin", stack.secrets["airflow_password"])
        logical_day = date.fromisoformat(as_of) if as_of else datetime.now(ZoneInfo("Asia/Jakarta")).date()
        failed = follow(client, logical_day, console)
    os.environ.update(stack.padan_environment())
    console.print()
    render(collect(), console)
    _open_these(stack)
    now = time.monotonic()
    console.print(f"started in {ready - began:.0f} s, ran in {now - ready:.0f} s", style="dim", highlight=False)
    if failed:
        console.print(f"[bold red]failed: {', '.join(failed)}[/]  (logs: Airflow, or {stack.logs})")
        raise typer.Exit(1)


def _open_these(stack: Stack) -> None:
    address = stack.addresses()
    lines = [
        f"Airflow     {address['airflow']}   user admin, password {stack.secrets['airflow_password']}",
        f"Data docs   {address['data_docs']}",
        f"dbt docs    {address['dbt_docs']}",
        f"Mail        {address['mail']}",
        "",
        "make status   make stop   make clean",
    ]
    console.print(Panel("\n".join(lines), title="Open", title_align="left", expand=False, highlight=False))


@app.command("stop")
def stop() -> None:
    """Stop every process; data stays."""
    stack = Stack()
    with stack.locked():
        stack.down()


@app.command("status")
def status() -> None:
    """Say which processes run, and show the counts of the latest run."""
    stack = Stack()
    if not stack.supervising():
        console.print("not running; `make run` starts it")
        raise typer.Exit(3)
    console.print(stack.supervisor("status").rstrip(), highlight=False, markup=False)
    os.environ.update(stack.padan_environment())
    render(collect(), console)
    _open_these(stack)


@app.command("clean")
def clean() -> None:
    """Stop everything and delete all that was made under var/."""
    stack = Stack()
    with stack.locked():
        stack.clean()


def main() -> None:
    """Entry point: a part that does not start ends in one line and exit code 1."""
    try:
        app()
    except (StackError, PadanError, TimeoutError) as error:
        console.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
