"""``padan minutes``: draft, approve, reject, publish, verify and list the official papers of a semester."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from padan.command_day import command_day
from padan.flows import run

app = typer.Typer(
    help="The papers of a semester: berita acara hasil pemadanan data and evaluation.", no_args_is_help=True
)

Semester = Annotated[str, typer.Argument(metavar="PERIOD", help="YYYY-S1 or YYYY-S2.", show_default=False)]
AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
]
SignedOn = Annotated[
    datetime | None,
    typer.Option("--signed-on", formats=["%Y-%m-%d"], help="Day of signing; default: the logical date."),
]
By = Annotated[str, typer.Option("--by", help="Who decides: name or office.", show_default=False)]


def _iso(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _show(counts: dict[str, Any]) -> None:
    print(json.dumps(counts, ensure_ascii=False, default=str))


@app.command()
def draft(period: Semester, as_of: AsOf = None, signed_on: SignedOn = None, by: By = "Padan") -> None:
    """Close a semester that is over and draft its papers, marked DRAF; repeat to draft again."""
    _show(run("draft_minutes", command_day(as_of), period=period, signed_on=_iso(signed_on), by=by))


@app.command()
def approve(period: Semester, by: By, as_of: AsOf = None, signed_on: SignedOn = None) -> None:
    """Approve the draft."""
    _show(run("approve_minutes", command_day(as_of), period=period, by=by, signed_on=_iso(signed_on)))


@app.command()
def reject(
    period: Semester,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the registry.", show_default=False)],
    as_of: AsOf = None,
) -> None:
    """Return the papers to draft with a reason; nothing is published."""
    _show(run("reject_minutes", command_day(as_of), period=period, by=by, reason=reason))


@app.command()
def publish(
    period: Semester,
    as_of: AsOf = None,
    mail: Annotated[bool, typer.Option(help="Tell both liaison units.")] = True,
) -> None:
    """Number, write and register the approved papers, tell both liaison units, record the evidence."""
    day = command_day(as_of)
    counts = run("publish_minutes", day, period=period)
    evidence = run("record_minutes_evidence", day, period=period)
    mails = run("mail_minutes", day, period=period)["mails"] if mail else 0
    _show({**counts, "obligations": evidence["obligations"], "mails": mails})


@app.command()
def verify(
    what: Annotated[str, typer.Argument(metavar="PERIOD|FOLDER", help="A published semester, or a folder of papers.")],
) -> None:
    """Make the papers again from what was frozen; say identical, or what differs (exit code 1)."""
    from padan.flows.minutes import verify as prove

    found, console = prove(what), Console(soft_wrap=True)
    for remark in found.remarks:
        console.print(Text(f"note: {remark}", style="yellow"))
    if found.identical:
        text = f"identical: {found.period}, edition {found.edition}, number {found.number}, {found.files} files"
        console.print(Text(text, style="bold green"))
        return
    for difference in found.differences:
        console.print(Text(f"differs: {difference}", style="bold red"))
    raise typer.Exit(1)


@app.command("list")
def list_editions(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List every edition and its state."""
    from padan.flows.minutes import office

    rows = office().list()
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    columns = ("period", "edition", "state", "cut", "signed_on", "number", "approved_by")
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[name] if row[name] is not None else "") for name in columns))
    Console().print(table)
