"""BPS's functional-position service, as contracts/bps_jf_service.openapi.yaml describes it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import orjson

from sandbox.faults import FaultBox, FaultMiddleware
from sandbox.jf_bodies import KEYS
from sandbox.serving import (
    App,
    Receive,
    Scope,
    Send,
    World,
    basic_credentials_match,
    bearer,
    form_of,
    header,
    query_of,
    respond,
    respond_json,
    world_directory,
)
from sandbox.tokens import OpaqueTokens

_LIFETIME = 1800
_DEFAULT_PER_PAGE, _MAX_PER_PAGE = 100, 1000
_PATHS = {f"/v1/{dataset.replace('_', '-')}": dataset for dataset in KEYS}
_COUNT_LIVE = "select count(*) from jf_row where dataset = ? and deleted_at is null"
_COUNT_CHANGED = "select count(*) from jf_row where dataset = ? and updated_at >= ?"
_SELECT_LIVE = (
    "select body from jf_row where dataset = ? and deleted_at is null order by updated_at, key limit ? offset ?"
)
_SELECT_CHANGED = (
    "select body from jf_row where dataset = ? and updated_at >= ? order by updated_at, key limit ? offset ?"
)
_EMPTY = b'{"status":"OK","data-availability":"list-not-available","data":""}'


class BadRequest(Exception):
    """A query that the contract does not allow."""


class JfService:
    """The service over one world."""

    def __init__(self, world: World, box: FaultBox, client_id: str, client_secret: str) -> None:
        self._world, self._box, self._client = world, box, (client_id, client_secret)
        self._tokens = OpaqueTokens(_LIFETIME)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope["path"]
        self._box.requests[path] += 1
        if path == "/oauth2/token":
            await self._token(scope, receive, send)
        elif path not in _PATHS:
            await _error(send, 404, "unknown resource")
        elif not self._tokens.valid(bearer(header(scope, b"authorization"))):
            await respond_json(
                send,
                401,
                {"status": "ERROR", "message": "access token missing, unknown or expired"},
                (b"www-authenticate", b"Bearer"),
            )
        elif scope["method"] != "GET":
            await _error(send, 405, "read only")
        else:
            try:
                body = self._page(path, query_of(scope))
            except BadRequest as error:
                await _error(send, 400, str(error))
                return
            await respond(send, 200, body)

    def _page(self, path: str, query: dict[str, str]) -> bytes:
        unknown = set(query) - {"page", "per_page", "updated_since"}
        if unknown:
            raise BadRequest(f"unknown parameter: {', '.join(sorted(unknown))}")
        page = _whole_number(query, "page", 1, None)
        per_page = _whole_number(query, "per_page", _DEFAULT_PER_PAGE, _MAX_PER_PAGE)
        dataset = _PATHS[path]
        values: tuple[str, ...] = (dataset,)
        count, select = _COUNT_LIVE, _SELECT_LIVE
        if "updated_since" in query:
            values = (dataset, _moment(query["updated_since"]))
            count, select = _COUNT_CHANGED, _SELECT_CHANGED
        total = self._box.kept(path, int(self._world.query(count, values)[0][0]))
        offset = (page - 1) * per_page
        if offset >= total:
            return _EMPTY
        rows = self._world.query(select, (*values, min(per_page, total - offset), offset))
        paging = {
            "page": page,
            "pages": -(-total // per_page),
            "per_page": per_page,
            "count": len(rows),
            "total": total,
        }
        return (
            b'{"status":"OK","data-availability":"available","data":['
            + orjson.dumps(paging)
            + b",["
            + b",".join(row[0] for row in rows)
            + b"]]}"
        )

    async def _token(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _error(send, 405, "POST only")
        elif not basic_credentials_match(scope, *self._client):
            await respond_json(send, 401, {"error": "invalid_client"}, (b"www-authenticate", b"Basic"))
        elif (await form_of(receive)).get("grant_type") != "client_credentials":
            await respond_json(send, 400, {"error": "unsupported_grant_type"})
        else:
            token, seconds = self._tokens.issue(self._box.lifetime(scope["path"]))
            await respond_json(send, 200, {"access_token": token, "token_type": "Bearer", "expires_in": seconds})

    def revoke(self, scope: Scope, which: str) -> None:
        """End the life of the token that a request carries."""
        self._tokens.revoke(bearer(header(scope, b"authorization")))


async def _error(send: Send, status: int, message: str) -> None:
    await respond_json(send, status, {"status": "ERROR", "message": message})


def _whole_number(query: dict[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
        raise BadRequest(f"{name} must be a whole number from 1" + (f" to {most}" if most else ""))
    return int(text)


def _moment(text: str) -> str:
    """``text`` in the form in which moments are stored.

    A plus sign that was not percent-encoded arrives as a blank.
    """
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadRequest("updated_since must be an ISO 8601 moment") from None
    if moment.tzinfo is None:
        raise BadRequest("updated_since must say its offset, such as Z")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def create_app() -> App:
    """The ASGI application, set up from ``PADAN_SANDBOX_*``.

    Raises:
        KeyError: naming the variable that is not set.
    """
    box = FaultBox()
    service = JfService(
        World(world_directory()),
        box,
        os.environ["PADAN_SANDBOX_JF_CLIENT_ID"],
        os.environ["PADAN_SANDBOX_JF_CLIENT_SECRET"],
    )
    return FaultMiddleware(service, box, service.revoke)
