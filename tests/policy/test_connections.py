"""Every connection of Padan's to the warehouse is made in one place and says under which role it works."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLACE = "warehouse/connection.py"
# The lock that keeps two dbt apart: it reads nothing; dbt itself works as transformer (dbt_project/profiles.yml).
WITHOUT_ROLE = {"warehouse/dbt.py"}


def calls(package: Path) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield name, node


def roleless(package: Path) -> list[str]:
    """Calls of ``connect`` without a role."""
    return [
        f"{name}:{call.lineno}"
        for name, call in calls(package)
        if isinstance(call.func, ast.Name)
        and call.func.id == "connect"
        and name not in WITHOUT_ROLE
        and "role" not in {keyword.arg for keyword in call.keywords}
    ]


def elsewhere(package: Path) -> list[str]:
    """Connections of psycopg's own."""
    return [
        f"{name}:{call.lineno}"
        for name, call in calls(package)
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func) in ("psycopg.connect", "psycopg.Connection.connect")
        and name != PLACE
    ]


def test_every_connection_names_its_role(project_dir: Path) -> None:
    package = project_dir / "plugins" / "padan"
    assert sum(isinstance(call.func, ast.Name) and call.func.id == "connect" for _, call in calls(package)) > 15
    assert roleless(package) == []
    assert elsewhere(package) == []
    assert "role: transformer" in (project_dir / "dbt_project" / "profiles.yml").read_text()


def test_a_connection_without_role_is_found(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text("with connect(url) as one:\n    pass\nother = psycopg.connect(url)\n")
    assert roleless(tmp_path) == ["room.py:1"]
    assert elsewhere(tmp_path) == ["room.py:3"]
