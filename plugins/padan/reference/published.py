"""Takes in lists of codes as published, file by file, with all their dirt: rows move by COPY and are judged by SQL.

Good rows become versions (``code_lists.published_code``). A row that cannot be taken waits as a finding; what is odd of
a row that was taken is a finding too (``code_lists.finding``), each by file, row and rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from padan.errors import ConfigurationError
from padan.reference.files import SUFFIXES, Content, Unreadable, content_of, rows_of
from padan.warehouse.connection import Connection, exclusive

# Files whose name is not the list's own.
_LISTS = {"golongan_pns": "golongan", "kelas_jabatan": "kel_jabatan", "tk_pendidikan": "tingkat_pendidikan"}
_STAGE = """
    create temporary table published_row (
        row_number bigint, shape_rule text, is_ragged boolean, code text, code_name text, belongs_to text, status text
    ) on commit drop
"""
_JUDGE = r"""
    create temporary table judged on commit drop as
    with tidied as (
        select
            row_number,
            shape_rule,
            is_ragged,
            nullif(btrim(code, E' \t\r\n\u00a0'), '') as code,
            nullif(btrim(regexp_replace(code_name, '[\s\u00a0]+', ' ', 'g')), '') as code_name,
            nullif(btrim(belongs_to), '') as belongs_to,
            nullif(btrim(status), '') as status,
            code as code_as_is,
            code_name as name_as_is
        from published_row
    ),
    ranked as (
        select
            *,
            min(row_number) over same_code as first_row,
            min(lower(code_name)) over same_code <> max(lower(code_name)) over same_code as has_two_names,
            min(row(belongs_to, status)::text) over same_code <> max(row(belongs_to, status)::text) over same_code
                as is_contradictory
        from tidied
        window same_code as (partition by code)
    )
    select
        *,
        case
            when shape_rule is not null then shape_rule
            when code is null then 'no_code'
            when code_name is null then 'no_name'
            when length(code) > 64 or length(code_name) > 1000 then 'too_long'
            when (code || code_name) ~ '[[:cntrl:]\ufffd]' then 'lost_characters'
            when (code || ' ' || code_name) ~ '(^|[^0-9A-Za-z])([0-9]{16}|[0-9]{18})($|[^0-9A-Za-z])'
                then 'number_of_a_person'
            -- Which of two is right, nobody here can tell.
            when has_two_names then 'two_names_of_one_code'
            when is_contradictory then 'contradictory_rows'
            when row_number > first_row then 'repeated_row'
        end as rule
    from ranked
"""
_FINDINGS = r"""
    insert into code_lists.finding (import_id, row_number, rule, is_quarantined, code)
    with known as (
        select * from code_lists.published_code
        where agency = %(agency)s and list_name = %(list_name)s and valid_to is null
    ),
    elsewhere as (
        select distinct code from code_lists.published_code
        where agency = %(agency)s and list_name <> %(list_name)s and valid_to is null and length(code) >= 32
    ),
    good as (
        select
            *,
            count(*) over (partition by lower(code_name), belongs_to) > 1 as shares_its_name,
            count(*) over (partition by lower(code)) > 1 as differs_in_case,
            status is null and count(status) over () > 0 as lacks_status
        from judged where rule is null
    ),
    odd as (
        select good.row_number, good.code, odd.rule
        from good
        left join known on good.code = known.code
        left join elsewhere on good.code = elsewhere.code
        cross join lateral (
            values
            ('blanks', good.code_as_is is distinct from good.code or good.name_as_is is distinct from good.code_name),
            ('missing_fields', good.is_ragged),
            ('no_status', good.lacks_status),
            ('damaged_characters', good.code_name ~ '[[:alpha:]]¿|Ã[^[:alnum:] ]|Â[^[:alpha:]]|â€'),
            ('not_in_unicode', %(is_guessed)s and good.code_name ~ '[^\u0001-\u007f]'),
            ('name_of_several_codes', good.shares_its_name),
            ('codes_differ_in_case', good.differs_in_case),
            ('code_of_another_list', elsewhere.code is not null),
            ('id_reused', lower(good.code_name) <> lower(known.code_name)
                and public.similarity(good.code_name, known.code_name) < %(like_names)s)
        ) as odd (rule, is_so)
        where odd.is_so
    ),
    found as (
        select row_number, rule, true as is_quarantined, code from judged where rule is not null
        union all
        select row_number, rule, false, code from odd
    )
    select
        %(import_id)s, row_number, rule, is_quarantined,
        case when code ~ '^[[:alnum:]._/-]{1,36}$' and code !~ '^[0-9]{16}' then code end
    from found
