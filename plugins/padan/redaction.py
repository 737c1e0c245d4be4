"""What may be told of an error or a log line: never a person's value, never a secret (PKS article 9).

The first net is that no message of Padan's is made of such a value. Here is what stands behind it: errors of others
(a driver, a library, a mistake of ours) are told by their kind and place alone, and a log line that still holds
something like a NIP, a NIK or a token has it masked.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MASK = "[redacted]"
_PACKAGE = Path(__file__).resolve().parent
_SECRETS = re.compile(
    r"""(?<![0-9A-Za-z])(?:[0-9]{18}|[0-9]{16})(?![0-9A-Za-z])   # NIP, NI PPPK, NIK
    |eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?  # JSON Web Token
    |(?<=[Bb]earer[ ])[A-Za-z0-9._~+/=-]{8,}
    |(?<=://)[^/\s:@]+:[^/\s@]+(?=@)                              # user and password of a URL
    """,
    re.VERBOSE,
)
# What a database says beside its message quotes rows, keys and statements.
_QUOTING_LINE = re.compile(r"^\s*(?:DETAIL|CONTEXT|HINT|QUERY|LINE \d+|STATEMENT):|^\s*\^\s*$")
_QUOTED_VALUE = re.compile(r""":\s*["'].*["']""")


def mask(text: str) -> str:
    """``text`` with everything masked that looks like a NIP, a NIK, a token or a password in a URL."""
    return _SECRETS.sub(MASK, text)


def without_values(lines: Iterable[str]) -> str:
    """A database's message, as dbt hands it on, without the lines and the quoted values that come from the data."""
    kept = (line for line in lines if not _QUOTING_LINE.match(line))
    return mask("\n".join(_QUOTED_VALUE.sub(f": {MASK}", line) for line in kept))


def account(error: BaseException) -> str:
    """What may be told of an error that is not Padan's own: its kind, where it arose, for the database its object."""
    words = [type(error).__name__]
    diagnosis: Any = getattr(error, "diag", None)
    for name in ("constraint_name", "table_name", "column_name"):
        if value := getattr(diagnosis, name, None):
            words.append(f"{name.removesuffix('_name')} {value}")
    places = [
        f"{path.relative_to(_PACKAGE.parent)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if (path := Path(frame.filename).resolve()).is_relative_to(_PACKAGE)
    ]
    return f"{', '.join(words)}{f' at {places[-1]}' if places else ''}"


def redacted(record: logging.LogRecord) -> logging.LogRecord:
    """``record`` with its message and traceback masked, and as it was where there is nothing to mask."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # wrong arguments: logging says so itself
        message, record.msg, record.args = str(record.msg), mask(str(record.msg)), ()
    if (clean := mask(message)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0]:
        told = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if (clean := mask(told)) != told:
            record.exc_info, record.msg, record.args = None, f"{record.getMessage()}\n{clean}", ()
    return record


def install() -> None:
    """Mask every record of this process's logging, whichever logger and handler; safe to repeat."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def factory(*arguments: Any, **options: Any) -> logging.LogRecord:
        return redacted(make(*arguments, **options))

    factory.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(factory)
