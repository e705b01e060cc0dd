"""Writes docs/configuration.md, and the chart's schema of `config`, from rtadapt/config.py: `make docs`.

Owns the page's wording and what the chart sets itself. tests/unit/test_docs.py fails when they and the code say different things.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rtadapt.config import Settings

PAGE = Path(__file__).with_name("configuration.md")
CHART_SCHEMA = PAGE.parents[1] / "helm" / "rtadapt" / "values.schema.json"
CHARTS_OWN = {
    "": ("model", "data_dir", "keys_file", "api"),
    "event_log": (
        *("url", "topic", "dead_letter_topic", "tls", "ca_file", "cert_file", "key_file"),
        *("sasl_mechanism", "username", "password_file", "token_file", "token_url", "token_scope"),
    ),
    "registry": ("url", "cluster", "ca_file", "signing_key_file", "trusted_keys_file"),
    "artifacts": ("url", "signing_key_file"),
    "serve": ("host", "port", "replica", "vllm_args"),
    "work": ("metrics_host", "metrics_port"),
}
"""Settings that the chart makes from other values: in `config` they would break what it builds on them."""
_LINE = 120

INTRODUCTION = """\
# Configuration

<!-- Made by `make docs` from rtadapt/config.py. Change it there. -->

Settings come from four places. A later one wins over an earlier one:

1. the defaults below;
2. `rtadapt.toml` in the working folder, or the file that `--config` names; sections are tables;
3. the environment: `RTADAPT_SECTION__NAME`, lists as JSON, `none` for a setting that shall have no value;
4. the command line: `--model`, `--data-dir`, `--host`, `--port`, `--log-level`, and `--set section.name=value` for any setting.

Unknown names in the file, on the command line and in the environment, and values out of bounds, are refused at the start
with the name at fault and what may have been meant. `rtadapt config` prints the settings in force, without secrets, and with
`--explain` what each of them means;
`rtadapt doctor` looks whether they can work. Settings do not change while a process runs.

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
    if get_origin(kind) is Annotated:
        return _type(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_type(one) for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is list:
        return f"list of {_type(get_args(kind)[0])}"
    return {str: "text", int: "integer", float: "number", bool: "`true` or `false`", Path: "path"}.get(kind, str(kind))


def chart_schema() -> str:
    """The chart's schema as text, with `config` as the settings are now."""
    schema = json.loads(CHART_SCHEMA.read_text(encoding="utf-8"))
    found = Settings.model_json_schema()
    fields = found["properties"]
    sections = {name: found["$defs"][field["$ref"].rpartition("/")[2]] for name, field in fields.items() if "$ref" in field}
    properties = _properties({name: field for name, field in fields.items() if name not in sections}, "")
    for name, section in sections.items():
        if name not in CHARTS_OWN[""]:
            inner = _properties(section["properties"], name)
            properties[name] = {"type": ["object", "null"], "properties": inner, "additionalProperties": False}
    about = "settings as in docs/configuration.md, those aside that other values set; made by `make docs`"
    made = {"type": "object", "description": about, "properties": properties, "additionalProperties": False}
    schema["properties"]["config"] = made
    return _written(schema) + "\n"


def _properties(fields: dict[str, Any], section: str) -> dict[str, Any]:
    own = CHARTS_OWN.get(section, ())
    return {name: _plain(field) for name, field in fields.items() if name not in own}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """One setting as the schema takes it; null leaves it as it is."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice["type"] != "null"]
    (choice,) = choices
    plain = {name: value for name, value in choice.items() if name not in ("title", "default", "description", "format")}
    if "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    return plain | {"type": [choice["type"], "null"]}


def _written(value: Any, indent: int = 0) -> str:
    """JSON with everything on one line that fits there."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= _LINE or not isinstance(value, dict | list) or not value:
        return line
    pad, close = " " * (indent + 2), " " * indent
    if isinstance(value, list):
        return "[\n" + ",\n".join(pad + _written(inner, indent + 2) for inner in value) + f"\n{close}]"
    lines = [f"{pad}{json.dumps(name)}: {_written(inner, indent + 2)}" for name, inner in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{close}}}"


if __name__ == "__main__":
    CHART_SCHEMA.write_text(chart_schema(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
