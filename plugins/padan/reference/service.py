"""Reconciliation service for OpenRefine (Reconciliation Service API 0.2): read only, codes and their names alone.

https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/
"""

from __future__ import annotations

import html
import json
from typing import Annotated, Any

from fastapi import FastAPI, Form, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import TypeAdapter, ValidationError

from padan.reference.candidates import Asked, Codes, Connect, description_of

BATCH = 50  # queries that OpenRefine sends at once
MOST_QUERIES = 500
_SPACE = "https://padan.invalid/kode-referensi/"
_BATCH = TypeAdapter(dict[str, Asked])


def manifest(base: str, types: list[dict[str, str]]) -> dict[str, Any]:
    """What the service offers, for a client that reaches it at ``base``."""
    return {
        "versions": ["0.2"],
        "name": "Padan: kode referensi BKN dan BPS",
        "identifierSpace": _SPACE,
        "schemaSpace": f"{_SPACE}daftar",
        "defaultTypes": [one for one in types if one["id"].startswith("bkn/")],
        "batchSize": BATCH,
        "view": {"url": f"{base}/preview?id={{{{id}}}}"},
        "preview": {"url": f"{base}/preview?id={{{{id}}}}", "width": 420, "height": 160},
        "suggest": {
            "entity": {"service_url": base, "service_path": "/suggest/entity"},
            "type": {"service_url": base, "service_path": "/suggest/type"},
        },
    }


def create_app(connect: Connect) -> FastAPI:
    """The service over the warehouse that ``connect`` opens."""
    app, codes = FastAPI(title="Padan", docs_url=None, redoc_url=None, openapi_url=None), Codes(connect)
    # OpenRefine's page calls from its own origin; nothing here is of a person, nothing is changed.
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"])
    _reconcile(app, codes)
    _suggest(app, codes)
    return app


def _reconcile(app: FastAPI, codes: Codes) -> None:
    @app.get("/")
    def read(request: Request, queries: Annotated[str | None, Query()] = None) -> Response:
        if queries is not None:
            return _reconciled(codes, queries)
        return JSONResponse(manifest(str(request.base_url).rstrip("/"), codes.types()))

    @app.post("/")
    def match(queries: Annotated[str, Form()]) -> Response:
        return _reconciled(codes, queries)


def _reconciled(codes: Codes, queries: str) -> Response:
    try:
        batch = _BATCH.validate_python(json.loads(queries))
    except (ValueError, ValidationError, RecursionError):
        return _refused("queries is not a batch of queries")
    if len(batch) > MOST_QUERIES:
        return _refused(f"at most {MOST_QUERIES} queries at once", 413)
    results = codes.candidates(list(batch.values()))
    return JSONResponse({key: {"result": rows} for key, rows in zip(batch, results, strict=True)})


def _refused(message: str, status: int = 400) -> JSONResponse:
    return JSONResponse({"status": "error", "message": message}, status_code=status)


def _suggest(app: FastAPI, codes: Codes) -> None:
    @app.get("/suggest/entity")
    def suggest_entity(
        prefix: Annotated[str, Query(max_length=1000)],
        kind: Annotated[str, Query(alias="type", max_length=100)] = "",
        cursor: Annotated[int, Query(ge=0, le=10_000)] = 0,
    ) -> dict[str, Any]:
        return {"result": codes.entities(prefix.replace("\x00", " "), kind, cursor)}

    @app.get("/suggest/type")
    def suggest_type(prefix: Annotated[str, Query(max_length=1000)] = "") -> dict[str, Any]:
        asked = prefix.lower()
        return {"result": [one for one in codes.types() if asked in one["id"] or asked in one["name"].lower()]}

    @app.get("/preview", response_class=HTMLResponse)
    def preview(entity: Annotated[str, Query(alias="id", max_length=1000)]) -> HTMLResponse:
        row = codes.one(entity.replace("\x00", " "))
        if row is None:
            return HTMLResponse("<!doctype html><title>Padan</title><p>Kode tidak dikenal.</p>", status_code=404)
        name, about, status = (
            html.escape(str(one or "")) for one in (row["code_name"], description_of(row), row["status"])
        )
        head = f'<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{name}</title></head>'
        return HTMLResponse(f"{head}<body><h1>{name}</h1><p>{about}</p><p>Status: {status or '-'}</p></body></html>")
