"""Logins of liaison units: made with a generated password, for a whole side or for single agencies, and taken away.

A login of a whole side is what the agreement's liaison units have (PKS article 8); one of single agencies sees the
differences of those alone. What each sees is decided by the policies of the worklist
(dbt_project/macros/only_own_side.sql).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Literal

import psycopg
from psycopg import sql

from padan.errors import ConfigurationError, StepFailed
from padan.warehouse.connection import Connection

Party = Literal["bkn", "bps"]
_NAME = re.compile(r"[a-z][a-z0-9_]{2,40}")
_MEMBERS = """
select member.rolname, split_part(role.rolname, '_', 2), role.rolname not like '%\\_agencies',
    (select coalesce(array_agg(instansi_id order by instansi_id), '{}') from access.liaison
        where login = member.rolname and role.rolname = 'liaison_' || party || '_agencies')
from pg_auth_members
inner join pg_roles as role on role.oid = roleid
inner join pg_roles as member on member.oid = member
where role.rolname ~ '^liaison_(bps|bkn)(_agencies)?$' and member.rolcanlogin and inherit_option
order by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Readings:
    """How often a login read the worklist on a day of Jakarta."""

    day: date
    login: str
    party: str
    times: int


@dataclass(frozen=True, slots=True)
class Access:
    """What one login sees of one party's side."""

    login: str
    party: str
    whole_side: bool
    agencies: tuple[str, ...]


def listing(connection: Connection) -> list[Access]:
    """Every login with access, by name."""
    return [
        Access(login, party, whole, tuple(agencies))
        for login, party, whole, agencies in connection.execute(_MEMBERS).fetchall()
    ]


def readings(connection: Connection) -> tuple[list[Readings], int]:
    """Every reading on record, by day and login, and how many are lacking: taken back with a transaction, or failed."""
    rows = connection.execute(
        "select (read_at at time zone 'Asia/Jakarta')::date as day, login, party, count(*) "
        "from access.reading group by 1, 2, 3 order by 1, 2, 3"
    ).fetchall()
    lacking = connection.execute(
        "select coalesce(max(reading_id) - min(reading_id) + 1 - count(*), 0) from access.reading"
    ).fetchone()
    return [Readings(*row) for row in rows], int(lacking[0]) if lacking else 0


def grant(
    connection: Connection, login: str, party: Party, agencies: Sequence[str], *, by: str, as_of: date
) -> str | None:
    """Let ``login`` see its party's side: of ``agencies`` (BKN's ids), or all of it without any.

    Returns the password of a login that was made; None where it was there. The server never gets the password itself.

    Raises:
        ConfigurationError: an unusable name.
        StepFailed: a login that is not a liaison unit's, or the right to make logins is lacking.
    """
    if not _NAME.fullmatch(login) or login.startswith(("pg_", "padan")):
        raise ConfigurationError(
            "a login is 3 to 41 small letters, digits and _; it begins with a letter, not with padan"
        )
    password = None
    with _told(), connection.transaction():
        connection.execute("reset role")
        there = connection.execute("select 1 from pg_roles where rolname = %s", (login,)).fetchone()
        if there is None:
            password = secrets.token_urlsafe(24)
            verifier = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
            connection.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(login), sql.Literal(verifier))
            )
        elif login not in {one.login for one in _as_owner(connection)}:
            raise StepFailed(f"{login} is the name of a role that is no login of a liaison unit")
        role = sql.Identifier(f"liaison_{party}_agencies" if agencies else f"liaison_{party}")
        connection.execute("reset role")
        connection.execute(sql.SQL("grant {} to {} with inherit true, set false").format(role, sql.Identifier(login)))
        connection.execute("set local role owner")
        for agency in agencies:
            connection.execute(
                "insert into access.liaison (login, party, instansi_id, granted_on, granted_by) "
                "values (%s, %s, %s, %s, %s) on conflict do nothing",
                (login, party, agency, as_of, by),
            )
    return password


def revoke(connection: Connection, login: str) -> None:
    """Take everything from a login of a liaison unit, end its sessions, and delete it.

    Raises:
        StepFailed: there is no such login of a liaison unit.
    """
    with _told(), connection.transaction():
        if login not in {one.login for one in _as_owner(connection)}:
            raise StepFailed(f"there is no login {login} of a liaison unit")
        connection.execute("delete from access.liaison where login = %s", (login,))
        connection.execute("reset role")
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


def _as_owner(connection: Connection) -> list[Access]:
    connection.execute("set local role owner")
    return listing(connection)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise StepFailed(
            "the login of PADAN_DATABASE_URL may not make logins or give the liaison roles (docs/deployment.md)"
        ) from None
