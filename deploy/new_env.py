"""Writes .env from .env.example with fresh secrets: ``python3 deploy/new_env.py [--sandbox]``."""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
CA_BUNDLE = "/var/lib/padan/certificates/ca.pem"
# What a run against the sandbox needs beside secrets: the profile's own services.
SANDBOX = {
    "PADAN_AGREEMENT_FILE": "/opt/padan/agreement/sandbox.yaml",
    "PADAN_SIASN_BASE_URL": "https://siasn:8443",
    "PADAN_SIASN_TOKEN_URL": "https://siasn:8443/oauth2/token",
    "PADAN_SIASN_SSO_TOKEN_URL": "https://siasn:8443/auth/realms/public-siasn/protocol/openid-connect/token",
    "PADAN_SIASN_SSO_CLIENT_ID": "padan-sandbox",
    "PADAN_SIASN_SSO_USERNAME": "sandbox-operator",
    "PADAN_SIASN_REQUESTS_PER_SECOND": "2000",
    "PADAN_SIASN_CA_BUNDLE": CA_BUNDLE,
    "PADAN_JF_BASE_URL": "https://jf:8443",
    "PADAN_JF_TOKEN_URL": "https://jf:8443/oauth2/token",
    "PADAN_JF_CLIENT_ID": "padan",
    "PADAN_JF_CA_BUNDLE": CA_BUNDLE,
    "PADAN_SMTP_HOST": "mail",
    "PADAN_SMTP_PORT": "1025",
    "PADAN_SMTP_STARTTLS": "false",
    "PADAN_SMTP_SENDER": "padan@padan.invalid",
    "PADAN_ALERTS_OPERATORS": "operators@padan.invalid",
}
SANDBOX_SECRETS = (
    "PADAN_SIASN_CONSUMER_KEY",
    "PADAN_SIASN_CONSUMER_SECRET",
    "PADAN_SIASN_SSO_PASSWORD",
    "PADAN_JF_CLIENT_SECRET",
)


def _secret(name: str) -> str:
    if name.endswith("_FERNET_KEY"):
        return base64.urlsafe_b64encode(os.urandom(32)).decode()
    return secrets.token_hex(32)


def fill(example: str, *, sandbox: bool) -> str:
    """The lines of ``example`` with a value for each name marked [generated], with ``sandbox`` for all it needs."""
    filled, mark = [], ""
    for line in example.splitlines():
        if line.startswith("#"):
            mark = line
        name, equals, _ = line.partition("=")
        if equals and not line.startswith("#"):
            if "[generated]" in mark or (sandbox and name in SANDBOX_SECRETS):
                line = f"{name}={_secret(name)}"
            elif sandbox and name in SANDBOX:
                line = f"{name}={SANDBOX[name]}"
        filled.append(line)
    return "\n".join(filled) + "\n"


def main() -> None:
    """Write .env, readable by its owner only; an existing one is never touched."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", action="store_true", help="fill in what a run against the sandbox needs")
    sandbox = parser.parse_args().sandbox
    content = fill((PROJECT_DIR / ".env.example").read_text(), sandbox=sandbox)
    try:
        descriptor = os.open(PROJECT_DIR / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.exit(".env is there already; move it away first (its passwords are in the volumes)")
    with os.fdopen(descriptor, "w") as file:
        file.write(content)


if __name__ == "__main__":
    main()
