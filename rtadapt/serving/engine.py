"""The engine as this replica sees it: vLLM's own app, called in this process, without a port.

Owns loading an adapter under its immutable name, checking that it answers, and forgetting it. Takes the ASGI app that
lies behind our middleware; gives nothing or EngineRefused.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from rtadapt.errors import EngineRefused
from rtadapt.web.asked import App, Receive, Scope, Send

_LOAD_SECONDS = 120.0
_CHECK_SECONDS = 60.0
_CALL_SECONDS = 10.0


class Engine:
    """vLLM's routes as methods. One load at a time: each holds up every stream while it lasts."""

    def __init__(self, app: App, outermost: Any) -> None:
        """`app` is the app behind our middleware; `outermost` the whole application, which vLLM's routes look up in the scope."""

        async def engine(scope: Scope, receive: Receive, send: Send) -> None:
            scope["app"] = outermost
            await app(scope, receive, send)

        # An error inside vLLM becomes status 500 here; timeouts are ours, as this transport knows none.
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(engine, raise_app_exceptions=False), base_url="http://engine", timeout=None
        )

    async def load(self, name: str, folder: Path) -> None:
        """Load the adapter in `folder` under `name`. A name that is already loaded is good: names never change meaning."""
        body = {"lora_name": name, "lora_path": str(folder)}
        answer = await self._call("POST", "/v1/load_lora_adapter", body, _LOAD_SECONDS)
        if answer.status_code != 200 and not (answer.status_code == 400 and name in await self.names()):
            raise EngineRefused(f"the engine would not load {name}: {_reason(answer)}")

    async def check(self, name: str) -> None:
        """Let `name` say one token. Asks for no log probabilities: vLLM 0.32's engine ends on an id without a token."""
        body = {"model": name, "prompt": [1], "max_tokens": 1, "temperature": 0}
        answer = await self._call("POST", "/v1/completions", body, _CHECK_SECONDS)
        if answer.status_code != 200:
            raise EngineRefused(f"{name} was loaded but does not answer: {_reason(answer)}")

    async def unload(self, name: str) -> None:
        """Forget `name`. One that isn't loaded is good."""
        answer = await self._call("POST", "/v1/unload_lora_adapter", {"lora_name": name}, _CALL_SECONDS)
        if answer.status_code not in (200, 404):
            raise EngineRefused(f"the engine would not unload {name}: {_reason(answer)}")

    async def names(self) -> frozenset[str]:
        """Every model name that the engine knows."""
        answer = await self._call("GET", "/v1/models", None, _CALL_SECONDS)
        if answer.status_code != 200:
            raise EngineRefused(f"the engine would not list its models: {_reason(answer)}")
        return frozenset(card["id"] for card in answer.json()["data"])

    async def base(self) -> dict[str, Any]:
        """The base model's card, in OpenAI's format with `root` and `max_model_len`."""
        answer = await self._call("GET", "/v1/models", None, _CALL_SECONDS)
        if answer.status_code != 200:
            raise EngineRefused(f"the engine would not list its models: {_reason(answer)}")
        cards: list[dict[str, Any]] = answer.json()["data"]
        return next(card for card in cards if not card.get("parent"))

    async def healthy(self) -> bool:
        """Whether the engine's processes are alive."""
        try:
            return (await self._call("GET", "/health", None, _CALL_SECONDS)).status_code == 200
        except EngineRefused:
            return False

    async def close(self) -> None:
        """Nothing can be asked any more."""
        await self._client.aclose()

    async def _call(self, method: str, path: str, body: dict[str, Any] | None, seconds: float) -> httpx.Response:
        try:
            async with asyncio.timeout(seconds):
                return await self._client.request(method, path, json=body)
        except TimeoutError:
            raise EngineRefused(f"the engine did not answer {path} within {seconds:.0f} s") from None


def _reason(answer: httpx.Response) -> str:
    """What vLLM said, in short. Its messages to these routes hold names and paths, never a prompt."""
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return f"status {answer.status_code} {str(said)[:300]}".strip()
