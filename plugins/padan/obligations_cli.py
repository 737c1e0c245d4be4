"""``padan obligations``: each duty of both parties, when it is due, what shows that it was done, what is late."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from padan.command_day import command_day

if TYPE_CHECKING:
    from padan.obligations import Standing

_COLOURS = {"met": "green", "open": "yellow", "late": "bold red", "no_event": "dim"}


def _table(duties: Sequence[Standing]) -> Table:
    """Duty and evidence below each other, so that 80 columns are enough."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("is", "due", "by", "article"):
        table.add_column(column, no_wrap=True)
    table.add_column("duty, period, evidence", overflow="fold")
    for one in duties:
        duty = one.duty
        told = Text.assemble(
            duty.duty, (f" [{duty.period}]", "dim"), (f"\n{one.evidence.text}" if one.evidence.text else "", "italic")
        )
        table.add_row(
            Text(one.state.replace("_", " "), style=_COLOURS[one.state]), str(duty.due_on or ""), duty.party.upper(),
            ", ".join(duty.cites[:1]), told,
        )  # fmt: skip
    return table


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
        Console().print(_table(duties))
    if late and duties:
        raise typer.Exit(1)
