"""Where the archive is: a folder, or an fsspec URL such as ``s3://bucket/padan``. What is written there is whole or not
at all, on either.

A folder's files are for their owner only; of a bucket its policy says who may read it. Credentials and endpoints are
those of the file system's own package (``AWS_*``), or fsspec's variables (``FSSPEC_S3_ENDPOINT_URL``).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TypeAlias

from upath import UPath

from padan.errors import ConfigurationError

Place: TypeAlias = Path | UPath
# An object appears when it is complete; anything else is written beside and moved.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})


def place(where: str | Path | UPath) -> Place:
    """The folder or URL as a path; does no I/O.

    Raises:
        ConfigurationError: a URL of a kind that nothing installed can read; the URL is not quoted.
    """
    if not isinstance(where, str) or "://" not in where:
        return where if isinstance(where, UPath) else Path(where)
    try:
        found = UPath(where, use_listings_cache=False)  # others write there as well
        found.fs.protocol  # noqa: B018 - imports the file system's package
    except (ImportError, ValueError, OSError):
        kind = where.split("://", 1)[0]
        raise ConfigurationError(
            f"PADAN_ARCHIVE_DIR: nothing installed reads {kind}:// (s3:// needs the package s3fs, gs:// gcsfs, "
            "abfs:// adlfs)"
        ) from None
    return Path(found.path) if found.protocol in ("file", "local") else found


def folder_of(where: Place) -> Path | None:
    """The place as a folder of this machine, if it is one."""
    return where if isinstance(where, Path) else None


def write_whole(path: Place, content: bytes) -> None:
    """Put ``content`` there, in place of what there is; a process that is killed leaves the one or the other."""
    if isinstance(path, Path):
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    elif path.protocol in _OBJECT_STORES:
        path.fs.pipe_file(path.path, content)
    else:
        beside = path.with_suffix(".partial")
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.fs.pipe_file(beside.path, content)
        beside.fs.mv(beside.path, path.path)


def make_folders(*folders: Place) -> None:
    """Make folders for their owner only, the outermost first; object stores have none."""
    for folder in folders:
        if isinstance(folder, Path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def files(folder: Place, suffix: str) -> list[Place]:
    """The files below a folder whose names end so, in order; none if it is not there."""
    found: list[Place] = list(folder.rglob(f"*{suffix}"))
    return sorted(found, key=str)


def delete_tree(folder: Place) -> None:
    """Delete a folder and all in it."""
    if isinstance(folder, Path):
        shutil.rmtree(folder)
    else:
        folder.fs.rm(folder.path, recursive=True)
