"""The summary that a person reads at the end of a run."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PARTIES = {"bps": "BPS", "bkn": "BKN", "both": "both"}
TIERS = {
    "decided": "a decision",
    "exact_nip": "same NIP",
    "exact_nik": "same NIK",
    "nip_corrected": "corrected NIP",
    "probabilistic": "probability",
}
_WHOLE = {
    "first": "first build",
    "unfinished": "the one before did not end well",
    "unwatched": "raw was not watched",
    "code": "other models, or a person wants it",
    "earlier": "earlier day",
    "due": "once a month",
    "lists": "lists of codes changed",
    "codes": "mappings of codes changed",
    "many": "many people changed",
}


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right")
    return table


def render(counts: dict[str, Any], console: Console) -> None:
    """Print the counts of :func:`padan.flows.status.collect` as tables."""
    for part in (_agencies, _people, _differences, _quality, _mails):
        part(counts, console)
    _build(counts, console)
    console.print(f"warehouse hash  [dim]{counts['warehouse_hash']}[/]", highlight=False)


def _agencies(counts: dict[str, Any], console: Console) -> None:
    table = _table("Extracted = landed + quarantined", "dataset", "extracted", "landed", "quarantined",
                   "outside scope", "changed rows")  # fmt: skip
    for party, extract in counts["agencies"].items():
        style = "green" if extract["state"] == "published" else "red"
        reason = f"  {extract['reason']}" if extract.get("reason") else ""
        if extract.get("people_carried"):
            reason += (
                f"  (asked about {_number(extract['people_asked'])} people; {_number(extract['people_carried'])} wait, "
                f"the oldest since {extract['oldest_asked_on']})"
            )
        table.add_row(Text(f"{PARTIES[party]}  {extract['as_of']}  {extract['state']}{reason}", style=style))
        for name, dataset in extract["datasets"].items():
            changed = sum(dataset[kind] or 0 for kind in ("inserted", "updated", "deleted"))
            values = (dataset["extracted"], dataset["landed"], dataset["quarantined"], dataset["out_of_scope"], changed)
            table.add_row(f"  {name}", *(_number(value) for value in values))
    console.print(table)


def _people(counts: dict[str, Any], console: Console) -> None:
    table = _table("People", "", "people")
    for tier, pairs in counts["people"]["matched"].items():
        table.add_row(f"matched by {TIERS.get(tier, tier)}", _number(pairs))
    table.add_row("only at BKN", _number(counts["people"]["only_in_bkn"]))
    table.add_row("only at BPS", _number(counts["people"]["only_in_bps"]))
    waiting = sum(counts["people"]["review"].values())
    table.add_row("pairs that a person must decide", _number(waiting), style="yellow" if waiting else None)
    console.print(table)


def _differences(counts: dict[str, Any], console: Console) -> None:
    differences = counts["differences"]
    owners = ", ".join(f"{PARTIES[owner]} {_number(cases)}" for owner, cases in sorted(differences["by_owner"].items()))
    title = f"Differences: {_number(differences['total'])}" + (f"  (to mend: {owners})" if owners else "")
    table = _table(title, "attribute", "to mend by", "cases")
    for row in differences["by_attribute"]:
        table.add_row(row["label"] or row["attribute"], PARTIES[row["owner_party"]], _number(row["cases"]))
    console.print(table)


def _quality(counts: dict[str, Any], console: Console) -> None:
    table = _table("Great Expectations", "stage", "passed", "warnings", "critical")
    for row in counts["quality"]:
        table.add_row(row["stage"], *(_number(row[kind]) for kind in ("passed", "warnings", "critical")))
    console.print(table)


def _build(counts: dict[str, Any], console: Console) -> None:
    if build := counts["build"]:
        reached = (
            f"everything ({_WHOLE[build['reason']]})" if build["whole"] else f"{_number(build['affected'])} people"
        )
        state = "" if build["finished"] else ", not ended yet"
        console.print(f"made anew on {build['as_of']}  [dim]{reached}{state}[/]", highlight=False)


def _mails(counts: dict[str, Any], console: Console) -> None:
    mails = counts["mails"]
    console.print(f"[bold]Mails sent so far: {mails['sent']}[/]")
    for row in mails["latest"]:
        console.print(f"  {PARTIES[row['party']]}: {row['subject']}", highlight=False, markup=False)
