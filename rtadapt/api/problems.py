"""Every error of the control plane as an RFC 9457 problem document, also those that FastAPI would word itself.

Owns the translation and nothing else. A document never repeats what the caller sent.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from rtadapt.errors import InvalidInput, RtadaptError, headers_of, problem

MEDIA_TYPE = "application/problem+json"


def problem_response(error: RtadaptError, extra: dict[str, object] | None = None) -> JSONResponse:
    """The response that says `error`. `extra` are members beside the standard ones."""
    return JSONResponse(problem(error) | (extra or {}), error.status, headers_of(error), MEDIA_TYPE)


def path_of(loc: tuple[int | str, ...]) -> str:
    """Pydantic's location as a path: `qa[2].answer`."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "body"


def invalid(error: ValidationError | RequestValidationError, skip: int = 0) -> InvalidInput:
    """A validation error as ours: the first fault, without the value. `skip` drops that many parts of its location."""
    first = error.errors()[0]
    path = path_of(tuple(first["loc"])[skip:])
    return InvalidInput(f"{path}: {first['msg']}", field=path)


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        return problem_response(error if isinstance(error, RtadaptError) else RtadaptError("an error happened"))

    async def frameworks(request: Request, error: Exception) -> JSONResponse:
        status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
        document = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": status.description or status.phrase,
            "code": status.phrase.lower().replace(" ", "_"),
        }
        headers = getattr(error, "headers", None)
        return JSONResponse(document, status.value, headers, MEDIA_TYPE)

    async def validation(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        return problem_response(invalid(error, skip=1))  # its locations begin with `query` or `path`

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        # Starlette raises the error again after this answer, so the server's log has the traceback.
        response = problem_response(RtadaptError("something went wrong on our side; the log has it under the request id"))
        response.headers["x-request-id"] = getattr(request.state, "request_id", "")
        return response

    app.add_exception_handler(RtadaptError, ours)
    app.add_exception_handler(HTTPException, frameworks)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(Exception, unexpected)
