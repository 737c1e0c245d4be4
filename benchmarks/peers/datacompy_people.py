"""The peer: datacompy compares the two tables as polars frames, read by ADBC. Runs in an environment of its own."""

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
    import polars  # type: ignore[import-not-found]  # only in its own environment, as datacompy
    from datacompy import PolarsCompare  # type: ignore[import-not-found]

    columns = ", ".join(["key", *job["attributes"]])
    began = time.perf_counter()
    left, right = (
        polars.read_database_uri(f"select {columns} from bench.{side}", job["database_url"], engine="adbc")
        for side in ("left", "right")
    )
    read = time.perf_counter() - began
    compared = PolarsCompare(left, right, join_columns="key")
    differing = sum(stat["unequal_cnt"] for stat in compared.column_stats)
    figures = {"seconds": time.perf_counter() - began, "reading_seconds": read, "rows": differing}
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({**figures, "peak_bytes": int(peak[1]) * 1024 if peak else 0}))


if __name__ == "__main__":
    main()
