"""``padan subject`` and ``padan privacy``: a person's rights, and the controller's papers (UU 27/2022)."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from padan.command_day import command_day

subject_app = typer.Typer(help="The rights of a person (UU 27/2022 articles 6, 7, 32).", no_args_is_help=True)
privacy_app = typer.Typer(
    help="Papers of the controller: record, impact assessment, breach notice (UU 27/2022).", no_args_is_help=True
)
AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
]
To = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where PDF, DOCX and Markdown are written.")]


@subject_app.callback()
def subject() -> None:
    """The rights of a person (UU 27/2022 articles 6, 7, 32)."""


@subject_app.command()
def trail(
    by: Annotated[str, typer.Option("--by", help="Who looks it up: name or office; logged.", show_default=False)],
    purpose: Annotated[str, typer.Option("--purpose", help="Why, a request's number; logged.", show_default=False)],
    nip: Annotated[
        str | None,
        typer.Argument(
            metavar="[NIP]", envvar="PADAN_SUBJECT_NIP", show_envvar=True, show_default=False,
            help="Better left out: others see a command's words. It is then asked for, or read from standard input.",
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:  # fmt: skip
    """List every request, comparison, case, mail, document and look-up that touched a person; itself logged."""
    from padan.flows import privacy

    if nip is None:
        nip = typer.prompt("NIP", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    found = privacy.trail(command_day(as_of), nip, by, purpose)
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("on", "kind", "what", "detail", "purpose"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(str(one.on), one.kind, one.what, one.detail, one.purpose)
    console = Console()
    console.print(table)
    console.print(f"{len(found)} entries; this look-up is logged", style="dim", highlight=False)


def _tell(paths: list[Path]) -> None:
    for path in paths:
        print(path)


@privacy_app.command()
def ropa(to: To = Path(), as_of: AsOf = None) -> None:
    """Write the record of processing activities (article 31)."""
    from padan.flows import privacy

    _tell(privacy.write("ropa", command_day(as_of), to))


@privacy_app.command()
def dpia(to: To = Path(), as_of: AsOf = None) -> None:
    """Write the data-protection impact assessment (article 34)."""
    from padan.flows import privacy

    _tell(privacy.write("dpia", command_day(as_of), to))


@privacy_app.command()
def breach(
    what: Annotated[str, typer.Option("--what", help="What happened, in Indonesian; no person.", show_default=False)],
    found_at: Annotated[
        datetime,
        typer.Option(
            "--found-at", formats=["%Y-%m-%dT%H:%M"], help="When it became known, in Jakarta.", show_default=False
        ),
    ],
    relation: Annotated[
        list[str], typer.Option("--relation", metavar="SCHEMA.TABLE", help="What was disclosed; repeatable.")
    ],
    to: To = Path(),
    as_of: AsOf = None,
) -> None:
    """Draft the notice of a breach, due within 3 x 24 hours (article 46)."""
    from padan.flows import privacy
    from padan.privacy.breach import Incident

    incident = Incident(what, found_at, tuple(relation))
    _tell(privacy.write("breach", command_day(as_of or found_at), to, incident))
