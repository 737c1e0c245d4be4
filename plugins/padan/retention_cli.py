"""``padan maintain-retention``: delete what may be kept no longer, or say what that would be."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from padan.command_day import command_day


def maintain_retention(
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print as JSON.")] = False,
) -> None:
    """Delete what is past its term of retention."""
    from padan.flows import run
    from padan.flows.retention import foresee_retention

    day = command_day(as_of)
    if not dry_run:
        print(json.dumps(run("maintain_retention", day), ensure_ascii=False, default=str))
        return
    found = foresee_retention(day)
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("relation or folder", overflow="fold")
    table.add_column("term", overflow="fold")
    table.add_column("cut-off", no_wrap=True)
    table.add_column("to delete", justify="right")
    for one in found:
        table.add_row(one.relation, one.rule, str(one.cut_off or ""), f"{one.count:,}")
    Console().print(table if found else f"Nothing is past its term on {day}.")
