"""What is examined: an engine with load and unload routes of its own, or a system of rtadapt with a feed.

Owns how an adapter comes in and goes out, which model to ask for, and which adapter a version is. The checks know this protocol
alone. Every method raises Unavailable when the system does not do what it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import httpx

from rtadapt.config import Settings
from rtadapt.conformance.answers import Answer, Asker
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.records import Artifact, version_name
from rtadapt.registry.registry import Action, Registry

BASE = -1
"""The number that stands for the base model among the adapters'."""

PlainEngine = Literal["vllm", "mistralrs", "sglang"]
_ROUTES: dict[str, str] = {"vllm": "/v1/", "mistralrs": "/v1/", "sglang": "/"}
_KEPT_NAMES = 2
_PAUSE_SECONDS = 0.2
IN_FORCE_SECONDS = 1.0
"""How long an operator's word may take to reach every replica."""
OWN_PARTITION = 10**10
"""The suite's events are of no log that anybody reads: no real one's number comes near."""


class System(Protocol):
    """A server, or several behind `urls`. `has_routes` says whether there is an alias that moves by itself."""

    urls: Sequence[str]
    base: str
    has_routes: bool

    def model(self) -> str:
        """What callers ask for: whatever was swapped in last answers to it."""

    def pin(self, version: str) -> str:
        """What to ask for to be answered by `version`."""

    def adapter_of(self, answer: Answer) -> int | None:
        """The adapter of the version that the answer names; None for one that was never there."""

    async def add(self, adapter: int) -> str:
        """Bring an adapter in under a new name, everywhere; gives the version."""

    async def swap(self, adapter: int) -> str:
        """The same, and callers are answered by it from now on."""

    async def remove(self, version: str) -> None:
        """Take it out, whether or not anybody is being answered by it."""

    async def is_healthy(self, url: str) -> bool:
        """Whether that server can answer."""

    async def close(self) -> None:
        """Leave nothing behind."""


class Plain:
    """An engine: a version is a name that an adapter was loaded under, and callers ask for the newest one."""

    has_routes = False

    def __init__(self, asker: Asker, engine: PlainEngine, urls: Sequence[str], adapters: Sequence[Path], base: str) -> None:
        self.urls = urls
        self.base = base
        self._asker = asker
        self._engine = engine
        self._adapters = adapters
        self._run = uuid.uuid4().hex[:8]
        self._names = 0
        self._of: dict[str, int] = {base: BASE}
        self._loaded: list[str] = []
        self._swapped: list[str] = []

    def model(self) -> str:
        """The newest name."""
        return self.pin(self._swapped[-1]) if self._swapped else self.base

    def pin(self, version: str) -> str:
        """The name, as this engine wants it asked for."""
        return f"{self.base}:{version}" if self._engine == "sglang" else version

    def adapter_of(self, answer: Answer) -> int | None:
        """By the name that was asked for: engines say no more."""
        return self._of.get(answer.model if answer.model == self.base else answer.model.removeprefix(f"{self.base}:"))

    async def add(self, adapter: int) -> str:
        """Load it under a name that was never used."""
        self._names += 1
        version = f"conformance-{self._run}-{self._names}"
        await self.load(version, adapter)
        return version

    async def load(self, version: str, adapter: int) -> None:
        """Load it under that name."""
        self._of[version] = adapter
        for url in self.urls:
            await self._tell(url, "load", {"lora_name": version, "lora_path": str(self._adapters[adapter])})
        self._loaded.append(version)

    async def swap(self, adapter: int) -> str:
        """Load it, ask for it from now on, and unload what nobody asks for any more and nobody is being answered by."""
        version = await self.add(adapter)
        self._swapped.append(version)
        for old in self._swapped[:-_KEPT_NAMES]:
            if not self._asker.in_flight[self.pin(old)]:
                self._swapped.remove(old)
                await self.remove(old)
        return version

    async def remove(self, version: str) -> None:
        """Unload it."""
        for url in self.urls:
            await self._tell(url, "unload", {"lora_name": version})
        self._loaded.remove(version)

    def forget(self) -> None:
        """The engine was started anew, and what was loaded may be gone."""
        self._swapped.clear()

    async def is_healthy(self, url: str) -> bool:
        """By its health route."""
        return await _is_good(self._asker, f"{url}/health")

    async def close(self) -> None:
        """Unload everything that was loaded."""
        for version in list(self._loaded):
            with contextlib.suppress(Unavailable):
                await self.remove(version)

    async def _tell(self, url: str, what: str, body: dict[str, str]) -> None:
        try:
            answer = await self._asker.http.post(f"{url}{_ROUTES[self._engine]}{what}_lora_adapter", json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"{url} did not {what} {body['lora_name']}: {type(error).__name__}") from error
        if answer.status_code != 200 or '"success":false' in answer.text.replace(" ", ""):
            raise Unavailable(f"{url} did not {what} {body['lora_name']}: {answer.status_code} {answer.text[:300]}")


