"""SIASN as BKN's sandbox: token endpoints, people product and reference product (siasn.md sections 1 and 2), read-only.

Plain ASGI and bodies serialised beforehand: a warehouse asks person by person, so that path is the hot one.
"""

from __future__ import annotations

import hmac
import os
import uuid

from sandbox.faults import FaultBox, FaultMiddleware
from sandbox.serving import (
    App,
    Header,
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
from sandbox.tokens import OpaqueTokens, SsoTokens

_SSO_PATH = "/auth/realms/public-siasn/protocol/openid-connect/token"
_PEOPLE = "/apisiasn/1.0/"
_PERSON = "/apisiasn/1.0/pns/"
_REFERENCE = "/referensi_siasn/1/"
_PERSON_PATHS = {
    "data-utama": "data_utama",
    "rw-jabatan": "rw_jabatan",
    "rw-golongan": "rw_golongan",
    "rw-angkakredit": "rw_angkakredit",
    "rw-pendidikan": "rw_pendidikan",
}
# Real endpoints of the people product about which the sandbox holds nothing: an empty answer, not an unknown resource.
_EMPTY_NAMES = (
    "data-anak data-pasangan data-ortu nilaiipasn rw-cltn rw-diklat rw-dp3 rw-hukdis rw-kinerjaperiodik "
    "rw-kursus rw-masakerja rw-pemberhentian rw-penghargaan rw-pindahinstansi rw-pnsunor rw-pwk rw-skp "
    "rw-skp22 rw-potensi rw-kompetensi rw-sertifikasi"
)
_EMPTY_PATHS = frozenset(_EMPTY_NAMES.split())
_RECOMPUTES = frozenset(("data-utama-jabatansync", "data-utama-golongansync"))
_NOT_FOUND = b'{"code":0,"data":"Data tidak ditemukan"}'
_SELECT_PERSON = "select body from siasn_person where nip = ? and dataset = ?"
_APIM_LIFETIME, _SSO_LIFETIME = 3600, 43_200


def _gateway_error(code: str, message: str, description: str) -> dict[str, str]:
    return {"code": code, "message": message, "description": description}


class Siasn:
    """The service over one world."""

    def __init__(self, world: World, box: FaultBox, environment: dict[str, str]) -> None:
        def given(name: str) -> str:
            return environment[f"PADAN_SANDBOX_SIASN_{name}"]

        self._world, self._box = world, box
        self._consumer = (given("CONSUMER_KEY"), given("CONSUMER_SECRET"))
        self._operator = {
            "client_id": given("SSO_CLIENT_ID"),
            "username": given("SSO_USERNAME"),
            "password": given("SSO_PASSWORD"),
        }
        self._apim = OpaqueTokens(_APIM_LIFETIME)
        self._sso = SsoTokens(given("SSO_PASSWORD"), given("SSO_CLIENT_ID"), _SSO_LIFETIME)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path: str = scope["path"]
        if path == "/oauth2/token" or path == _SSO_PATH:
            await self._token(scope, receive, send)
            return
        in_people = path.startswith(_PEOPLE)
        if not in_people and not path.startswith(_REFERENCE):
            await respond_json(
                send, 404, _gateway_error("900906", "Not Found", "No matching resource found for given API Request")
            )
            return
        authorization = auth = b""
        cookie: tuple[Header, ...] = (
            (b"set-cookie", b"pdns=%s; Path=/; HttpOnly; Secure" % uuid.uuid4().hex.encode()),
        )
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"auth":
                auth = value
            elif name == b"cookie" and b"pdns=" in value:
                cookie = ()
        refusal = self._refusal(authorization, auth if in_people else None)
        if refusal:
            await respond_json(send, 401, refusal, *cookie)
        elif scope["method"] != "GET":
            document = {"success": False, "message": "Sandbox hanya melayani pembacaan data", "mapData": ""}
            await respond_json(send, 403, document, *cookie)
        elif path.startswith(_PERSON):
            await self._person(path, send, cookie)
        else:
            await self._list(scope, path, send, cookie)

    def _refusal(self, authorization: bytes, auth: bytes | None) -> dict[str, str] | None:
        """Why a call is not let in; ``auth`` is None where the product asks for no SSO token."""
        if not authorization:
            return _gateway_error(
                "900902",
                "Missing Credentials",
                "Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN'",
            )
        if not self._apim.valid(bearer(authorization)):
            return _gateway_error(
                "900901",
                "Invalid Credentials",
                "Access failure for API. Make sure you have provided the correct security credentials",
            )
        if auth is not None and not self._sso.valid(bearer(auth)):
            return {"code": "401", "message": "invalid or expired jwt"}
        return None

    async def _person(self, path: str, send: Send, cookie: tuple[Header, ...]) -> None:
        name, _, nip = path[len(_PERSON) :].partition("/")
        dataset = _PERSON_PATHS.get(name)
        self._box.requests[name] += 1
        if dataset is None:
            await self._other_person_path(name, send, cookie)
            return
        found = self._world.query(_SELECT_PERSON, (nip, dataset))
        if found:
            await respond(send, 200, found[0][0], *cookie)
        else:
            await respond(send, 404, _NOT_FOUND, *cookie)

    async def _other_person_path(self, name: str, send: Send, cookie: tuple[Header, ...]) -> None:
        if name in _EMPTY_PATHS:
            await respond(send, 404, _NOT_FOUND, *cookie)
        elif name in _RECOMPUTES:
            await respond_json(
                send, 403, {"Error": "true", "Message": "Sandbox hanya melayani pembacaan data"}, *cookie
            )
        else:
            await respond_json(
                send,
                404,
                _gateway_error("900906", "Not Found", "No matching resource found for given API Request"),
                *cookie,
            )

    async def _list(self, scope: Scope, path: str, send: Send, cookie: tuple[Header, ...]) -> None:
        if path.startswith(_PEOPLE):
            name, searched = path.removeprefix(f"{_PEOPLE}referensi/"), False
        else:
            name, _, rest = path.removeprefix(_REFERENCE).partition("/")
            searched = rest == "search"
            name = name if rest in ("", "search") and name != "ref-unor" else ""
        self._box.requests[name] += 1
        total = int(self._world.query("select count(*) from siasn_list where name = ?", (name,))[0][0])
        if not total or (path.startswith(_PEOPLE) and name != "ref-unor"):
            await respond_json(
                send,
                404,
                _gateway_error("900906", "Not Found", "No matching resource found for given API Request"),
                *cookie,
            )
            return
        total = self._box.kept(path, total)
        query = query_of(scope)
        try:
            offset, limit = int(query.get("offset", "0")), int(query.get("limit", str(total)))
        except ValueError:
            await respond_json(send, 400, _gateway_error("400", "Bad Request", "limit and offset are numbers"), *cookie)
            return
        end = min(total, offset + limit)
        rows = self._world.query(
            "select body from siasn_list where name = ? and position >= ? and position < ? order by position",
            (name, offset, end),
        )
        joined = b"[" + b",".join(row[0] for row in rows) + b"]"
        if name == "ref-unor":
            if rows:
                await respond(send, 200, b'{"code":1,"data":' + joined + b',"count":%d}' % total, *cookie)
            else:
                await respond(send, 404, _NOT_FOUND, *cookie)
        else:
            await respond(send, 200, b'{"results":' + joined + b"}" if searched else joined, *cookie)

    async def _token(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self._box.requests[path] += 1
        if scope["method"] != "POST":
            await respond_json(send, 405, {"error": "invalid_request", "error_description": "POST only"})
            return
        form = await form_of(receive)
        if path == _SSO_PATH:
            await self._sso_token(form, send, self._box.lifetime(path))
        elif not basic_credentials_match(scope, *self._consumer):
            await respond_json(
                send, 401, {"error": "invalid_client", "error_description": "Client Authentication failed."}
            )
        elif form.get("grant_type") != "client_credentials":
            await respond_json(
                send, 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type value"}
            )
        else:
            token, seconds = self._apim.issue(self._box.lifetime(path))
            await respond_json(
                send, 200, {"access_token": token, "scope": "default", "token_type": "Bearer", "expires_in": seconds}
            )

    async def _sso_token(self, form: dict[str, str], send: Send, lifetime: int | None) -> None:
        if form.get("grant_type") != "password":
            await respond_json(
                send, 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
            )
        elif form.get("client_id") != self._operator["client_id"]:
            await respond_json(
                send, 401, {"error": "invalid_client", "error_description": "Invalid client credentials"}
            )
        elif not all(
            hmac.compare_digest(form.get(name, "").encode(), self._operator[name].encode())
            for name in ("username", "password")
        ):
            await respond_json(send, 401, {"error": "invalid_grant", "error_description": "Invalid user credentials"})
        else:
            token, seconds = self._sso.issue(form["username"], lifetime)
            document = {
                "access_token": token,
                "expires_in": seconds,
                "refresh_expires_in": 1800,
                "token_type": "Bearer",
                "not-before-policy": 0,
                "session_state": str(uuid.uuid4()),
                "scope": "email profile",
            }
            await respond_json(send, 200, document)

    def revoke(self, scope: Scope, which: str) -> None:
        """End the life of the token that a request carries: ``apim`` or ``sso``."""
        if which == "sso":
            self._sso.revoke(bearer(header(scope, b"auth")))
        else:
            self._apim.revoke(bearer(header(scope, b"authorization")))


def create_app() -> App:
    """The ASGI application, set up from ``PADAN_SANDBOX_*``.

    Raises:
        KeyError: naming the variable that is not set.
    """
    box = FaultBox()
    service = Siasn(World(world_directory()), box, dict(os.environ))
    return FaultMiddleware(service, box, service.revoke)
