"""``padan reference``: both agencies' codes: lists taken in, what changed, what is owed, decisions about mappings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from padan.command_day import command_day

app = typer.Typer(help="Reference codes of both agencies (PKS articles 3 (2) b, 4 (2) b).", no_args_is_help=True)

AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Agency = Literal["bkn", "bps"]


@app.callback()
def reference() -> None:
    """Reference codes of both agencies (PKS articles 3 (2) b, 4 (2) b)."""


def _print(title: str, rows: Sequence[dict[str, Any]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows[0] if rows else ():
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else f"{title}: none")


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in found.items())


@app.command("import")
def import_lists(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Lists: .json or .csv, also .gz; or folders.")],
    agency: Annotated[Agency, typer.Option(help="Whose lists they are.")] = "bkn",
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Take in lists of codes as published; bad rows wait (see findings), and the same again changes nothing."""
    from padan.flows import reference as flow

    reports = flow.import_lists(files, command_day(as_of), agency)
    if as_json:
        print(json.dumps([asdict(one) for one in reports], ensure_ascii=False, indent=2))
    else:
        rows = [
            {
                "list": one.list_name, "rows": one.rows, "imported": one.imported,
                "quarantined": _counts(one.quarantined), "odd": _counts(one.odd),
                "file": f"refused: {one.failure}" if one.failure else "imported" if one.is_new else "as before",
            }
            for one in reports
        ]  # fmt: skip
        _print("Lists of codes", rows)
    if any(one.failure for one in reports):
        raise typer.Exit(1)


@app.command()
def findings(
    list_name: Annotated[str | None, typer.Option("--list", help="Only this list, e.g. instansi.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule, e.g. two_names_of_one_code.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what is wrong or odd in the latest file of each list, by file, row and rule; the quarantined first."""
    from padan.flows import reference as flow

    found = [asdict(one) for one in flow.findings(list_name, rule, limit)]
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print("Findings", found)
