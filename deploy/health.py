"""Health check of a container: the service answers, or Airflow's API calls one of its parts healthy.

``health.py URL [PART]``; exit code 0 means healthy. Standard library only: it starts every few seconds.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import urllib.error
import urllib.request


def healthy(url: str, part: str | None = None) -> bool:
    """Whether ``url`` answers below 500 and, with ``part``, its JSON says that this part of Airflow is healthy."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("only http and https can be checked")
    # The sandbox's certificate is checked against the sandbox's own authority.
    trust = ssl.create_default_context(cafile=os.environ.get("PADAN_HEALTH_CA_BUNDLE"))
    try:
        with urllib.request.urlopen(url, timeout=5, context=trust) as reply:  # nosec B310 # noqa: S310 - scheme checked above
            body = reply.read()
    except urllib.error.HTTPError as error:
        return part is None and error.code < 500
    except OSError:
        return False
    if part is None:
        return True
    return bool((json.loads(body).get(part) or {}).get("status") == "healthy")


if __name__ == "__main__":
    sys.exit(0 if healthy(*sys.argv[1:3]) else 1)
