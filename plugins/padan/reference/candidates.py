"""Candidates for a text among the codes of both agencies, by the similarity that suggestions use."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field

from padan.reference.identifiers import id_of
from padan.warehouse.connection import Connection

DEFAULT_LIMIT, MOST_CANDIDATES = 5, 100
SHORTEST = 3  # letters
GENERIC_WORDS_HOLD = 600  # seconds
GENERIC_WORD_CODES = 5  # as the variable reference_generic_word_codes of the dbt project
_LISTED = "integration.int_codes__listed"
_WORD = re.compile(r"[^\W_]+")
_GENERIC = f"""
    select agency || '/' || list_name as kind, word
    from {_LISTED} cross join lateral regexp_split_to_table(lower(code_name), '[^[:alnum:]]+') as word
    where word <> '' and agency || '/' || list_name = any(%s)
    group by agency, list_name, word
    having count(distinct code) > %s
"""  # noqa: S608
_TYPES = f"select distinct agency, list_name from {_LISTED} order by 1, 2"  # noqa: S608
# Each query against each list that it asks for: the likest by the words that tell names apart, then by the mean of
# these and of the whole names. Materialized, or each similarity is computed once for every place that names it.
_CANDIDATES = f"""
    with asked as (
        select * from unnest(
            %(keys)s::int[], %(agencies)s::text[], %(lists)s::text[], %(texts)s::text[], %(words)s::text[]
        ) as asked (key, agency, list_name, text, words)
    ),
    scored as materialized (
        select
            asked.key, asked.text, listed.agency, listed.list_name, listed.code, listed.code_name, listed.belongs_to,
            lower(asked.text) in (lower(listed.code), lower(btrim(listed.code_name))) as is_exact,
            public.similarity(asked.words, listed.distinctive_name) as distinctive_similarity
        from asked
        inner join {_LISTED} as listed using (agency, list_name)
    ),
    likest as materialized (
        select *, (distinctive_similarity + public.similarity(text, code_name)) / 2 as similarity
        from (
            select
                *,
                count(*) filter (where is_exact) over (partition by key) as exact,
                row_number() over (
                    partition by key order by is_exact desc, distinctive_similarity desc, list_name, code
                ) as place
            from scored
            where is_exact or distinctive_similarity > 0
        ) as placed
        where place <= %(most)s
    )
    select * from likest order by key, is_exact desc, similarity desc, list_name, code
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
        self._generic: dict[str, tuple[float, set[str]]] = {}  # list: until when its generic words hold, and they

    def _rows(self, statement: str, values: Any = None) -> list[dict[str, Any]]:
        with self._connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), values).fetchall()

    def types(self) -> list[dict[str, str]]:
        """Every list as a type."""
        return [type_of(row) for row in self._rows(_TYPES)]

    def candidates(self, queries: Sequence[Asked]) -> list[list[dict[str, Any]]]:
        """For each query its candidates, the likest first; without a type, among all of BKN's lists."""
        known = [one["id"] for one in self.types()]
        everything = [kind for kind in known if kind.startswith("bkn/")]
        kinds = [[kind for kind in query.types if kind in known] or everything for query in queries]
        generic = self._generic_words({kind for several in kinds for kind in several})
        asked = [
            (number, *kind.split("/", 1), text, _distinctive(text, generic[kind]))
            for number, query in enumerate(queries)
            if (text := query.query.replace("\x00", " ").strip())
            for kind in kinds[number]
        ]
        found: list[list[dict[str, Any]]] = [[] for _ in queries]
        if not asked:
            return found
        columns = zip(("keys", "agencies", "lists", "texts", "words"), zip(*asked, strict=True), strict=True)
        values = {name: list(column) for name, column in columns} | {"most": MOST_CANDIDATES}
        for row in self._rows(_CANDIDATES, values):
            found[row["key"]].append(_candidate(row))
        return [rows[: query.limit] for rows, query in zip(found, queries, strict=True)]

    def _generic_words(self, kinds: set[str]) -> dict[str, set[str]]:
        """The words of each list that make no two names alike; counted seldom, since that takes seconds."""
        now = time.monotonic()
        missing = [kind for kind in kinds if self._generic.get(kind, (0.0, set()))[0] <= now]
        if missing:
            words: dict[str, set[str]] = {kind: set() for kind in missing}
            for row in self._rows(_GENERIC, (missing, GENERIC_WORD_CODES)):
                words[row["kind"]].add(row["word"])
            self._generic |= {kind: (now + GENERIC_WORDS_HOLD, found) for kind, found in words.items()}
        return {kind: self._generic[kind][1] for kind in kinds}

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
    """The words that tell the text apart; all of it where these are too short to say anything."""
    words = [word for word in _WORD.findall(text.lower()) if word not in generic]
    return " ".join(words) if sum(map(len, words)) >= SHORTEST else text.lower()


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
        "features": [{"id": "distinctive_words", "value": round(float(row["distinctive_similarity"]) * 100, 1)}],
    }
