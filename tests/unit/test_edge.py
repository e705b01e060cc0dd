"""The edge: names that are ours, pages that may change something, and what they may read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rtadapt.config import Settings
from rtadapt.web.edge import Edge


async def answer(request: Request) -> JSONResponse:
    if request.url.path == "/broken":
        raise ZeroDivisionError
    status = 418 if request.url.path == "/wrong" else 200
    return JSONResponse({}, status, {"x-rtadapt-version": "news@1", "x-request-id": "one"})


def client(**settings: Any) -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route(path, answer, methods=["GET", "POST"]) for path in ("/v1/models", "/v1/events", "/wrong", "/broken")]
    )
    edge = Edge(app, Settings(**settings))
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://127.0.0.1:8000")


async def status(opened: httpx.AsyncClient, method: str = "POST", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await opened.request(method, "/v1/events", headers=named)).status_code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8000",
        "127.0.0.1",
        "[::1]:8000",
        "localhost:1",
        "serve:8000",
        "api.rtadapt.svc",
        "a.svc.cluster.local",
        "10.1.2.3",
    ],
)
async def test_addresses_and_names_that_nobody_can_take_are_ours(host: str) -> None:
    async with client() as opened:
        assert await status(opened, host=host) == 200


@pytest.mark.parametrize("host", ["evil.example:8000", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example."])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_that_points_its_own_name_at_us_gets_nothing(method: str, host: str) -> None:
    async with client() as opened:
        response = await opened.request(
            method, "/v1/events", headers={"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        )
    assert (response.status_code, response.json()["field"]) == (403, "host")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]


async def test_names_that_are_said_to_be_ours_are(tmp_path: Path) -> None:
    async with client(edge={"hosts": ["chat.example.org", "*.example.net"]}) as opened:
        assert await status(opened, host="Chat.example.org:443") == 200
        assert await status(opened, host="a.example.net") == 200
        assert await status(opened, host="example.net") == 403
        assert await status(opened, host="b.example.org") == 403
    (tmp_path / "keys").write_text("push a-key-of-somebody")
    async with client(keys_file=tmp_path / "keys") as opened:  # a page has no key, whatever it is called
        assert await status(opened, host="any.example.org") == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "same-origin", "origin": "https://console.example.org"}, 200),  # behind a proxy that renames us
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:8000"}, 200),
        ({"origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://chat.example.org", "sec_fetch_site": "cross-site"}, 403),
    ],
)
async def test_pages_of_other_sites_can_not_change_anything(headers: dict[str, str], expected: int) -> None:
    async with client() as opened:
        assert await status(opened, **headers) == expected
        assert await status(opened, "GET", **headers) == 200


async def test_without_origins_nothing_can_be_read_across_them() -> None:
    async with client() as opened:
        response = await opened.get("/v1/models", headers={"origin": "https://chat.example.org"})
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/events", "/wrong", "/nothing"])
async def test_a_site_that_is_named_may_read_every_answer_and_who_gave_it(path: str) -> None:
    async with client(edge={"origins": ["https://chat.example.org"]}) as opened:
        page = {"origin": "https://chat.example.org", "sec-fetch-site": "cross-site"}
        asked = await opened.options(path, headers=page | {"access-control-request-method": "POST"})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, page["origin"])
        for response in (await opened.get(path, headers=page), await opened.post(path, headers=page)):
            assert response.status_code != 403
            assert response.headers["access-control-allow-origin"] == page["origin"]
            exposed = response.headers["access-control-expose-headers"]
            assert "x-rtadapt-version" in exposed
            assert "x-request-id" in exposed
        other = await opened.post(path, headers={"origin": "https://evil.example"})
        assert other.status_code == 403
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/v1/messages", "application/json", ("error", "type")),
        ("/v1/messages/count_tokens", "application/json", ("error", "type")),
        ("/v1/completions", "application/json", ("error", "code")),
        ("/v1/chat/completions", "application/json", ("error", "code")),
        ("/v1/responses", "application/json", ("error", "code")),
        ("/v1/events", "application/problem+json", ("code",)),
    ],
)
async def test_who_is_turned_away_is_told_in_the_tongue_of_the_path(path: str, kind: str, said: tuple[str, ...]) -> None:
    async with client() as opened:
        refused = await opened.post(path, headers={"origin": "https://evil.example"})
    assert (refused.status_code, refused.headers["content-type"]) == (403, kind)
    value: Any = refused.json()
    for name in said:
        value = value[name]
    assert value in ("permission_error", "missing_scope")


async def test_a_page_that_may_read_answers_may_read_of_what_went_wrong_too() -> None:
    """As in vLLM, where Starlette's own answer to an error lies outside of us and has no such headers."""
    app = Starlette(routes=[Route("/broken", answer)])
    app.add_middleware(Edge, settings=Settings(edge={"origins": ["https://chat.example.org"]}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as opened:
        response = await opened.get("/broken", headers={"origin": "https://chat.example.org"})
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.headers["access-control-allow-origin"] == "https://chat.example.org"
    assert response.headers["x-request-id"]
