"""What the running build must work through anew: everything, or the people whom ``landing.affected`` names."""

from __future__ import annotations

import psycopg

from padan.warehouse.connection import Connection


def is_whole(connection: Connection) -> bool:
    """Whether the running build makes everything anew; true also where nothing tells of a build."""
    try:
        row = connection.execute("select bool_or(whole) from landing.build").fetchone()
    except psycopg.errors.UndefinedTable:
        return True
    return row is None or row[0] is not False
