"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.contestants import PEERS

_OURS = ("psycopg", "requests", "urllib3", "orjson", "zstandard")
_SERVER_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size")


def describe(admin_url: str) -> dict[str, Any]:
    """Machine, load, versions, and those settings of the server that durability and speed hang on."""
    with psycopg.connect(admin_url) as connection:
        settings = {name: _one(connection, f"show {name}") for name in ("server_version", *_SERVER_SETTINGS)}
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgres": settings,
        "packages": {name: version(name) for name in _OURS} | {"dlt": _locked_dlt()},
        "commit": _commit(),
    }


def load() -> float:
    """Processes that wanted a core during the last minute; above about 0.7 before the start, figures are disturbed."""
    return os.getloadavg()[0]


def _one(connection: psycopg.Connection, statement: str) -> str:
    row = connection.execute(statement.encode()).fetchone()
    return str(row[0]) if row else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _locked_dlt() -> str:
    lines = (PEERS / "dlt.lock").read_text().splitlines()
    return next((line.split("==")[1].split()[0] for line in lines if line.startswith("dlt==")), "unknown")


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(PEERS), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
