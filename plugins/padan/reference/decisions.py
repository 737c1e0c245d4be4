"""Takes what a person accepted, in OpenRefine or a spreadsheet, into the reviewed decisions of the dbt project.

The file is reviewed like code: nothing counts before somebody else has read the change.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from padan.errors import ConfigurationError
from padan.reference.identifiers import code_of
from padan.warehouse.connection import Connection

FILE = Path("dbt_project") / "seeds" / "reviewed_code_mappings.csv"
PAIRS = Path("dbt_project") / "seeds" / "reference_list_pairs.csv"
COLUMNS = ("bps_list", "bps_code", "bkn_code", "valid_from", "valid_to", "decided_by", "reason")
NO_COUNTERPART = "-"
_HEADINGS = {
    "bps_list": ("bps_list", "list_name", "daftar"),
    "bps_code": ("bps_code", "code", "kode"),
    "bkn_code": ("bkn_code", "kode_bkn"),
}
_CODE = re.compile(r"^[0-9A-Za-z._/-]{1,36}$")
_NUMBER_OF_A_PERSON = re.compile(r"[0-9]{16}")
_LARGEST_FILE = 10_000_000  # bytes: what a person has decided
Row = dict[str, str]


@dataclass(slots=True)
class Accepted:
    """What became of the rows of a file: lines added, decisions that stood already, rows left undecided, refusals."""

    added: int = 0
    unchanged: int = 0
    undecided: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)  # row, rule


def accept(connection: Connection, project: Path, file: Path, as_of: date, decided_by: str, reason: str) -> Accepted:
    """Add the decisions of ``file`` from ``as_of`` on; a second time adds nothing, a bad row leaves the others alone.

    Of a row, its BPS list and code, and the code of BKN that it stands for, or the service's id (``bkn/instansi/..``);
    ``-`` decides that there is no counterpart, an empty cell decides nothing.

    Raises:
        ConfigurationError: if the file lacks a column or is none, or the office or reason could name a person.
    """
    for text in (decided_by, reason):
        if not text.strip() or _NUMBER_OF_A_PERSON.search(text) or "\n" in text:
            raise ConfigurationError(
                "an office and a reason are needed, on one line and without the number of a person"
            )
    target = project / FILE
    pairs = {row["bps_list"]: row["bkn_list"] for row in _rows(project / PAIRS)}
    decided = _rows(target)
    outcome, lines = Accepted(), list[Row]()
    known = _known(connection)
    for number, row in enumerate(_asked(file), start=1):
        bkn_code = code_of(row["bkn_code"], "bkn", pairs.get(row["bps_list"], ""))
        line = dict(
            zip(COLUMNS, (row["bps_list"], row["bps_code"], bkn_code, str(as_of), "", decided_by, reason), strict=True)
        )
        rule = _rule(line, pairs, known, [*decided, *lines], as_of)
        if rule == "undecided":
            outcome.undecided += 1
        elif rule == "unchanged":
            outcome.unchanged += 1
        elif rule:
            outcome.refused.append((number, rule))
        else:
            lines.append(line | {"bkn_code": "" if bkn_code == NO_COUNTERPART else bkn_code})
    outcome.added = len(lines)
    if lines:
        _append(target, lines)
    return outcome


def _rule(line: Row, pairs: dict[str, str], known: set[tuple[str, str]], decided: list[Row], as_of: date) -> str | None:
    """Why the line is not added; None if it is."""
    if not line["bkn_code"]:
        return "undecided"
    if line["bps_list"] not in pairs:
        return "unknown_list"
    if not _CODE.match(line["bps_code"]) or _NUMBER_OF_A_PERSON.match(line["bps_code"]):
        return "unreadable_code"
    meant = "" if line["bkn_code"] == NO_COUNTERPART else line["bkn_code"]
    same_code = [one for one in decided if (one["bps_list"], one["bps_code"]) == (line["bps_list"], line["bps_code"])]
    if any(one["bkn_code"] == meant and _stands(one, as_of) for one in same_code):
        return "unchanged"
    if any(not one["valid_to"] or one["valid_to"] >= str(as_of) for one in same_code):
        return "decided_otherwise"
    if meant and (pairs[line["bps_list"]], meant) not in known:
        return "bkn_has_no_such_code"
    return None


def _stands(decision: Row, as_of: date) -> bool:
    return decision["valid_from"] <= str(as_of) and (not decision["valid_to"] or decision["valid_to"] >= str(as_of))


def _known(connection: Connection) -> set[tuple[str, str]]:
    """The lists and codes that BKN has now."""
    query = "select list_name, code from marts_reference.dim_reference_code where agency = 'bkn' and is_current"
    return set(connection.execute(query).fetchall())


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _asked(path: Path) -> list[Row]:
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise ConfigurationError("there is no such file of decisions, or it is far too large for one")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("the file of decisions is not in UTF-8") from None
    heading = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=heading.count))
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    columns = {meant: next((name for name in known if name in names), None) for meant, known in _HEADINGS.items()}
    missing = [" or ".join(_HEADINGS[meant]) for meant, name in columns.items() if name is None]
    if missing:
        raise ConfigurationError(f"the file of decisions has no column {', '.join(missing)}")
    return [{meant: (row.get(str(name)) or "").strip() for meant, name in columns.items()} for row in rows]


def _append(path: Path, lines: list[Row]) -> None:
    """Whole or not at all: the file with its new lines is written beside it and renamed."""
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerows(lines)
    before = path.read_text(encoding="utf-8")
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(before + ("" if before.endswith("\n") else "\n") + text.getvalue(), encoding="utf-8")
    partial.replace(path)
