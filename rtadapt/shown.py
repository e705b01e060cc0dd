"""Settings as they are shown to whoever looks: with every secret blanked; and what each of them means.

Owns what is a secret: a password or a lone name in a URL, a parameter or an argument that is called like one. Settings that name
files of secrets are shown: they hold none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from rtadapt.config import Settings

BLANK = "***"
_PASSWORD = re.compile(r"(://[^:/@?]*:).*(@)")  # up to the last @: a password may hold any sign
_LONE_NAME = re.compile(r"(://)[^:/@?]+(@)")
_SECRET = r"(?:api[-_]?key|access[-_]?key|key|token|password|passwd|pwd|secret|credentials?|signature|sig|auth)"
_PARAMETER = re.compile(rf"([?&](?:[\w.-]*[-_.])?{_SECRET}=)[^&#\s]*", re.IGNORECASE)
_ARGUMENT = re.compile(rf"-{{1,2}}(?:[\w.]+[-_.])*{_SECRET}", re.IGNORECASE)
_MEMBER = re.compile(rf'("(?:[\w.-]*[-_.])?{_SECRET}"\s*:\s*)"[^"]*"', re.IGNORECASE)


def shown(settings: Settings) -> dict[str, Any]:
    """The settings as JSON can carry them, without secrets."""
    cleaned = _cleaned(settings.model_dump(mode="json"))
    assert isinstance(cleaned, dict)
    return cleaned


def explained(model: type[BaseModel] = Settings, section: str = "") -> Iterator[str]:
    """Every setting with its default and what it means, a line each; the pages about them are not in a wheel."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from explained(kind, f"{name}.")
        else:
            default = field.get_default(call_default_factory=True, validated_data={})
            value = "none" if default is None else json.dumps(default, default=str)
            yield f"{section}{name} = {value}: {field.description}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return _arguments([str(inner) for inner in value])
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    for pattern in (_PASSWORD, _LONE_NAME):
        text = pattern.sub(rf"\1{BLANK}\2", text)
    return _MEMBER.sub(rf'\1"{BLANK}"', _PARAMETER.sub(rf"\1{BLANK}", text))


def _arguments(arguments: list[str]) -> list[str]:
    found: list[str] = []
    secret = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if secret and not argument.startswith("-"):
            found.append(BLANK)  # the name stays secret: an option may take several
            continue
        secret = _ARGUMENT.fullmatch(argument) is not None
        found.append(f"{name}={BLANK}" if equals and _ARGUMENT.fullmatch(name) else _text(argument))
    return found
