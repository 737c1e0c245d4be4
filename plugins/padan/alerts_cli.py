"""``padan alerts``: mails that wait or are in doubt, and pauses of alerts."""

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
from padan.warehouse.connection import Connection

app = typer.Typer(help="Alerts: what waits to be sent, what is in doubt, what is paused.", no_args_is_help=True)

Party = Literal["bkn", "bps"]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day of the act; default: today.")]
MailId = Annotated[str, typer.Argument(metavar="MAIL", help="Id of the mail, as `padan alerts outbox` shows it.")]
Actor = Annotated[str, typer.Option("--by", help="Who says so: a person or office; no NIP.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_OUTBOX = """
    select digest_id as mail, kind, coalesce(party, 'operators') as "to", as_of, state, attempts, last_error, subject
    from alerts.digest where state <> 'sent'
    union all
    select key || '/' || party, 'letter', party, as_of, state, null, null, subject
    from alerts.letter where state <> 'sent'
    order by 4, 1
"""
_PAUSES = """
    select snooze_id as pause, party, case_id, attribute, instansi_id, starts_on, until, ended_on, requested_by,
        reviewed_by, reason
    from alerts.snooze where %(all)s or coalesce(ended_on > %(as_of)s, until >= %(as_of)s) order by snooze_id
"""


@contextmanager
def _warehouse() -> Iterator[Connection]:
    from padan.flows.context import Context
    from padan.warehouse.connection import connect

    url = Context.load().settings.database_url.get_secret_value()
    with connect(url, application="padan-alerts", role="alerts") as connection:
        yield connection


def _show(title: str, query: str, parameters: dict[str, Any], as_json: bool) -> None:
    from psycopg.rows import dict_row

    with _warehouse() as connection:
        rows = connection.cursor(row_factory=dict_row).execute(query.encode(), parameters).fetchall()
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows[0] if rows else ():
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else f"{title}: none")


@app.command()
def outbox(as_json: AsJson = False) -> None:
    """List mails that wait, or of which nobody knows whether the mail server took them (handing_over)."""
    _show("Mails not sent", _OUTBOX, {}, as_json)


@app.command()
def settle(
    mail: MailId,
    by: Actor,
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="What the mail server's log says.")],
) -> None:
    """Say of a mail in doubt whether it arrived; one that did not is sent by the next run, with the same Message-ID."""
    from padan.alerts import outbox as mails

    with _warehouse() as connection:
        mails.settle(connection, mail, arrived=arrived, actor=by)


@app.command()
def snooze(
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day; 92 days at most.")],
    by: Annotated[str, typer.Option("--by", help="Who asks for it: a person or office; no NIP.")],
    reviewed_by: Annotated[str, typer.Option("--reviewed-by", help="Who reviewed it: another person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without personal values.")],
    party: Annotated[Party | None, typer.Option(help="Only alerts to this party's liaison unit.")] = None,
    case: Annotated[str | None, typer.Option(help="Only this case.")] = None,
    attribute: Annotated[str | None, typer.Option(help="Only this attribute.")] = None,
    instansi: Annotated[str | None, typer.Option(help="Only this agency, BKN's id.")] = None,
    as_of: Day = None,
) -> None:
    """Pause alerts until a day for what fits all that is named. The ledger's terms go on; nothing is forgotten."""
    from padan.alerts import snoozing

    scope = snoozing.Scope(party, case, attribute, instansi)
    review = snoozing.Review(by, reviewed_by, reason)
    with _warehouse() as connection:
        number = snoozing.snooze(connection, scope, review, command_day(as_of), until.date())
        print(json.dumps({"pause": number, "open_differences": snoozing.count(connection, scope)}))


@app.command()
def wake(
    pause: Annotated[int, typer.Argument(metavar="PAUSE", help="Number of the pause.")], by: Actor, as_of: Day = None
) -> None:
    """End a pause before its day."""
    from padan.alerts import snoozing

    with _warehouse() as connection:
        snoozing.wake(connection, pause, command_day(as_of), by)


@app.command()
def pauses(
    as_of: Day = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """List pauses of alerts."""
    _show("Pauses", _PAUSES, {"all": everything, "as_of": command_day(as_of)}, as_json)
