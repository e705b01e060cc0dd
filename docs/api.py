"""Writes docs/api.md from the API document of the control plane: `make docs`.

Owns the page's wording; what is said of routes and members stands with them in rtadapt/api. tests/unit/test_docs.py fails when
the page and the code say different things.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rtadapt.api.app import create_app
from rtadapt.config import RegistrySettings, Settings

PAGE = Path(__file__).with_name("api.md")

HEADERS = """\
| header | on | what it says |
|---|---|---|
| `authorization: Bearer KEY` | requests | a key of `keys_file`; scopes are `complete`, `push`, `operate`, `view` |
| `x-api-key: KEY` | `/v1/messages` | the same key, as Anthropic's clients send it |
| `x-request-id` | both | the request's id in the logs; 1 to 128 of letters, digits and `._:-`, or a new one is made |
| `www-authenticate: Bearer` | answers | with 401 |
| `retry-after` | answers | with 429 and 503: seconds to wait |
| `content-type` | requests | `application/json`; pushes also `application/x-ndjson`, `application/cloudevents+json` and others |
| `ce-…` | pushes | the attributes of one CloudEvent whose data is the body, `ce-specversion` among them; `ce-feed` is the feed |
| `sec-fetch-site` | requests | what a browser says: pages of other sites may change nothing, but for `edge.origins` |
| `content-encoding: gzip` | pushes | the body is compressed |
| `x-rtadapt-after: TOKEN` | completions | wait until the answer has learned this event |
| `x-rtadapt-wait: SECONDS` | completions | how long at most; then 503 |
| `x-rtadapt-session: ID` | completions | the same answerer for all of a session while a canary runs |
| `x-rtadapt-version`, `x-rtadapt-position` | completions' answers | the version that answered, and how far it has learned |
| `content-security-policy`, `cache-control`, `x-content-type-options` | `/console` | it loads nothing from elsewhere |
| `x-rtadapt-receipt` | completions' answers | name it as `id` in `POST /v1/feedback` |
| `x-rtadapt-scope: outside` | completions' answers | the base answered: nothing that the version was taught is asked about |
| `x-rtadapt-incarnation` | completions' answers | which making of the feed that version belongs to |
"""


def page() -> str:
    """The whole page."""
    settings = Settings(registry=RegistrySettings(url="redis://127.0.0.1:1/0"), data_dir=Path("rtadapt-data"))
    document = create_app(settings).openapi()
    about = document["info"]["description"]
    parts = ["# API", "<!-- Made by `make docs` from rtadapt/api. Change it there. -->", about, HEADERS.strip()]
    parts.append("The document itself is at `/openapi.json` of `rtadapt api` and `rtadapt up`; no page of it is shown there.")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _route(path, method, operation)
    parts.append("## Shapes")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _shape(name, schema)
    return "\n\n".join(parts) + "\n"


def _route(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"## `{method.upper()} {path}`", operation["description"]]
    parameters = [
        found for found in operation.get("parameters", []) if found["in"] != "header"
    ]  # those have a table of their own
    if parameters:
        rows = [f"| `{found['name']}` | {found['in']} | {found.get('description', '')} |" for found in parameters]
        parts.append("\n".join(["| parameter | in | |", "|---|---|---|", *rows]))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if content:
        if "description" in content["schema"]:
            parts.append(content["schema"]["description"])
        for example in content.get("examples", {}).values():
            parts.append("```json\n" + json.dumps(example["value"], indent=2) + "\n```")
    rows = [f"| {status} | {_answer(answer)} |" for status, answer in sorted(operation["responses"].items())]
    return [*parts, "\n".join(["| status | answer |", "|---|---|", *rows])]


def _answer(answer: dict[str, Any]) -> str:
    for kind, content in answer.get("content", {}).items():
        reference = content.get("schema", {}).get("$ref", "")
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if name else f"`{kind}`"
    return str(answer["description"])


def _shape(name: str, schema: dict[str, Any]) -> list[str]:
    fields = schema.get("properties", {}).items()
    rows = [f"| `{member}` | {_kind(field)} | {field.get('description', '')} |" for member, field in fields]
    return [f"### {name}", schema.get("description", ""), "\n".join(["| member | value | |", "|---|---|---|", *rows])]


def _kind(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in field or "const" in field:
        return ", ".join(f"`{one}`" for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    return str(field.get("type", "anything"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
