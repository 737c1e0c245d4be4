"""``padan agreement``: check, show, compare and export an agreement file."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, cast

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from padan.agreement import Agreement, Permission, guard, load_agreement
from padan.agreement.clauses import Cadence, PartyCode
from padan.agreement.data_contract import as_yaml, contract
from padan.agreement.difference import differences
from padan.agreement.rules import remarks
from padan.agreement.service_contract import require_offered
from padan.agreement.yardstick import Standing, completeness
from padan.command_day import command_day
from padan.errors import ConfigurationError

app = typer.Typer(help="The agreement (PKS) as data: check it, read it, compare it, export it.", no_args_is_help=True)

AgreementFile = Annotated[
    Path, typer.Argument(envvar="PADAN_AGREEMENT_FILE", metavar="FILE", help="The agreement file.", show_default=False)
]
Day = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="As of; default: today in Jakarta.")]

_COLOURS = {
    Standing.STATED: "green",
    Standing.ASSUMED: "yellow",
    Standing.MISSING: "red",
    Standing.NOT_APPLICABLE: "dim",
}
_PARTIES: tuple[PartyCode, ...] = ("bps", "bkn")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


@app.command()
def check(
    file: AgreementFile,
    contracts: Annotated[
        list[str] | None,
        typer.Option("--contract", metavar="PARTY=FILE", help="OpenAPI contract of the party's service; repeatable."),
    ] = None,
) -> None:
    """Refuse a faulty file with file, line and rule; else report what it states, assumes and leaves out."""
    agreement = load_agreement(file)
    for given in contracts or []:
        party, _, contract_file = given.partition("=")
        if party not in _PARTIES or not contract_file:
            raise ConfigurationError("--contract takes bps=FILE or bkn=FILE")
        require_offered(agreement, cast(PartyCode, party), file, Path(contract_file))
    console = Console()
    items = sum(len(dataset.items) for dataset in agreement.datasets)
    console.print(
        Text(f"{file.name}: well formed; {len(agreement.datasets)} datasets, {items} items", style="bold green"),
        Text(f"fingerprint {agreement.fingerprint}", style="dim"),
        sep="\n",
    )
    for remark in remarks(agreement):
        console.print(Text(f"note: {remark}", style="yellow"))
    table = _table(
        "Held against section 19(1) of Ireland's Data Sharing and Governance Act 2019", "§", "asks", "is", "in"
    )
    for finding in completeness(agreement):
        is_ = Text(finding.standing.value, style=_COLOURS[finding.standing])
        table.add_row(finding.paragraph, finding.asks, is_, Text(finding.where))
    console.print(table)
    _print_assumptions(agreement, console)


@app.command()
def show(file: AgreementFile, day: Day = None) -> None:
    """Show the agreement as it stands on a day, for a person to read."""
    as_of = command_day(day)
    agreement = load_agreement(file)
    effective = agreement.on(as_of)
    console = Console()
    console.print(Text(effective.title, style="bold"))
    if effective.fictional:
        console.print(Text("FICTIONAL: nobody signed this", style="bold magenta"))
    for party in _PARTIES:
        side = effective.parties[party]
        console.print(Text(f"{side.role}  {side.name}, nomor {effective.numbers[party]}: {side.signatory}"))
    term = f"{effective.place}, {effective.signed}; in force {effective.validity.start} to {effective.validity.end}"
    console.print(Text(f"signed in {term}"))
    _print_permission(guard(agreement, as_of, "extract"), console)
    for addendum in agreement.addenda_on(as_of):
        console.print(Text(f"addendum {addendum.key} of {addendum.signed}: {addendum.summary}"))
    _print_liaison(effective, as_of, console)
    _print_datasets(effective, console)
    _print_obligations(effective, console)
    table = _table("Presumed right where the two sides differ", "party", "attributes")
    for authority in effective.authority:
        table.add_row(authority.party, ", ".join(authority.attributes))
    console.print(table)
    _print_assumptions(effective, console)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="A")], after: Annotated[Path, typer.Argument(metavar="B")]
) -> None:
    """List what changed from A to B, item by item; exit code 1 if anything did."""
    found = differences(load_agreement(before), load_agreement(after))
    marks = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    console = Console(soft_wrap=True)
    for difference in found:
        mark, colour = marks[difference.kind]
        values = " -> ".join(value for value in (difference.before, difference.after) if value)
        console.print(Text(f"{mark} {difference.place}: {values}", style=colour))
    if found:
        raise typer.Exit(1)
    console.print("no difference")


@app.command()
def export(
    file: AgreementFile,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the contracts are written.")] = Path(),
    day: Day = None,
) -> None:
    """Write a data contract (Open Data Contract Standard 3.1.0, YAML) for each party that gives data."""
    agreement = load_agreement(file)
    to.mkdir(parents=True, exist_ok=True)
    for party in _PARTIES:
        target = to / f"{file.stem}.{party}.odcs.yaml"
        target.write_text(as_yaml(contract(agreement, party, command_day(day))), encoding="utf-8")
        print(target)


def _print_permission(permission: Permission, console: Console) -> None:
    if permission.refusal:
        console.print(Text(permission.refusal.text, style="bold red"))
    else:
        console.print(Text(f"exchange permitted on {permission.day}", style="bold green"))
    for notice in permission.warnings:
        uncertain = f" (uncertain: {notice.uncertain})" if notice.uncertain else ""
        console.print(Text(f"{'late' if notice.late else 'due'}: {notice.text}{uncertain}", style="yellow"))


def _print_liaison(agreement: Agreement, day: date, console: Console) -> None:
    table = _table("Liaison units", "party", "unit", "e-mail", "since", "until")
    for unit in agreement.liaison_units:
        current = unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to)
        until = str(unit.valid_to or "")
        table.add_row(
            unit.party, unit.unit, unit.email, str(unit.valid_from), until, style="" if current else "dim"
        )  # fmt: skip
    console.print(table)


def _print_datasets(agreement: Agreement, console: Console) -> None:
    columns = ("given by", "dataset", "items", "direct", "indirect", "sensitive", "legal basis", "retention")
    table = _table("Data items", *columns)
    for dataset in agreement.datasets:
        classes = [str(item.personal) for item in dataset.items]
        table.add_row(
            dataset.party,
            dataset.name,
            str(len(classes)),
            *(str(classes.count(name) or "") for name in ("direct", "indirect", "sensitive")),
            ", ".join(dict.fromkeys(agreement.legal_basis_of(dataset, item) for item in dataset.items)),
            ", ".join(dict.fromkeys(agreement.retention_of(dataset, item) for item in dataset.items)),
        )
    console.print(table)


def _print_obligations(agreement: Agreement, console: Console) -> None:
    table = _table("Duties", "article", "owed by", "duty", "when", "evidence")
    for duty in agreement.obligations:
        owed_by = ", ".join(duty.owed_by)
        table.add_row(", ".join(duty.cites), owed_by, duty.duty, _cadence(duty.cadence), duty.evidence)
    console.print(table)


def _cadence(cadence: Cadence) -> str:
    if cadence.kind == "periodic":
        return f"{cadence.times_per_year} times a year"
    if cadence.kind == "continuous":
        return "always"
    if cadence.months_before_end is not None:
        return f"{cadence.months_before_end} month before the end, if {cadence.event}"
    return f"within {cadence.within_days} {cadence.day_kind} days, if {cadence.event}"


def _print_assumptions(agreement: Agreement, console: Console) -> None:
    table = _table("Assumed, because the text leaves it open", "what", "why")
    for what, why in agreement.assumed():
        table.add_row(what, why)
    console.print(table)
