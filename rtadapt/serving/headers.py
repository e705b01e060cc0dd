"""What a completion request says in headers of ours: who asks, which event must have been learned, how long that may take."""

from __future__ import annotations

from typing import Any

from rtadapt.errors import InvalidRequest
from rtadapt.serving.routing import AFTER_HEADER, After, check_token
from rtadapt.web.asked import Scope, header

WAIT_HEADER = "x-rtadapt-wait"
SESSION_HEADER = "x-rtadapt-session"


def caller(scope: Scope, body: dict[str, Any]) -> str:
    """Who asks: by session, else by the body's `user`, else by API key; nobody's where nothing says so."""
    user = body.get("user")
    named = header(scope, SESSION_HEADER) or (user if isinstance(user, str) else "")
    return named or header(scope, "authorization") or header(scope, "x-api-key") or ""


def token(scope: Scope, model: str) -> After | None:
    """What must have been learned before `model` answers, if anything. Raises InvalidRequest, and what `check_token` does."""
    text = header(scope, AFTER_HEADER)
    if text is None:
        return None
    try:
        after = After.parse(text.strip())
    except ValueError as error:
        raise InvalidRequest(f"{AFTER_HEADER}: {error}", field=AFTER_HEADER) from None
    check_token(model, after)
    return after


def patience(scope: Scope, longest_seconds: float) -> float:
    """For how many seconds that is waited for, `longest_seconds` at most. Raises InvalidRequest for what is no such number."""
    text = header(scope, WAIT_HEADER)
    if text is None:
        return longest_seconds
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InvalidRequest(f"{WAIT_HEADER} must be a number of seconds, 0 or more", field=WAIT_HEADER)
    return min(seconds, longest_seconds)