"""
_SETTLE = (
    # A second file of the same day corrects the first.
    """
    delete from code_lists.published_code
    where agency = %(agency)s and list_name = %(list_name)s and valid_from = %(as_of)s
    """,
    """
    update code_lists.published_code set valid_to = null
    where agency = %(agency)s and list_name = %(list_name)s and valid_to = %(as_of)s
    """,
    # A code whose row waits in quarantine stays as it was.
    """
    update code_lists.published_code as known set valid_to = %(as_of)s
    where agency = %(agency)s and list_name = %(list_name)s and valid_to is null and not exists (
        select from judged
        where judged.code = known.code and (
            judged.rule is not null
            or (judged.code_name, judged.belongs_to, judged.status)
                is not distinct from (known.code_name, known.belongs_to, known.status)
        )
    )
    """,
    """
    insert into code_lists.published_code
        (agency, list_name, code, code_name, belongs_to, status, valid_from, import_id)
    select %(agency)s, %(list_name)s, code, code_name, belongs_to, status, %(as_of)s, %(import_id)s
    from judged
    where rule is null and not exists (
        select from code_lists.published_code as known
        where known.agency = %(agency)s and known.list_name = %(list_name)s
            and known.code = judged.code and known.valid_to is null
    )
    """,
)
LIKE_NAMES = 0.3  # as the variable reference_like_names of the dbt project


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: counts of rows, and of what was found by rule."""

    file_name: str
    agency: str
    list_name: str
    rows: int = 0
    imported: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)  # imported all the same
    failure: str | None = None  # rule that the whole file broke
    is_new: bool = True  # False: it is the list's latest file already, and nothing was done


def list_name_of(file_name: str) -> str:
    """``jabatanFungsional.json.gz`` -> ``jabatan_fungsional``."""
    stem = file_name.split(".", 1)[0]
    snake = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower()).strip("_")
    return _LISTS.get(snake, snake) or "unnamed"


def import_lists(connection: Connection, paths: Sequence[Path], as_of: date, agency: str = "bkn") -> list[FileReport]:
    """Import each file, and each list in each folder, of ``paths``; a file that is refused leaves the others alone.

    A file is the whole list of that day: what it has no longer is retired. The latest file again changes nothing.

    Raises:
        ConfigurationError: if there is no such file, or no list in the folder.
    """
    files = [file for path in paths for file in _files(path)]
    with exclusive(connection, "code lists"):
        return [_import(connection, file, as_of, agency) for file in files]


def _files(path: Path) -> list[Path]:
    files = sorted(file for file in path.glob("*") if file.name.endswith(SUFFIXES)) if path.is_dir() else [path]
    if not files or not all(file.is_file() and file.name.endswith(SUFFIXES) for file in files):
        raise ConfigurationError(f"there is no list of codes to import: a file or a folder of {', '.join(SUFFIXES)}")
    return files


