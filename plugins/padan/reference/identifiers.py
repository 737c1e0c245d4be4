"""How a code is named towards OpenRefine."""

from __future__ import annotations

from typing import Any


def id_of(row: dict[str, Any]) -> str:
    """``agency/list/code``: a code alone is not unique."""
    return f"{row['agency']}/{row['list_name']}/{row['code']}"


def code_of(value: str, agency: str, list_name: str) -> str:
    """The code of an id of this service that is of that agency and list; any other text is a code already."""
    return value.removeprefix(f"{agency}/{list_name}/")
