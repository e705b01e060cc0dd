"""The API document (OpenAPI 3.1): what FastAPI makes of the routes, with the keys and the problem documents.

Owns what the routes cannot say themselves: keys, headers, and what any route may answer.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rtadapt.access import Scope, needed
from rtadapt.api.shapes import Item, Problem

ABOUT = """The control plane of rtadapt. Completions are vLLM's own routes, on the replicas.

With a `keys_file`, every `/v1` route asks for `authorization: Bearer KEY`; a key has scopes, feeds, and limits: over them
there is 429 with `retry-after`. Each answer carries `x-request-id`: the one that was sent, or a new one. Pages of other sites may
change nothing here unless `edge.origins` names them."""
_REQUEST_ID = {
    "name": "x-request-id",
    "in": "header",
    "required": False,
    "description": "the request's id in the logs: 1 to 128 of letters, digits and `._:-`; else a new one is made",
    "schema": {"type": "string"},
    "example": "desk-7-0001",
}
_ENCODING = {
    "name": "content-encoding",
    "in": "header",
    "required": False,
    "description": "`gzip` when the body is compressed",
    "schema": {"type": "string", "enum": ["gzip", "identity"]},
    "example": "identity",
}
_SAID = {"description": "the id of the request in the logs", "schema": {"type": "string"}}
_OF_STATUS = {
    "401": {"www-authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    "429": {"retry-after": {"description": "seconds to wait", "schema": {"type": "string"}}},
    "503": {"retry-after": {"description": "seconds to wait", "schema": {"type": "string"}}},
}
_SCOPES = {"/v1/events": Scope.PUSH, "/v1/feedback": Scope.PUSH}
_WITH_TEXT = "/v1/dead-letters/{place}"


def install(app: FastAPI) -> None:
    """Give `app` its document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(
                get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # FastAPI's own; this app answers with problem documents
    for model in (Problem, Item):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(found.pop("$defs", {}))
        schemas.setdefault(model.__name__, found)
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "a key of `keys_file`"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schemas.update(content["schema"].pop("$defs", {}))  # of a model in the model
            if path.startswith("/v1/"):
                scope = next((scope for prefix, scope in _SCOPES.items() if path.startswith(prefix)), Scope.OPERATE)
                scope = scope if path == _WITH_TEXT else needed(scope, method.upper())
                operation["security"] = [{"key": []}, {}]
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
            operation.setdefault("parameters", []).append(_REQUEST_ID)
            if path == "/v1/events":
                operation["parameters"].append(_ENCODING)
            for status, answer in operation["responses"].items():
                answer["headers"] = {"x-request-id": _SAID, **_OF_STATUS.get(status, {})}
            for status in [status for status, answer in operation["responses"].items() if "HTTPValidationError" in str(answer)]:
                del operation["responses"][status]
    return document
