"""What the engine's own memory of adapters holds: told apart from the names that its server answers to.

Owns the internals of vLLM 0.32 that this takes. Its route unloads a name and leaves the weights, which then push others out:
a version that is answered from would be read again in the middle of a step. So they are removed here, by the number that the
engine knows them by, and what the engine has let go by itself is seen.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rtadapt.observe import metrics

logger = logging.getLogger(__name__)

_CALL_SECONDS = 10.0


class EngineMemory:
    """Of one engine; of none that is known, for an app that is not vLLM's: then there is nothing to remove."""

    def __init__(self, app: Any) -> None:
        state = getattr(app, "state", None)
        self._models: Any = getattr(state, "openai_serving_models", None)
        self._engine: Any = getattr(state, "engine_client", None)
        self._numbers: dict[str, int] = {}
        self._evicted: set[str] = set()
        self._is_stale = False

    def note(self) -> dict[str, int]:
        """Remember, and give, the numbers of the names that the engine answers to now."""
        if self._engine is None or self._models is None:
            return {}
        names = {name: int(request.lora_int_id) for name, request in self._models.lora_requests.items()}
        self._numbers |= names
        return names

    async def look(self) -> None:
        """Count what is in memory, and what of the names that the engine answers to is not: it was pushed out."""
        if self._engine is None or self._models is None:
            return
        self._is_stale = False
        names = self.note()
        held = await self._asked(self._engine.list_loras())
        if held is None:
            return
        metrics.ENGINE_ADAPTERS.set(len(held))
        gone = {name for name, number in names.items() if number not in held and name in self._models.lora_requests}
        for name in gone - self._evicted:
            metrics.EVICTED.inc()
            logger.warning("the engine let an adapter go that it answers to", extra={"adapter": name})
        self._evicted = gone

    async def remove(self, name: str) -> None:
        """Have the weights go that `name` stood for. The engine must not answer to it any more."""
        if (number := self._numbers.get(name)) is not None:
            await self._asked(self._engine.remove_lora(number))
            self._is_stale = True

    async def look_again(self) -> None:
        """Count, if something has gone since that was last done."""
        if self._is_stale:
            await self.look()

    async def forget(self, name: str) -> None:
        """Once more, and for good: a request that was cut off may have brought them back for its last step."""
        await self.remove(name)
        if self._numbers.pop(name, None) is not None:
            self._models.lora_resolver_lock.pop(name, None)  # one a name, for ever

    async def _asked(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await call
        except Exception as error:  # noqa: BLE001 - whatever an engine raises, its health says whether it is one
            logger.warning("the engine's memory can't be asked", extra={"error": type(error).__name__})
            return None