class Feed:
    """A system of rtadapt: versions of a feed of its own, published as a worker does and routed as operators do."""

    has_routes = True

    def __init__(
        self, asker: Asker, settings: Settings, urls: Sequence[str], adapters: Sequence[Path], base: str, feed: str
    ) -> None:
        """Raises InvalidSettings for a feed that is there already: it is deleted in the end."""
        self.urls = urls
        self.base = base
        self.feed = feed
        self._asker = asker
        self._adapters = adapters
        self._artifacts: dict[int, Artifact] = {}
        self._of: dict[str, int] = {base: BASE, version_name(feed, 0): BASE}
        with contextlib.closing(Registry(settings.registry)) as registry:
            if registry.head(feed) is not None:
                message = f"there is a feed {feed}, and the suite deletes its own in the end: name another with --feed"
                raise InvalidSettings(message, field="feed")
        self.publisher = Publisher(settings, feed, OWN_PARTITION)

    def model(self) -> str:
        """The alias."""
        return self.feed

    def pin(self, version: str) -> str:
        """The version's own name."""
        return version

    def adapter_of(self, answer: Answer) -> int | None:
        """By the header that names the version."""
        return self._of.get(answer.version)

    async def publish(self, adapter: int) -> tuple[str, str]:
        """A new version, and the token of what it has learned. Returns as soon as it is committed."""
        if adapter not in self._artifacts:
            self._artifacts[adapter] = await asyncio.to_thread(self.publisher.store_adapter, self._adapters[adapter])
        head = await asyncio.to_thread(self.publisher.head)
        self._of[version_name(self.feed, head.next_number)] = adapter  # before anybody can be answered by it
        version = await asyncio.to_thread(self.publisher.publish, self._artifacts[adapter])
        return version.name, f"{self.feed}.{OWN_PARTITION}.{version.positions[OWN_PARTITION] - 1}"

    async def add(self, adapter: int) -> str:
        """Publish it, and wait until every replica answers from it."""
        version, token = await self.publish(adapter)
        for url in self.urls:
            answer = await self._answer_after(url, token)
            if answer.failure:
                raise Unavailable(f"{url} does not answer from {version}: {answer.failure}")
        return version

    async def _answer_after(self, url: str, token: str) -> Answer:
        """An answer that covers the token. A replica that has not heard yet that the alias follows again is asked once more."""
        until = time.monotonic() + IN_FORCE_SECONDS
        while True:
            answer = await self._asker.ask(url, self.feed, "Who", 1, headers={"x-rtadapt-after": token})
            if answer.failure != "status 409" or time.monotonic() > until:
                return answer
            await asyncio.sleep(_PAUSE_SECONDS)

    async def swap(self, adapter: int) -> str:
        """The same: the alias moves by itself."""
        return await self.add(adapter)

    async def remove(self, version: str) -> None:
        """Nothing: which versions stay loaded is the system's affair."""

    async def change_route(self, action: Action) -> None:
        """An operator's word."""
        await asyncio.to_thread(self.publisher.registry.change_route, self.feed, action)

    async def is_healthy(self, url: str) -> bool:
        """By its readiness."""
        return await _is_good(self._asker, f"{url}/readyz")

    async def close(self) -> None:
        """Delete the feed."""
        try:
            registry, end = self.publisher.registry, self.publisher.head().positions.get(OWN_PARTITION, 0)
            await asyncio.to_thread(registry.delete_feed, self.feed, OWN_PARTITION, end)
        finally:
            self.publisher.close()


async def base_name(asker: Asker, url: str) -> str:
    """What the base model answers to at `url`. Raises Unavailable when no server of OpenAI's API is there."""
    try:
        answer = await asker.http.get(f"{url}/v1/models")
        cards = answer.json()["data"] if answer.status_code == 200 else []
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        raise Unavailable(f"no server answers at {url}/v1/models: {type(error).__name__}") from error
    for card in cards:
        if not card.get("parent"):
            return str(card["id"])
    raise Unavailable(f"{url}/v1/models names no base model: status {answer.status_code}")


async def until_healthy(system: System, seconds: float) -> None:
    """Return once all servers are. Raises Unavailable."""
    deadline = time.monotonic() + seconds
    for url in system.urls:
        while not await system.is_healthy(url):
            if time.monotonic() > deadline:
                raise Unavailable(f"{url} was not well again within {seconds:.0f} s")
            await asyncio.sleep(_PAUSE_SECONDS)


async def _is_good(asker: Asker, address: str) -> bool:
    try:
        return (await asker.http.get(address)).status_code == 200
    except httpx.HTTPError:
        return False
