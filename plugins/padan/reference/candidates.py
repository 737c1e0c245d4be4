"""Candidates for a text among the codes of both agencies, by the similarity that suggestions use."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field

from padan.reference.identifiers import id_of
from padan.warehouse.connection import Connection

DEFAULT_LIMIT, MOST_CANDIDATES = 5, 100
GENERIC_WORD_CODES = 5  # as the variable reference_generic_word_codes of the dbt project
_LISTED = "integration.int_codes__listed"
_WORD = re.compile(r"[^\W_]+")
_GENERIC = f"""
    select agency, list_name, word
    from {_LISTED} cross join lateral regexp_split_to_table(lower(code_name), '[^[:alnum:]]+') as word
    where word <> ''
    group by agency, list_name, word
    having count(distinct code) > %s
"""  # noqa: S608
_TYPES = f"select distinct agency, list_name from {_LISTED} order by 1, 2"  # noqa: S608
# Each query against each list that it asks for: the whole name counts where the words that tell it apart are the same.
_CANDIDATES = f"""
    with asked as (
        select * from unnest(
            %(keys)s::int[], %(agencies)s::text[], %(lists)s::text[], %(texts)s::text[], %(words)s::text[]
        ) as asked (key, agency, list_name, text, words)
    ),
    scored as (
        select
            asked.key, listed.agency, listed.list_name, listed.code, listed.code_name, listed.belongs_to,
            lower(asked.text) in (lower(listed.code), lower(btrim(listed.code_name))) as is_exact,
            public.similarity(asked.words, listed.distinctive_name) as similarity,
            public.similarity(asked.text, listed.code_name) as name_similarity
        from asked
        inner join {_LISTED} as listed using (agency, list_name)
    ),
    ranked as (
        select
            *,
            count(*) filter (where is_exact) over (partition by key) as exact,
            row_number() over (
                partition by key order by is_exact desc, similarity desc, name_similarity desc, list_name, code
            ) as place
        from scored
        where is_exact or similarity > 0
    )
    select * from ranked where place <= %(most)s order by key, place
"""  # noqa: S608
_ENTITIES = f"""
    select agency, list_name, code, code_name, belongs_to
    from {_LISTED}
    where (%(type)s = '' or agency || '/' || list_name = %(type)s)
        and (starts_with(lower(code_name), lower(%(prefix)s)) or starts_with(lower(code), lower(%(prefix)s))
            or public.word_similarity(%(prefix)s, code_name) > 0.6)
    order by
        not starts_with(lower(code_name), lower(%(prefix)s)), public.word_similarity(%(prefix)s, code_name) desc,
        code_name, agency, list_name, code
    limit %(most)s offset %(cursor)s
"""  # noqa: S608
_ONE = f"select * from {_LISTED} where agency = %s and list_name = %s and code = %s"  # noqa: S608
Connect = Callable[[], Connection]


class Asked(BaseModel):
    """One query of a batch, as OpenRefine sends it."""

    model_config = ConfigDict(extra="ignore")

    query: str = Field(default="", max_length=1000)
    type: str | list[str] = Field(default_factory=list)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1)

    @property
    def types(self) -> list[str]:
        return [self.type] if isinstance(self.type, str) else self.type


def type_of(row: dict[str, Any]) -> dict[str, str]:
    return {"id": f"{row['agency']}/{row['list_name']}", "name": f"{row['agency'].upper()}: {row['list_name']}"}


class Codes:
    """The codes of both agencies as the latest build has them, asked through a connection of the moment."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def _rows(self, statement: str, values: Any = None) -> list[dict[str, Any]]:
        with self._connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), values).fetchall()

    def types(self) -> list[dict[str, str]]:
        """Every list as a type."""
        return [type_of(row) for row in self._rows(_TYPES)]

    def candidates(self, queries: Sequence[Asked]) -> list[list[dict[str, Any]]]:
        """For each query its candidates, the likest first; without a type, among all of BKN's lists."""
        known = [one["id"] for one in self.types()]
        generic: dict[str, set[str]] = {}
        for row in self._rows(_GENERIC, (GENERIC_WORD_CODES,)):
            generic.setdefault(f"{row['agency']}/{row['list_name']}", set()).add(row["word"])
        asked = [
            (number, *one.split("/", 1), text, _distinctive(text, generic.get(one, set())))
            for number, query in enumerate(queries)
            if (text := query.query.replace("\x00", " ").strip())
            for one in ([kind for kind in query.types if kind in known] or [k for k in known if k.startswith("bkn/")])
        ]
        found: list[list[dict[str, Any]]] = [[] for _ in queries]
        if not asked:
            return found
        columns = zip(("keys", "agencies", "lists", "texts", "words"), zip(*asked, strict=True), strict=True)
        values = {name: list(column) for name, column in columns} | {"most": MOST_CANDIDATES}
        for row in self._rows(_CANDIDATES, values):
            found[row["key"]].append(_candidate(row))
        return [rows[: query.limit] for rows, query in zip(found, queries, strict=True)]

    def entities(self, prefix: str, kind: str, cursor: int) -> list[dict[str, Any]]:
        """Codes whose name or code begins so, or is alike."""
        words = {"prefix": prefix, "type": kind, "cursor": cursor, "most": 20}
        return [
            {"id": id_of(row), "name": row["code_name"], "description": description_of(row), "notable": [type_of(row)]}
            for row in self._rows(_ENTITIES, words)
        ]

    def one(self, entity: str) -> dict[str, Any] | None:
        """The code of an id, if there is one."""
        parts = entity.split("/", 2)
        return next(iter(self._rows(_ONE, parts)), None) if len(parts) == 3 else None


def _distinctive(text: str, generic: set[str]) -> str:
    words = _WORD.findall(text.lower())
    return " ".join(word for word in words if word not in generic) or text.lower()


def description_of(row: dict[str, Any]) -> str:
    return f"{type_of(row)['name']} {row['code']}" + (f", bagian dari {row['belongs_to']}" if row["belongs_to"] else "")


def _candidate(row: dict[str, Any]) -> dict[str, Any]:
    score = 100.0 if row["is_exact"] else round(float(row["similarity"]) * 100, 1)
    return {
        "id": id_of(row),
        "name": row["code_name"],
        "description": description_of(row),
        "score": score,
        # Certain only where the text is one code's or name's alone; anything else is for a person to accept.
        "match": bool(row["is_exact"] and row["exact"] == 1),
        "type": [type_of(row)],
        "features": [{"id": "name_similarity", "value": round(float(row["name_similarity"]) * 100, 1)}],
    }
