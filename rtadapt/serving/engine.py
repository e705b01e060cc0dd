"""The engine as this replica sees it: vLLM's own app, called in this process, without a port.

Owns loading an adapter under its immutable name, checking that it answers, and forgetting it. Takes the ASGI app that
lies behind our middleware; gives nothing or EngineRefused.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

from rtadapt.errors import EngineRefused
from rtadapt.records import Message
from rtadapt.serving.memory import EngineMemory
from rtadapt.web.asked import App, Receive, Scope, Send

T = TypeVar("T")

_LOAD_SECONDS = 120.0
_CALL_SECONDS = 10.0
_GREEDY = {"temperature": 0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""As the learner decodes, whatever the model's own generation settings say."""


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
        self.base_name, self.max_model_len = "", sys.maxsize  # until the engine was asked for them
        self._memory = EngineMemory(outermost)

    async def load(self, name: str, folder: Path) -> None:
        """Load the adapter in `folder` under `name`. A name that is already loaded is good: names never change meaning."""
        body = {"lora_name": name, "lora_path": str(folder)}
        answer = await self._call("POST", "/v1/load_lora_adapter", body, _LOAD_SECONDS)
        if answer.status_code != 200 and not (answer.status_code == 400 and name in await self.names()):
            raise EngineRefused(f"the engine would not load {name}: {_reason(answer)}")
        self._memory.note()

    async def check(self, name: str) -> None:
        """Let `name` say one token, and see that all is in the engine's memory that it answers to. Takes as long as it takes.

        Asks for no log probabilities: vLLM 0.32's engine ends on an id without a token.
        """
        body = {"model": name, "prompt": [1], "max_tokens": 1, "temperature": 0}
        answer, _ = await asyncio.gather(self._call("POST", "/v1/completions", body, None), self._memory.look())
        if answer.status_code != 200:
            raise EngineRefused(f"{name} was loaded but does not answer: {_reason(answer)}")

    async def complete(self, name: str, prompts: Sequence[Sequence[int]], max_tokens: int) -> list[list[int]]:
        """The token ids that `name` gives to each prompt, greedily, with the one that ends an answer."""
        more = {"max_tokens": max_tokens, "return_token_ids": True}
        return await self._chosen(name, prompts, lambda choice: list(choice["token_ids"]), more)

    async def log_probs(self, name: str, prompt: Sequence[int], tokens: Sequence[int]) -> list[float]:
        """Log probabilities of `tokens` after `prompt`. No other token may follow, so none without a text is spelled."""

        def said(choice: dict[str, Any]) -> list[float]:
            by_token = choice["logprobs"]["top_logprobs"][0]
            return [float(by_token[f"token_id:{token}"]) for token in tokens]

        only = {"allowed_token_ids": list(tokens), "logprob_token_ids": list(tokens), "logprobs": 1}
        more = {"max_tokens": 1, "return_tokens_as_token_ids": True, **only}
        return (await self._chosen(name, [prompt], said, more))[0]

    async def ends_at(self, name: str, prompt: Sequence[int], token: int) -> bool:
        """Whether an answer of `name` ends at `token`."""
        more = {"max_tokens": 2, "allowed_token_ids": [token]}
        return (await self._chosen(name, [prompt], lambda choice: bool(choice["finish_reason"] == "stop"), more))[0]

    async def tokenize(self, messages: Sequence[Message], *, thinking: bool) -> tuple[int, ...] | None:
        """Token ids of a chat up to where the answer begins; None where the engine refuses such a chat."""
        chat = [{"role": message.role, "content": message.content} for message in messages]
        body = {"model": self.base_name, "messages": chat, "chat_template_kwargs": {"enable_thinking": thinking}}
        answer = await self._call("POST", "/tokenize", body, _CALL_SECONDS)
        if answer.status_code == 400:
            return None
        if answer.status_code != 200:
            raise EngineRefused(f"the engine would not tokenize a chat: {_reason(answer)}")
        return tuple(answer.json()["tokens"])

    async def unload(self, name: str) -> None:
        """Forget `name`, and its weights. One that isn't loaded is good."""
        answer = await self._call("POST", "/v1/unload_lora_adapter", {"lora_name": name}, _CALL_SECONDS)
        if answer.status_code not in (200, 404):
            raise EngineRefused(f"the engine would not unload {name}: {_reason(answer)}")
        await self._memory.remove(name)

    async def purge(self, name: str) -> None:
        """Make sure that nothing of `name` is left, which was unloaded a while ago."""
        await self._memory.forget(name)

    async def look_again(self) -> None:
        """Count what is in the engine's memory, if something has gone from it."""
        await self._memory.look_again()

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
        card = next(card for card in cards if not card.get("parent"))
        self.base_name, self.max_model_len = card["id"], card.get("max_model_len") or sys.maxsize
        return card

    async def healthy(self) -> bool:
        """Whether the engine's processes are alive."""
        try:
            return (await self._call("GET", "/health", None, _CALL_SECONDS)).status_code == 200
        except EngineRefused:
            return False

    async def close(self) -> None:
        """Nothing can be asked any more."""
        await self._client.aclose()

    async def _chosen(
        self, name: str, prompts: Sequence[Sequence[int]], take: Callable[[dict[str, Any]], T], more: dict[str, Any]
    ) -> list[T]:
        """What `take` finds in the greedy completion of each prompt, however many requests the engine answers before."""
        body = {"model": name, "prompt": [list(prompt) for prompt in prompts], **_GREEDY, **more}
        answer = await self._call("POST", "/v1/completions", body, None)
        if answer.status_code != 200:
            raise EngineRefused(f"{name} does not answer: {_reason(answer)}")
        try:
            found = [take(choice) for choice in sorted(answer.json()["choices"], key=lambda choice: int(choice["index"]))]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise EngineRefused(f"{name} answers in a form that this release does not know") from error
        if len(found) != len(prompts):
            raise EngineRefused(f"{name} answers {len(found)} of {len(prompts)} prompts")
        return found

    async def _call(self, method: str, path: str, body: dict[str, Any] | None, seconds: float | None) -> httpx.Response:
        try:
            async with asyncio.timeout(seconds):
                return await self._client.request(method, path, json=body)
        except TimeoutError:
            raise EngineRefused(f"the engine did not answer {path} within {seconds} s") from None


def _reason(answer: httpx.Response) -> str:
    """What vLLM said, in short. Its messages to these routes hold names and paths, never a prompt."""
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return f"status {answer.status_code} {str(said)[:300]}".strip()
