"""Access tokens of the sandbox: opaque ones of a gateway, and JWTs of a single sign-on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

import orjson


class OpaqueTokens:
    """Random tokens that this process remembers until they expire or are revoked; a restart forgets them."""

    def __init__(self, lifetime: int) -> None:
        self._lifetime = lifetime
        self._valid: dict[str, float] = {}

    def issue(self, lifetime: int | None = None) -> tuple[str, int]:
        """A new token and its lifetime in seconds."""
        seconds = self._lifetime if lifetime is None else lifetime
        token = secrets.token_urlsafe(32)
        self._valid[token] = time.time() + seconds
        return token, seconds

    def valid(self, token: str) -> bool:
        """Whether the token was issued here and still lives."""
        return self._valid.get(token, 0.0) > time.time()

    def revoke(self, token: str) -> None:
        """End the token's life."""
        self._valid.pop(token, None)


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class SsoTokens:
    """Signed JWTs (HS256). They outlive a restart, so that an operator's pasted token stays good until its ``exp``."""

    def __init__(self, secret: str, client_id: str, lifetime: int) -> None:
        self._secret, self._client_id, self._lifetime = secret.encode(), client_id, lifetime
        self._checked: dict[str, float] = {}
        self._revoked: set[str] = set()

    def issue(self, username: str, lifetime: int | None = None) -> tuple[str, int]:
        """A new token for ``username`` and its lifetime in seconds."""
        seconds = self._lifetime if lifetime is None else lifetime
        now = int(time.time())
        claims = {
            "exp": now + seconds,
            "iat": now,
            "jti": secrets.token_hex(8),
            "azp": self._client_id,
            "preferred_username": username,
        }
        signed = f"{_encode(orjson.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_encode(orjson.dumps(claims))}"
        return f"{signed}.{self._signature(signed)}", seconds

    def _signature(self, signed: str) -> str:
        return _encode(hmac.new(self._secret, signed.encode(), hashlib.sha256).digest())

    def valid(self, token: str) -> bool:
        """Whether the token is signed by us, unexpired and not revoked."""
        expires = self._checked.get(token)
        if expires is None:
            expires = self._checked[token] = self._expiry(token)
        return expires > time.time() and token not in self._revoked

    def _expiry(self, token: str) -> float:
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(signed)):
            return 0.0
        try:
            return float(orjson.loads(_decode(signed.partition(".")[2]))["exp"])
        except (ValueError, KeyError, TypeError):
            return 0.0

    def revoke(self, token: str) -> None:
        """End the token's life."""
        self._revoked.add(token)
