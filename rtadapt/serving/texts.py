"""What a completion request says, whichever of the routes it came by.

Owns where each route has its texts, and whether any of them is about what a version was taught. Takes a body as it was parsed.
"""

from __future__ import annotations

from typing import Any

from rtadapt.scope import Told

_SAID = ("prompt", "messages", "input", "system", "instructions")
_WITHIN = ("content", "text", "input", "output")


def concerns(told: Told | None, body: dict[str, Any]) -> bool:
    """Whether a request is about anything that a version with this scope was taught. In doubt, and without a scope, it is."""
    if told is None:
        return True
    texts = texts_of(body)
    return texts is None or told.speaks_of(texts)


def texts_of(body: dict[str, Any]) -> list[str] | None:
    """All that is said in it, by whomever; None where something is that can't be read here, as token ids can't."""
    found: list[str] = []
    told = [body[name] for name in _SAID if body.get(name) is not None]
    return found if told and all(_gather(part, found) for part in told) else None


def _gather(part: Any, found: list[str]) -> bool:
    """Add the texts in `part`, whose depth the parser has bounded. Whether it could be read."""
    if isinstance(part, str):
        found.append(part)
        return True
    if isinstance(part, list):
        return all(_gather(one, found) for one in part)
    return isinstance(part, dict) and all(_gather(part[name], found) for name in _WITHIN if part.get(name) is not None)
