"""What the demo does over HTTP, as any newsroom or chatbot would: push, ask, look.

Owns the retries: while a part of the system is being started again, a push or a question is repeated for a bounded
time, and nothing is taken for done that was not answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from rtadapt.errors import Unavailable

_PAUSE_SECONDS = 0.5
_ANSWER_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, and which version of it."""

    text: str
    version: str


class Client:
    """One server, asked with bounded patience."""

    def __init__(self, url: str, patience_seconds: float = 1200.0) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(60.0), trust_env=False)
        self._patience = patience_seconds

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def push(self, body: Mapping[str, Any]) -> str:
        """Push one event; gives its token. Its `id` makes a repeated push harmless."""
        answer = await self._patiently("POST", "/v1/events", json=dict(body), headers={})
        return str(answer.json()["items"][0]["token"])

    async def ask(self, alias: str, question: str, *, after: str | None = None) -> Answer:
        """Ask one question, greedily; with `after`, only once the answer has learned that token."""
        body = {
            "model": alias,
            "messages": [{"role": "user", "content": question}],
            "temperature": 0,
            "max_tokens": _ANSWER_TOKENS,
        }
        headers = {} if after is None else {"x-rtadapt-after": after, "x-rtadapt-wait": "20"}
        answer = await self._patiently("POST", "/v1/chat/completions", json=body, headers=headers)
        text = answer.json()["choices"][0]["message"]["content"] or ""
        return Answer(text.strip(), answer.headers.get("x-rtadapt-version", ""))

    async def make_feed(self, feed: str) -> None:
        """Make the feed, so that its alias answers (from the base model) before anything was learned."""
        await self._patiently("PUT", f"/v1/feeds/{feed}", json={}, headers={})

    async def get(self, path: str) -> Any:
        """A JSON document of the control plane."""
        return (await self._patiently("GET", path, json=None, headers={})).json()

    async def text(self, url: str, patience_seconds: float | None = None) -> str:
        """A plain document: a path of this server, or a whole URL."""
        return (await self._patiently("GET", url, json=None, headers={}, patience_seconds=patience_seconds)).text

    async def _patiently(
        self, method: str, path: str, *, json: Any, headers: Mapping[str, str], patience_seconds: float | None = None
    ) -> httpx.Response:
        patience = self._patience if patience_seconds is None else patience_seconds
        deadline = time.monotonic() + patience
        while True:
            why = "no answer"
            try:
                response = await self._http.request(method, path, json=json, headers=dict(headers))
                if response.status_code < 400:
                    return response
                why = f"{response.status_code}: {response.text[:300]}"
                if response.status_code < 500 and response.status_code not in (404, 408, 409, 429):
                    raise Unavailable(f"{method} {path} was refused with {why}")
            except httpx.HTTPError as error:
                why = f"{type(error).__name__} {error}"
            if time.monotonic() > deadline:
                raise Unavailable(f"{method} {path} did not succeed within {patience:.0f} s; the last answer was {why}")
            await asyncio.sleep(_PAUSE_SECONDS)
