"""The ``padan`` command: every step of the pipeline, the whole pipeline, and its state."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from padan import redaction
from padan.access_cli import app as access_app
from padan.agreement_cli import app as agreement_app
from padan.alerts_cli import app as alerts_app
from padan.cases_cli import app as cases_app
from padan.command_day import command_day
from padan.errors import AgreementNotInForce, PadanError
from padan.exchange_cli import app as exchange_app
from padan.flows import PIPELINE, WATCH, Step, Workflow, run, told
from padan.matching_cli import app as matching_app
from padan.minutes_cli import app as minutes_app
from padan.obligations_cli import obligations
from padan.privacy_cli import privacy_app, subject_app
from padan.reference_cli import app as reference_app
from padan.retention_cli import maintain_retention

app = typer.Typer(
    help="Padan: warehouse of the BPS-BKN data agreement. Settings come from the environment or from PADAN_ENV_FILE.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(minutes_app, name="minutes", rich_help_panel="The papers")
app.add_typer(agreement_app, name="agreement", rich_help_panel="The agreement")
app.add_typer(cases_app, name="cases", rich_help_panel="The ledger")
app.add_typer(alerts_app, name="alerts", rich_help_panel="The ledger")
app.add_typer(matching_app, name="matching", rich_help_panel="The ledger")
app.add_typer(exchange_app, name="exchange", rich_help_panel="The agreement")
app.add_typer(access_app, name="access", rich_help_panel="Personal data")
app.add_typer(subject_app, name="subject", rich_help_panel="Personal data")
app.add_typer(privacy_app, name="privacy", rich_help_panel="Personal data")
app.add_typer(reference_app, name="reference", rich_help_panel="The agreement")
app.command("obligations", rich_help_panel="The agreement")(obligations)
console = Console(stderr=True)

AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Logical date; default: today in Jakarta.")
]


def _register(workflow: Workflow, step: Step) -> None:
    def command(as_of: AsOf = None) -> None:
        counts = run(step.name, command_day(as_of))
        print(json.dumps(counts, ensure_ascii=False, default=str))

    command.__doc__ = step.summary[0].upper() + step.summary[1:] + "."
    app.command(step.name.replace("_", "-"), rich_help_panel=f"Steps of {workflow.name}: {workflow.summary}")(command)


@app.command("run", rich_help_panel="The pipeline")
def run_pipeline(as_of: AsOf = None) -> None:
    """Run every step in order, without Airflow."""
    day = command_day(as_of)
    failed = run_workflows(day)
    from padan.flows.status import collect
    from padan.summary import render

    render(collect(), Console())
    if failed:
        console.print(f"[bold red]failed:[/] {', '.join(failed)}")
        raise typer.Exit(1)


def run_workflows(day: date) -> list[str]:
    """Run all workflows with live progress; return the names of the steps that failed.

    A workflow that is not essential (one agency's extraction) may fail: the others go on with what was published. What
    the agreement does not permit on that day ends the run: nothing failed.
    """
    failed: list[str] = []
    columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for workflow in PIPELINE:
            for step in workflow.steps:
                line = progress.add_task(f"{workflow.name:<16} {step.summary}", total=1)
                started = time.monotonic()
                try:
                    run(step.name, day)
                except AgreementNotInForce as refusal:
                    progress.stop_task(line)
                    console.print(f"[yellow]skipped:[/] {refusal}", highlight=False)
                    return failed
                except PadanError as error:
                    failed.append(step.name)
                    progress.update(line, description=f"[red]✗ {workflow.name:<14} {step.summary}[/]")
                    progress.stop_task(line)
                    console.print(f"[red]{step.name}[/] after {time.monotonic() - started:.0f} s: {error}")
                    break
                progress.update(line, completed=1)
            if failed and workflow.essential and failed[-1] in {step.name for step in workflow.steps}:
                break
    return failed


@app.command("status", rich_help_panel="The pipeline")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON; keys are stable.")] = False,
) -> None:
    """Show the counts of the latest runs: extracts, people, differences, verdicts, mails."""
    from padan.flows.status import collect

    counts = collect()
    if as_json:
        print(json.dumps(counts, ensure_ascii=False, indent=2, default=str))
    else:
        from padan.summary import render

        render(counts, Console())


@app.command("migrate", rich_help_panel="The pipeline")
def migrate() -> None:
    """Bring the warehouse's own tables to this version; safe to repeat."""
    from padan.flows.context import Context
    from padan.warehouse.migrations import migrate as migrate_warehouse

    migrate_warehouse(Context.load().settings.database_url.get_secret_value())


@app.command("rebuild", rich_help_panel="The pipeline")
def rebuild() -> None:
    """Have the next build make everything anew, not only whom a change reaches; nothing is built now."""
    from padan.flows import warehouse

    warehouse.rebuild()


app.command("maintain-retention", rich_help_panel="The agreement")(maintain_retention)
for _workflow in (*PIPELINE, WATCH):
    for _step in _workflow.steps:
        _register(_workflow, _step)


def main() -> None:
    """Entry point: every error ends in one line and exit code 1, never in a traceback, which may quote a value."""
    redaction.install()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces its plugins when it is imported
    os.environ.setdefault("PADAN_ENV_FILE", str(Path.cwd() / "var" / "padan.env"))
    try:
        app()
    except PadanError as error:
        _end(error)
    except Exception as error:
        _end(told(error, "the command"))


def _end(error: PadanError) -> None:
    console.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False)
    sys.exit(1)
