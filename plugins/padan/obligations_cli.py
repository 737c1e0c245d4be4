"""``padan obligations``: each duty of both parties, when it is due, what shows that it was done, what is late."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from padan.command_day import command_day

_COLOURS = {"met": "green", "open": "yellow", "late": "bold red", "no_event": "dim"}


def obligations(
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Only what is late; exit code 1 if anything is.")] = False,
) -> None:
    """Show each duty of both parties in the current period: due dates, evidence found, what is late."""
    from padan.flows.obligations import found

    duties = [one for one in found(command_day(as_of)) if not late or one.state == "late"]
    if as_json:
        print(json.dumps([asdict(one) for one in duties], ensure_ascii=False, indent=2, default=str))
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("owed by", "article", "duty", "period", "due", "is", "evidence"):
            table.add_column(column, overflow="fold")
        for one in duties:
            duty = one.duty
            table.add_row(
                duty.party.upper(), ", ".join(duty.cites[:1]), duty.duty, duty.period, str(duty.due_on or ""),
                Text(one.state.replace("_", " "), style=_COLOURS[one.state]), Text(one.evidence.text),
            )  # fmt: skip
        Console().print(table)
    if late and duties:
        raise typer.Exit(1)
