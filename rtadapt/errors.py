"""The exception tree, and the one table from an error to an HTTP status and code.

RtadaptError
├── InvalidInput            the caller's input is at fault; `field` names where
│   ├── InvalidEvent
│   ├── InvalidRequest      a completion request that can't be read
│   ├── Malformed           a body that can't be read at all
│   ├── UnsupportedMediaType
│   └── InvalidSettings
├── NotFound                a feed, version, alias or event that isn't there
│   └── ModelNotFound       a completion asks for a model that isn't here
├── Unauthorized            no key, or a wrong one
├── Forbidden               a good key without the scope
├── TooLarge                over a size or count limit
├── RateLimited             over what the key may use in a minute, or at once
├── Conflict                the caller's view is out of date
│   ├── StaleEpoch          another worker owns the feed now
│   └── HeadMoved           the head is not at the parent any more
├── Unavailable             a part that is needed does not answer; try again
│   ├── NotCovered          the route did not reach the caller's token in time
│   └── Overloaded          the workers are too far behind to take more
├── ArtifactDamaged         a digest does not match, or a file is missing
├── WrongBase               a learner state belongs to another base model
└── EngineRefused           the engine would not load an adapter
"""

from __future__ import annotations

from typing import ClassVar


class RtadaptError(Exception):
    """Everything this package raises on purpose. `str(error)` is safe to show: it never holds event text."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    retry_after: int | None = None
    """Seconds after which it is worth trying again, if at all."""

    def __init__(self, message: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        if retry_after is not None:
            self.retry_after = retry_after


class InvalidInput(RtadaptError):
    """The caller's input is at fault. `field` is the JSON path at fault, for example `data.text`."""

    status, code, title = 422, "invalid_input", "Invalid input"


class InvalidEvent(InvalidInput):
    """One event of a request, or of the log, is not an event."""

    code, title = "invalid_event", "Invalid event"


class Malformed(InvalidInput):
    """A body that can't be read at all: not UTF-8, not JSON, nested too deep, cut short."""

    status, code, title = 400, "malformed", "Malformed body"


class UnsupportedMediaType(InvalidInput):
    """A content type, character set or content encoding that is not taken."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class InvalidRequest(InvalidInput):
    """A completion request, or a header of it, can't be read. 400, as OpenAI's clients expect."""

    status, code, title = 400, "invalid_request", "Invalid request"


class InvalidSettings(InvalidInput):
    """A setting is missing, unknown or out of range."""

    code, title = "invalid_settings", "Invalid settings"


class NotFound(RtadaptError):
    """A feed, version, alias or event that isn't there."""

    status, code, title = 404, "not_found", "Not found"


class ModelNotFound(NotFound):
    """A completion asks for a model, alias or version that this replica does not have."""

    code, title = "model_not_found", "Model not found"


class Unauthorized(RtadaptError):
    """No key was given, or one that is not known."""

    status, code, title = 401, "invalid_api_key", "Unauthorized"


class Forbidden(RtadaptError):
    """The key is known but lacks the scope."""

    status, code, title = 403, "missing_scope", "Forbidden"


class TooLarge(RtadaptError):
    """Over a size or count limit."""

    status, code, title = 413, "too_large", "Too large"


class RateLimited(RtadaptError):
    """Over what a key may use."""

    status, code, title = 429, "rate_limit_exceeded", "Too many requests"
    retry_after = 1


class Conflict(RtadaptError):
    """The caller's view is out of date."""

    status, code, title = 409, "conflict", "Conflict"


class StaleEpoch(Conflict):
    """Another worker took the feed over; this one must let it go."""

    code, title = "stale_epoch", "Stale epoch"


class HeadMoved(Conflict):
    """The feed's head is not at the parent the candidate was made from."""

    code, title = "head_moved", "Head moved"


class Unavailable(RtadaptError):
    """A part that is needed does not answer. Trying again later may help."""

    status, code, title = 503, "unavailable", "Unavailable"
    retry_after = 1


class NotCovered(Unavailable):
    """The route did not reach the caller's token in the time it was given."""

    code, title = "not_covered", "Not covered yet"


class Overloaded(Unavailable):
    """The log holds more, or older, events that nobody has learned than it may: it takes no more for now."""

    code, title = "overloaded", "Overloaded"


class ArtifactDamaged(RtadaptError):
    """An artifact's digest does not match, or a file of it is missing."""

    code, title = "artifact_damaged", "Artifact damaged"


class WrongBase(RtadaptError):
    """A learner state was made on another base model, or with another rank: it can't be gone on from."""

    code, title = "wrong_base", "Wrong base model"


class EngineRefused(RtadaptError):
    """The engine would not load or unload an adapter."""

    status, code, title = 502, "engine_refused", "Engine refused"


def problem(error: RtadaptError) -> dict[str, object]:
    """The error as an RFC 9457 problem document, for the control routes."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
    }
    if error.field is not None:
        body["field"] = error.field
    return body


def openai_error(error: RtadaptError) -> dict[str, object]:
    """The error in OpenAI's shape, for the completion routes."""
    kinds = {429: "rate_limit_error"}
    kind = kinds.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    return {"error": {"message": str(error), "type": kind, "param": error.field, "code": error.code}}


_ANTHROPIC = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


def anthropic_error(error: RtadaptError) -> dict[str, object]:
    """The error in Anthropic's shape, for its messages."""
    return anthropic_shape(error.status, str(error))


def anthropic_shape(status: int, message: str) -> dict[str, object]:
    """What Anthropic's clients read of an answer with `status`: its kind, and `message`."""
    kind = _ANTHROPIC.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def headers_of(error: RtadaptError) -> dict[str, str]:
    """What goes beside the error, in any shape: when to come back, and how to say who one is."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return headers
