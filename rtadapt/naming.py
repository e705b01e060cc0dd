"""What settings are called: in files, on the command line and in the environment; and what was meant by a name that is none.

Takes the settings' model; gives names, and suggestions for misspelt ones. A variable of Kubernetes' own (service links) is no
misspelling.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

PREFIX = "RTADAPT_"
NONE = "none"
"""In the environment: this setting is not set, whatever a file says."""
_LEARNING = "pip install 'rtadapt[train]'"
EXTRAS = {
    **dict.fromkeys(("torch", "peft", "transformers", "spacy"), _LEARNING),
    "vllm": "pip install 'rtadapt[serve]', or 'rtadapt[serve-cpu]' without a GPU",
}
"""By package, what installs it where it is missing."""
_OURS = frozenset(("RTADAPT_SERVER_PID",))
"""What our own processes tell each other in the environment."""
_SERVICE_LINK = re.compile(r"RTADAPT_\w*(_SERVICE_(HOST|PORT\w*)|_PORT_\d+_(TCP|UDP)\w*)|RTADAPT_(\w+_)?PORT")


def names_of(model: type[BaseModel]) -> set[str]:
    """Every setting as it is written on the command line (`batch.max_events`), and every section's name."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= {f"{name}.{inner}" for inner in field.annotation.model_fields}
    return found


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean batch.max_events?`, or nothing where no name is like it."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""


def misspelt(environment: Mapping[str, str], model: type[BaseModel]) -> str | None:
    """What is wrong with the first variable that begins as ours do and is none; None when there is no such variable."""
    known = {variable(name) for name in names_of(model)}
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known | _OURS:
            continue
        if _SERVICE_LINK.fullmatch(upper) and (not upper.endswith("_PORT") or "://" in environment[name]):
            continue
        return f"{name}: there is no such setting{meant(upper, known)}"
    return None


def variable(name: str) -> str:
    """The environment variable of a setting: `batch.max_events` is RTADAPT_BATCH__MAX_EVENTS."""
    return PREFIX + name.replace(".", "__").upper()


def to_environment(settings: BaseModel) -> dict[str, str]:
    """The RTADAPT_* environment that makes a child process see exactly `settings`."""
    environment: dict[str, str] = {}

    def put(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                put(f"{prefix}__{name}", inner)
        elif isinstance(value, (list, bool)):
            environment[prefix.upper()] = json.dumps(value)
        else:
            environment[prefix.upper()] = NONE if value is None else str(value)

    for name, value in settings.model_dump(mode="json").items():
        put(f"RTADAPT_{name}", value)
    return environment
