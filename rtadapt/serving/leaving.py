"""The way out of the engine: names that it is told to forget, and what lies behind them.

Owns what the engine may still know although nobody is sent to it. That counts as held until the engine has said that it forgot
it: a name that it would not forget is tried again, and one that it was too busy to check is taken up by the next load of it, or
goes like the others. Weights and files go a while after the name.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from rtadapt.errors import EngineRefused
from rtadapt.records import Version
from rtadapt.serving.aside import Aside
from rtadapt.serving.copies import Copies
from rtadapt.serving.engine import Engine
from rtadapt.serving.identity import engine_name

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 10.0
"""A request that was aborted may still be in the engine for a moment after it left us. An engine that would not forget a name is
left alone for as long."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the engine may know, until when it may, and the version that it is, if it is one."""

    size_bytes: int
    until: float
    version: Version | None


class Leaving:
    """Of one engine."""

    def __init__(self, engine: Engine, copies: Copies, aside: Aside) -> None:
        self._engine = engine
        self._copies = copies
        self._aside = aside
        self._kept: dict[str, _Kept] = {}
        self._going: set[str] = set()  # those of them that are being unloaded: soon there is room for others
        self._ends: dict[str, asyncio.Event] = {}  # of an unload or a removal that is under way
        self._discards: list[tuple[float, Version]] = []

    def sizes(self, but: Collection[str], *, going: bool) -> list[int]:
        """The bytes of what the engine may still know, but for what is called as in `but`; with or without what is `going`."""
        counted = {name: kept for name, kept in self._kept.items() if going or name not in self._going}
        return [kept.size_bytes for name, kept in counted.items() if (kept.version.name if kept.version else name) not in but]

    def begin(self, version: Version) -> None:
        """Nobody is sent to the version any more. `unload` must follow; who loads it again waits for that."""
        name = engine_name(version)
        self._keep(name, version.adapter.size_bytes, version)
        self._going.add(name)
        self._ends[name] = asyncio.Event()

    def recover(self) -> None:
        """Whoever unloaded is gone: what was not unloaded by then is left to `sweep`."""
        for name in list(self._going):
            self._end(name)

    async def over(self, name: str) -> None:
        """Wait while `name` is being unloaded, or what lay behind it removed: else a load would have it go from under it."""
        while (end := self._ends.get(name)) is not None:
            await end.wait()

    async def one_more(self) -> bool:
        """Wait until one of those being unloaded was, or would not be. False if there is none."""
        name = next(iter(self._going), None)
        if name is not None:
            await self._ends[name].wait()
        return name is not None

    def take_back(self, name: str) -> None:
        """It is being loaded again: no longer to be forgotten."""
        self._kept.pop(name, None)

    def keep(self, version: Version) -> None:
        """The engine knows the version, and whoever loaded it has not come to an end with it."""
        self._keep(engine_name(version), version.adapter.size_bytes, version)

    def put_off(self, version: Version, seconds: float) -> None:
        """A version is not in use that may be loaded again in so many seconds: what is there of it goes a while after that."""
        moment, name = time.monotonic() + seconds + _GRACE_SECONDS, engine_name(version)
        if name in self._kept:
            self._kept[name] = replace(self._kept[name], until=moment)
        else:
            self._discards.append((moment, version))

    async def unload(self, version: Version) -> None:
        """Let the engine forget the name; weights and files go later."""
        name = engine_name(version)
        try:
            if await self.dismiss(name, version.adapter.size_bytes, version):
                self.put_off(version, 0.0)
                logger.info("version unloaded", extra={"feed": version.feed, "version": version.name})
        finally:
            self._end(name)

    async def dismiss(self, name: str, size_bytes: int, version: Version | None = None) -> bool:
        """Have the engine forget a name, and say whether it did. Else it counts as held, and `sweep` tries again."""
        self._keep(name, size_bytes, version)
        try:
            await asyncio.shield(self._engine.unload(name))
        except EngineRefused as error:
            logger.warning("the engine would not forget an adapter", extra={"adapter": name, "reason": str(error)})
            return False
        self._kept.pop(name, None)
        return True

    async def sweep(self, turn: asyncio.Lock, is_wanted: Callable[[Version], bool]) -> None:
        """Try again what the engine would not forget, and remove what lay behind what it forgot long enough ago.

        `turn` is that of loads: none enters the engine while this has one go. What `is_wanted` has files that stay.
        """
        now = time.monotonic()
        for name in [name for name, kept in self._kept.items() if kept.until <= now and name not in self._going]:
            async with turn:
                kept = self._kept.get(name)  # else it was loaded again meanwhile
                if kept is not None and await self.dismiss(name, kept.size_bytes, kept.version) and kept.version is not None:
                    self.put_off(kept.version, 0.0)
        due = [version for moment, version in self._discards if moment <= now]
        self._discards = [(moment, version) for moment, version in self._discards if moment > now]
        for version in due:
            name = engine_name(version)
            if name not in self._kept and name not in self._ends and not is_wanted(version):  # else its turn comes later
                await self._remove(version)
        await self._engine.look_again()

    async def _remove(self, version: Version) -> None:
        name = engine_name(version)
        self._ends[name] = asyncio.Event()
        try:
            await self._engine.purge(name)
            await self._aside.run(self._copies.discard, version)
        finally:
            self._end(name)

    def _keep(self, name: str, size_bytes: int, version: Version | None) -> None:
        self._kept[name] = _Kept(size_bytes, time.monotonic() + _GRACE_SECONDS, version)

    def _end(self, name: str) -> None:
        self._going.discard(name)
        if (end := self._ends.pop(name, None)) is not None:
            end.set()
