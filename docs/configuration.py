"""Writes docs/configuration.md from rtadapt/config.py, where every setting is defined: `make docs`.

Owns the page's wording and nothing else. tests/unit/test_docs.py fails when the page and the code say different things.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rtadapt.config import Settings

PAGE = Path(__file__).with_name("configuration.md")

INTRODUCTION = """\
# Configuration

<!-- Made by `make docs` from rtadapt/config.py. Change it there. -->

Settings come from four places. A later one wins over an earlier one:

1. the defaults below;
2. `rtadapt.toml` in the working folder, or the file that `--config` names; sections are tables;
3. the environment: `RTADAPT_SECTION__NAME`, lists as JSON, `none` for a setting that shall have no value;
4. the command line: `--model`, `--data-dir`, `--host`, `--port`, `--log-level`, and `--set section.name=value` for any setting.

Unknown names in the file and on the command line, and values out of bounds, are refused at the start with the name at
fault. `rtadapt config` prints the settings in force, without passwords. Settings do not change while a process runs.

```toml
# rtadapt.toml
model = "Qwen/Qwen3-0.6B"

[event_log]
url = "kafka://kafka-1:9092,kafka-2:9092"
replication = 3

[registry]
url = "redis://redis:6379/0"       # with a password: better RTADAPT_REGISTRY__URL from a secret

[batch]
max_events = 16
```
"""


def page() -> str:
    """The whole page."""
    sections = [(name, field) for name, field in Settings.model_fields.items() if _section(field) is not None]
    plain = {name: field for name, field in Settings.model_fields.items() if _section(field) is None}
    parts = [INTRODUCTION, "## Top level\n", _table(plain, "")]
    for name, field in sections:
        section = _section(field)
        assert section is not None
        about = " ".join((section.__doc__ or "").split())
        parts += [f"## `[{name}]`\n", f"{about}\n", _table(section.model_fields, f"{name}__")]
    return "\n".join(parts)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(fields: dict[str, FieldInfo], prefix: str) -> str:
    rows = ["| name | default | value | meaning | environment |", "|---|---|---|---|---|"]
    for name, field in fields.items():
        cells = (f"`{name}`", _default(field), _kind(field), field.description or "", f"`RTADAPT_{prefix.upper()}{name.upper()}`")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _kind(field: FieldInfo) -> str:
    bounds = [text for rule in field.metadata for text in _bound(rule)]
    kind = _type(field.annotation)
    return f"{kind}, {' and '.join(bounds)}" if bounds else kind


def _bound(rule: Any) -> list[str]:
    signs = ((Ge, "≥", "ge"), (Gt, ">", "gt"), (Le, "≤", "le"), (Lt, "<", "lt"))
    return [f"{sign} {getattr(rule, name):g}" for kind, sign, name in signs if isinstance(rule, kind)]


def _type(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_type(one) for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is list:
        return f"list of {_type(get_args(kind)[0])}"
    return {str: "text", int: "integer", float: "number", bool: "`true` or `false`", Path: "path"}.get(kind, str(kind))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
