"""Known vulnerabilities of the locked packages: fails on any, says plainly what could not be asked about.

The advisories are a service on the internet. Where it cannot be reached (a closed network, a package mirror that has
no advisories) nothing is proved, so that is said in one line and the checks go on: CI neither fails nor hangs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = ("requirements.lock", "requirements-dev.lock")
PATIENCE = 120  # seconds for both lock files together


UNREACHED = ("connection", "connect", "timed out", "timeout", "service error", "max retries")


class AuditFailed(Exception):
    """pip-audit itself could not work; not for want of an answer."""


def ask(locks: tuple[str, ...] = LOCKS, patience: float = PATIENCE) -> dict[str, Any] | None:
    """What pip-audit found, or None where it got no answer in time.

    Raises:
        AuditFailed: a lock file that it cannot read, say.
    """
    program = Path(sys.executable).parent / "pip-audit"
    command = [str(program), "--format=json", "--progress-spinner=off", "--disable-pip", "--no-deps", "--timeout=10"]
    files = [word for lock in locks for word in ("--requirement", lock)]
    try:
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, timeout=patience)
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None
    except json.JSONDecodeError:
        if any(word in done.stderr.lower() for word in UNREACHED):
            return None
        raise AuditFailed(done.stderr.strip().splitlines()[-1:]) from None
    return found


def judge(found: dict[str, Any] | None) -> tuple[int, list[str]]:
    """The exit code, and what to say."""
    packages = found["dependencies"] if found else []
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        return 0, ["audit: the advisory service is not reachable from here; NOTHING was audited"]
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in audited
        for flaw in package["vulns"]
    ]
    left = sorted(package["name"] for package in packages if "vulns" not in package)
    told = [f"audit: {len(audited)} packages audited, {len(lines)} known vulnerabilities"]
    told += [f"audit: not audited, unknown to the service: {', '.join(left)}"] if left else []
    return int(bool(lines)), [*told, *lines]


def main() -> int:
    """Ask, say, and return the exit code."""
    code, lines = judge(ask())
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
