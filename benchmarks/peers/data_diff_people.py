"""The peer: data-diff compares the two tables by a join inside the database. Runs in an environment of its own."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Read what to do from standard input, do it, tell the figures on standard output."""
    job: dict[str, Any] = json.load(sys.stdin)
    from data_diff import Algorithm, connect_to_table, diff_tables  # type: ignore[import-not-found]  # its own environment

    left, right = (
        connect_to_table(job["database_url"], ("bench", side), "key", extra_columns=tuple(job["attributes"]))
        for side in ("left", "right")
    )
    began = time.perf_counter()
    people = {values[0] for _, values in diff_tables(left, right, algorithm=Algorithm.JOINDIFF)}
    seconds = time.perf_counter() - began
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"seconds": seconds, "rows": len(people), "peak_bytes": int(peak[1]) * 1024 if peak else 0}))


if __name__ == "__main__":
    main()
