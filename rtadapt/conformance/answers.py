"""One question to a server, and everything that can be seen of its answer.

Owns the HTTP side of the suite: streamed, greedy completions in OpenAI's format, each bounded in time. Gives an `Answer` whatever
happens: what went wrong is in it, and nothing is asked a second time.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from rtadapt.web.connections import CALLER_KEEPS_SECONDS

VERSION_HEADER = "x-rtadapt-version"
POSITION_HEADER = "x-rtadapt-position"
_DIGEST = re.compile(r"(@\d+)-[0-9a-f]{8}$")


@dataclass(slots=True)
class Answer:
    """What came back. Times are monotonic seconds, `pieces` one for each piece of text; `named` are the models that pieces named.

    `version` is who answered, as far as the server said or the request fixed it. A `failure` is what kept it from being whole.
    """

    url: str
    model: str
    prompt: str
    caller: str
    began: float
    ended: float = 0.0
    status: int = 0
    version: str = ""
    position: str = ""
    text: str = ""
    named: set[str] = field(default_factory=set)
    pieces: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the server said openly that it does not answer this."""
        return self.status >= 400


class Asker:
    """Asks servers. `in_flight` counts the questions under way by the model they name."""

    def __init__(self, key: str, seconds: float, callers: int) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(max_connections=4 * callers + 16, keepalive_expiry=CALLER_KEEPS_SECONDS)
        self.http = httpx.AsyncClient(timeout=seconds, limits=limits, headers=headers, trust_env=False)
        self.in_flight: Counter[str] = Counter()

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def ask(
        self,
        url: str,
        model: str,
        prompt: str,
        tokens: int,
        *,
        caller: str = "",
        headers: Mapping[str, str] | None = None,
        salt: str = "",
        begun: asyncio.Event | None = None,
    ) -> Answer:
        """A greedy completion of `tokens` tokens. One with a `salt` shares cached prefixes with those of the same salt alone,
        where the engine knows `cache_salt`. `begun` is set with its first piece, or when there will be none.
        """
        body: dict[str, Any] = {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True}
        body["ignore_eos"] = True
        if salt:
            body["cache_salt"] = salt
        answer = Answer(url, model, prompt, caller, time.monotonic())
        self.in_flight[model] += 1
        try:
            async with self.http.stream("POST", f"{url}/v1/completions", json=body, headers=dict(headers or {})) as response:
                answer.status = response.status_code
                answer.version = response.headers.get(VERSION_HEADER, model)
                answer.position = response.headers.get(POSITION_HEADER, "")
                if response.status_code == 200:
                    await _read(response, answer, begun)
                else:
                    answer.failure = f"status {response.status_code}"
        except (httpx.HTTPError, ValueError, KeyError) as error:
            answer.failure = type(error).__name__
        finally:
            answer.ended = time.monotonic()
            self.in_flight[model] -= 1
            if begun is not None:
                begun.set()
        return answer

    async def prompt_tokens(self, url: str, model: str, prompt: str) -> int:
        """How many tokens the server counts in `prompt`; 0 where it does not say."""
        body = {"model": model, "prompt": prompt, "max_tokens": 1, "temperature": 0}
        answer = await self.http.post(f"{url}/v1/completions", json=body)
        usage = answer.json().get("usage") if answer.status_code == 200 else None
        return int(usage.get("prompt_tokens") or 0) if isinstance(usage, dict) else 0


async def _read(response: httpx.Response, answer: Answer, begun: asyncio.Event | None) -> None:
    whole = False
    async for line in response.aiter_lines():
        if line == "data: [DONE]":
            whole = True
        elif line.startswith("data: "):
            piece = json.loads(line.removeprefix("data: "))
            if "error" in piece:
                answer.failure = "an error inside the stream"
                return
            answer.named.add(_DIGEST.sub(r"\1", piece["model"]))  # an engine's name of ours ends with a digest
            text = "".join(choice.get("text") or "" for choice in piece["choices"])
            if text:
                answer.text += text
                answer.pieces.append(time.monotonic())
                if begun is not None:
                    begun.set()
    if not whole:
        answer.failure = "cut off"
