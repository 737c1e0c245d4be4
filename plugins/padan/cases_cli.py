"""``padan cases``: read the ledger, and act on a case as a liaison unit. Nothing here closes one: the data do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from padan.command_day import command_day
from padan.errors import StepFailed
from padan.warehouse.connection import Connection

app = typer.Typer(help="The ledger of differences: list, acknowledge, dispute, waive, show.", no_args_is_help=True)

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Number of the case, e.g. K-0123456789AB.")]
Actor = Annotated[str, typer.Option("--by", help="Who acts: the person or office of a liaison unit; no NIP.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, without personal values.")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day of the act; default: today.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
State = Literal["open", "acknowledged", "disputed", "resolved", "reopened", "waived"]
Party = Literal["bkn", "bps", "both"]

_LIST = """
    select case_id, attribute, verdict, severity, owner_party, state, opened_on, due_on, paused_on, escalated_on
    from ledger.difference_case
    where
        case when %(state)s::text is null then state <> 'resolved' else state = %(state)s end
        and (%(owner)s::text is null or owner_party in (%(owner)s, 'both'))
        and (not %(overdue)s or (state not in ('resolved', 'waived') and paused_on is null and due_on < %(as_of)s))
    order by due_on, case_id
    limit %(limit)s
"""
_HISTORY = """
    select as_of, kind, actor, verdict, severity, owner_party, due_on, until, reason
    from ledger.event where case_id = %s order by event_id
"""


@contextmanager
def _ledger() -> Iterator[Connection]:
    from padan.flows.context import Context
    from padan.warehouse.connection import connect

    url = Context.load().settings.database_url.get_secret_value()
    with connect(url, application="padan-cases", role="ledger") as connection:
        yield connection


def _rows(connection: Connection, query: str, parameters: Any) -> list[dict[str, Any]]:
    from psycopg.rows import dict_row

    return connection.cursor(row_factory=dict_row).execute(query.encode(), parameters).fetchall()


def _print(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows[0] if rows else ():
        table.add_column(column, no_wrap=column in ("case_id", "as_of", "due_on"), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else f"{title}: none")


@app.command("list")
def list_cases(
    state: Annotated[State | None, typer.Option(help="Only this state; default: all but resolved.")] = None,
    owner: Annotated[Party | None, typer.Option(help="Only what this party must mend, alone or jointly.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is past its due date.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 50,
    as_of: Day = None,
    as_json: AsJson = False,
) -> None:
    """List cases, the soonest due first. No personal value."""
    words = {"state": state, "owner": owner, "overdue": overdue, "limit": limit, "as_of": command_day(as_of)}
    with _ledger() as connection:
        _print("Cases", _rows(connection, _LIST, words), as_json)


@app.command()
def show(case_id: CaseId, as_json: AsJson = False) -> None:
    """Show the history of a case, from its opening on."""
    with _ledger() as connection:
        rows = _rows(connection, _HISTORY, (case_id,))
    if not rows:
        raise StepFailed(f"there is no case {case_id}")
    _print(f"Case {case_id}", rows, as_json)


@app.command()
def acknowledge(case_id: CaseId, by: Actor, as_of: Day = None) -> None:
    """Say that the owner has seen the case and mends it."""
    from padan.differences import act

    with _ledger() as connection:
        act(connection, case_id, "acknowledged", actor=by, as_of=command_day(as_of))


@app.command()
def dispute(case_id: CaseId, by: Actor, reason: Reason, as_of: Day = None) -> None:
    """Say that the owner's record is right and the other party's wrong."""
    from padan.differences import act

    with _ledger() as connection:
        act(connection, case_id, "disputed", actor=by, as_of=command_day(as_of), reason=reason)


@app.command()
def waive(
    case_id: CaseId,
    by: Actor,
    reason: Reason,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day; then it reopens.")],
    as_of: Day = None,
) -> None:
    """Let a difference stand until a day; it reopens after it, or when a value changes."""
    from padan.differences import act

    with _ledger() as connection:
        act(connection, case_id, "waived", actor=by, as_of=command_day(as_of), reason=reason, until=until.date())