def _import(connection: Connection, file: Path, as_of: date, agency: str) -> FileReport:
    about: dict[str, Any] = {
        "as_of": as_of, "agency": agency, "file_name": file.name, "list_name": list_name_of(file.name),
        "sha256": "", "encoding": "", "is_guessed": False, "like_names": LIKE_NAMES,
    }  # fmt: skip
    try:
        content = content_of(file)
        about |= {"sha256": content.sha256, "encoding": content.encoding, "is_guessed": content.is_guessed}
        before = connection.execute(
            "select import_id, sha256, as_of from code_lists.import "
            "where agency = %(agency)s and list_name = %(list_name)s and failure is null "
            "order by import_id desc limit 1",
            about,
        ).fetchone()
        if before and before[1] == content.sha256:
            return _report(connection, before[0], is_new=False)
        if before and before[2] > as_of:
            raise Unreadable("a_later_list_is_there")
        with connection.transaction():
            return _report(connection, _take(connection, file, content, about), is_new=True)
    except Unreadable as refused:
        # Recorded once: the same refusal of the same bytes on the same day adds nothing.
        connection.execute(
            """
            insert into code_lists.import
                (as_of, agency, list_name, file_name, sha256, encoding, rows, imported, failure)
            select %(as_of)s, %(agency)s, %(list_name)s, %(file_name)s, %(sha256)s, %(encoding)s, %(row)s, 0, %(rule)s
            where not exists (
                select from code_lists.import
                where (as_of, agency, list_name, file_name, sha256, failure)
                    = (%(as_of)s, %(agency)s, %(list_name)s, %(file_name)s, %(sha256)s, %(rule)s)
            )
            """,
            about | {"rule": refused.rule, "row": refused.row},
        )
        return FileReport(file.name, agency, about["list_name"], refused.row, failure=refused.rule)


def _take(connection: Connection, file: Path, content: Content, about: dict[str, Any]) -> int:
    """Stage, judge and settle the rows of ``file``; the number of the import."""
    connection.execute(_STAGE)
    with connection.cursor().copy("copy published_row from stdin") as copy:
        for row in rows_of(file, content):
            copy.write_row(row.columns())
    connection.execute(_JUDGE)
    connection.execute("analyze judged")
    counted = connection.execute("select count(*), count(*) filter (where rule is null) from judged").fetchone()
    rows, imported = counted or (0, 0)
    if not imported:
        # An empty list would retire every code: rather an error at the publisher than that.
        raise Unreadable("no_row_is_usable", rows)
    made = connection.execute(
        """
        insert into code_lists.import (as_of, agency, list_name, file_name, sha256, encoding, rows, imported)
        values (%(as_of)s, %(agency)s, %(list_name)s, %(file_name)s, %(sha256)s, %(encoding)s, %(rows)s, %(imported)s)
        returning import_id
        """,
        about | {"rows": rows, "imported": imported},
    ).fetchone()
    about["import_id"] = made[0] if made else 0
    for statement in (_FINDINGS, *_SETTLE):
        connection.execute(statement.encode(), about)
    return int(about["import_id"])


def _report(connection: Connection, import_id: int, *, is_new: bool) -> FileReport:
    row = connection.execute(
        "select file_name, agency, list_name, rows, imported from code_lists.import where import_id = %s", (import_id,)
    ).fetchone()
    found = connection.execute(
        "select is_quarantined, rule, count(*) from code_lists.finding where import_id = %s "
        "group by 1, 2 order by 1, 2",
        (import_id,),
    ).fetchall()
    quarantined = {rule: count for is_quarantined, rule, count in found if is_quarantined}
    odd = {rule: count for is_quarantined, rule, count in found if not is_quarantined}
    file_name, agency, list_name, rows, imported = row or ("", "", "", 0, 0)
    return FileReport(file_name, agency, list_name, rows, imported, quarantined, odd, is_new=is_new)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or odd of one row of a list's latest file."""

    agency: str
    list_name: str
    file_name: str
    row_number: int
    rule: str
    is_quarantined: bool
    code: str | None


def findings(connection: Connection, list_name: str | None, rule: str | None, limit: int) -> list[Finding]:
    """What was found in the latest file of each list, the quarantined first."""
    rows = connection.execute(
        """
        with latest as (
            select distinct on (agency, list_name) * from code_lists.import
            where failure is null order by agency, list_name, import_id desc
        )
        select latest.agency, latest.list_name, latest.file_name, row_number, rule, is_quarantined, code
        from latest inner join code_lists.finding using (import_id)
        where (%(list_name)s::text is null or latest.list_name = %(list_name)s)
            and (%(rule)s::text is null or rule = %(rule)s)
        order by is_quarantined desc, latest.agency, latest.list_name, row_number, rule
        limit %(limit)s
        """,
        {"list_name": list_name, "rule": rule, "limit": limit},
    )
    return [Finding(*row) for row in rows]
