"""``padan reference``: both agencies' codes: lists taken in, what changed, what is owed, decisions about mappings."""

from __future__ import annotations

import csv
import json
import sys
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


@app.command()
def diff(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Changes after this day; default: ever.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to and with this day; default: today in Jakarta.")
    ] = None,
    agencies: Annotated[
        bool, typer.Option("--agencies", help="Instead: where the agencies' codes do not fit, as last built.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Instead: where a service and the published lists say otherwise.")
    ] = False,
    agency: Annotated[Agency | None, typer.Option(help="Only codes of this agency.")] = None,
    list_name: Annotated[str | None, typer.Option("--list", help="Only this list, e.g. instansi.")] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print it.")] = "table",
) -> None:
    """Show what changed in the codes: added, renamed, retired, id reused; or what is unmapped and conflicts."""
    from padan.flows import reference as flow

    if agencies and published:
        raise typer.BadParameter("one of --agencies and --published")
    if agencies:
        title, found = "Codes that do not fit", [asdict(one) for one in flow.wrong_mappings(agency, list_name)]
    elif published:
        title = "Services against published lists"
        found = [asdict(one) for one in flow.against_published(agency, list_name)]
    else:
        day = since.date() if since else None
        title = "Changes of codes"
        found = [asdict(one) for one in flow.changes(day, command_day(until), agency, list_name)]
    if form == "json":
        print(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerows([list(found[0]), *(list(one.values()) for one in found)] if found else [])
    else:
        _print(title, found)


@app.command()
def export(
    recipient: Annotated[Agency, typer.Option("--for", help="Who gets the other agency's codes.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files are written.")] = Path(),
    as_of: AsOf = None,
) -> None:
    """Deliver the other agency's codes, and what changed since the last time: CSV, XLSX, a manifest; on record."""
    from padan.flows import reference as flow

    made = flow.export(recipient, command_day(as_of), to)
    for path in made.files:
        print(path)
    kept = "recorded" if made.is_new else "as recorded before"
    counts = f"{made.codes} codes of {made.lists} lists, {made.changes} changes since {made.since or 'the beginning'}"
    Console(stderr=True).print(f"{made.delivery_id}: {counts}; {kept}", highlight=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; the default is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8765,
) -> None:
    """Serve the codes to OpenRefine (Reconciliation Service API 0.2), until stopped."""
    from padan.flows import reference as flow

    Console(stderr=True).print(f"OpenRefine: add standard service http://{host}:{port}/", highlight=False)
    flow.serve(host, port)


@app.command()
def accept(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: list, code, bkn_code; see docs/reference-codes.md.")
    ],
    by: Annotated[str, typer.Option("--by", help="Office or role that decided; no name, no NIP.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, e.g. the number of an official note.")],
    as_of: AsOf = None,
) -> None:
    """Add what a person accepted to the reviewed decisions, from the day on; the change is then reviewed like code."""
    from padan.flows import reference as flow

    done = flow.accept(file, command_day(as_of), by, reason)
    print(
        f"{done.added} added, {done.unchanged} decided before, {done.undecided} undecided, {len(done.refused)} refused"
    )
    for row, rule in done.refused:
        print(f"row {row}: {rule}")
    if done.refused:
        raise typer.Exit(1)
