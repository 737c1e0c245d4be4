"""The part of the warehouse's schema that does not follow from the agreement: plain SQL, kept by Alembic."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config

from padan.errors import SourceUnavailable

HISTORY_SCHEMA = "landing"
# What a migration makes is the owner's, once there is one; the revision that makes it takes its role by itself.
_AS_OWNER = """
do $$ begin
    if (select nspowner::regrole::text from pg_namespace where nspname = 'landing') = 'owner' then
        set local role owner;
    end if;
end $$
"""
_INHERITED = """
select roleid::regrole::text from pg_auth_members
where member = session_user::regrole and inherit_option order by 1
"""
logger = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # Alembic keeps its context in a module


def migrate(database_url: str) -> None:
    """Bring the database up to the newest revision; idempotent, and safe to call from two processes at once.

    Raises:
        SourceUnavailable: if the server does not answer.
    """
    url = sqlalchemy.make_url(database_url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces each call, also when there is nothing to do
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    try:
        with _one_at_a_time, engine.begin() as connection:
            connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(hashtextextended('padan:migrate', 0))"))
            connection.execute(sqlalchemy.text(f"create schema if not exists {HISTORY_SCHEMA}"))
            connection.execute(sqlalchemy.text(_AS_OWNER))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            inherited: Sequence[str] = connection.execute(sqlalchemy.text(_INHERITED)).scalars().all()
        if inherited:
            logger.warning("the login has the rights of %s at any time (docs/deployment.md)", ", ".join(inherited))
    except sqlalchemy.exc.OperationalError as error:
        raise SourceUnavailable(f"the warehouse cannot be migrated now ({type(error.orig).__name__})") from None
    finally:
        engine.dispose()
