"""The peer: dlt's rest_api source reads the same pages into the same PostgreSQL. Runs in an environment of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Read what to do from standard input, do it, tell the figures on standard output."""
    job: dict[str, Any] = json.load(sys.stdin)
    os.environ |= {
        "DLT_DATA_DIR": job["directory"],
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        **job["configuration"],
    }
    import dlt  # type: ignore[import-not-found]  # only in the environment of its own; it reads the variables above
    from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

    source = rest_api_source(
        {
            "client": {
                "base_url": f"{job['server_url']}/v1/",
                "auth": {"type": "bearer", "token": "benchmark-token"},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "data[0].pages"},
            },
            "resources": [
                {
                    "name": "holders",
                    "endpoint": {
                        "path": "holders",
                        "params": {"per_page": job["page_size"]},
                        "data_selector": "data[1]",
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=job["directory"],
        destination=dlt.destinations.postgres(job["database_url"]),
        dataset_name="dlt_bps",
    )
    began = time.perf_counter()
    pipeline.run(source, write_disposition="replace", loader_file_format=job["file_format"])
    seconds = time.perf_counter() - began
    with pipeline.sql_client() as client:
        found = client.execute_sql("select count(*) from holders")
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "rows": found[0][0], "peak_bytes": peak * 1024}))


if __name__ == "__main__":
    main()
