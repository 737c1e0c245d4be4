"""Each command works under the role of its room, on the stack's own login, which by itself may do nothing."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from padan.cli import app
from sandbox.stack import Stack

COMMANDS = {
    ("status", "--json"): {"status"},
    ("cases", "list"): {"ledger"},
    ("cases", "show", "{case}"): {"ledger"},
    ("alerts", "outbox"): {"alerts"},
    ("alerts", "pauses"): {"alerts"},
    ("obligations",): {"obligations"},
    ("exchange", "verify"): {"auditor"},
    ("minutes", "list"): {"minutes"},
    ("subject", "trail", "199001012014121001", "--by", "PPID", "--purpose", "uji"): {"privacy"},
}


class Recorded(psycopg.Connection[Any]):
    """A connection that writes down which roles it took."""

    taken: set[str] = set()  # noqa: RUF012 - of all connections together

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        text = query.as_string(self) if isinstance(query, psycopg.sql.Composable) else str(query)
        if text.startswith("set role "):
            self.taken.add(text.removeprefix("set role ").strip('"'))
        return super().execute(query, *arguments, **options)


@pytest.mark.parametrize(("words", "roles"), list(COMMANDS.items()), ids=[" ".join(words[:2]) for words in COMMANDS])
def test_a_command_takes_the_role_of_its_room_and_no_other(
    stack: Stack, first_run: dict[str, Any], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], roles: set[str]
) -> None:
    for name, value in stack.padan_environment().items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(stack.postgres.url("padan")) as connection:
        connection.execute("set role ledger")
        row = connection.execute("select min(case_id) from ledger.difference_case").fetchone()
    monkeypatch.setattr(psycopg, "connect", Recorded.connect)
    Recorded.taken.clear()
    done = CliRunner().invoke(app, [word.format(case=row[0] if row else "") for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    assert Recorded.taken == roles
