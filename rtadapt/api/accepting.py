"""What requests push, from their bytes to the log, with what their keys may and the registry is told of it.

Owns the order of that, and that small pushes of one moment go through it together. Takes bodies with their headers; gives what
became of each item, or raises what is wrong with the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from rtadapt.access import Key, Keys, Use
from rtadapt.api.pushing import Pushing
from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError, Unavailable
from rtadapt.events.bodies import Items, split, unpack
from rtadapt.events.intake import Intake, ItemResult, Push
from rtadapt.observe import metrics
from rtadapt.records import EventStatus
from rtadapt.web.gathering import Gathering

_SMALL_BYTES = 16 * 1024
"""A larger body, which takes longer to read, holds up no other one."""
_TOGETHER = 100
_LARGE_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to push: its body as it came, its headers with names in lower case, and who asks."""

    raw: bytes
    headers: Mapping[str, str]
    feed: str
    key: Key
    request_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a push. `single` says that it was one event and not a list that happens to have one."""

    results: list[ItemResult]
    single: bool


class Accepting:
    """One app's. `note` tells the registry."""

    def __init__(
        self,
        limits: IntakeSettings,
        intake: Callable[[], Intake],
        pushing: Pushing,
        keys: Keys,
        note: Callable[[Sequence[EventStatus]], None],
    ) -> None:
        self._limits = limits
        self._intake = intake
        self._pushing = pushing
        self._keys = keys
        self._note = note
        self._together = Gathering(self._accept, _TOGETHER)
        self._alone = ThreadPoolExecutor(_LARGE_AT_ONCE, thread_name_prefix="accepting")

    async def push(self, asked: Asked) -> Accepted:
        """What became of it. Raises what is wrong with the body as a whole, and Unavailable."""
        if len(asked.raw) <= _SMALL_BYTES and not asked.headers.get("content-encoding"):
            return await self._together(asked)
        outcome = (await asyncio.get_running_loop().run_in_executor(self._alone, self._accept, [asked]))[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def take(self, items: Items, key: Key, request_id: str) -> list[ItemResult]:
        """What became of items that are read already. Raises Unavailable."""
        outcome = self._take([self._push(items, {}, "", key, request_id)], [key])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Wait until what was begun is done."""
        self._together.close()
        self._alone.shutdown()

    def _accept(self, asked: Sequence[Asked]) -> list[Accepted | Exception]:
        read = [self._items(one) for one in asked]
        good = [(one, items) for one, items in zip(asked, read, strict=True) if isinstance(items, Items)]
        pushes = [self._push(items, one.headers, one.feed, one.key, one.request_id) for one, items in good]
        taken = iter(self._take(pushes, [one.key for one, _ in good]))
        return [_accepted(items, next(taken)) if isinstance(items, Items) else items for items in read]

    def _items(self, asked: Asked) -> Items | Exception:
        try:
            raw = unpack(asked.raw, asked.headers.get("content-encoding", ""), self._limits)
            return split(raw, asked.headers, self._limits)
        except Exception as error:  # noqa: BLE001 - its caller raises it: those beside it are none the worse
            return error

    def _push(self, items: Items, headers: Mapping[str, str], feed: str, key: Key, request_id: str) -> Push:
        check = partial(self._pushing.check, key)
        return Push(items.items, items.media_type, headers, feed, request_id, check)

    def _take(self, pushes: Sequence[Push], keys: Sequence[Key]) -> list[list[ItemResult] | Exception]:
        """Append the good ones of what the keys may push, and note them."""
        outcomes = self._append(pushes)
        metrics.APPEND_FAILURES.inc(sum(isinstance(outcome, Unavailable) for outcome in outcomes))
        results = [(key, outcome) for key, outcome in zip(keys, outcomes, strict=True) if isinstance(outcome, list)]
        for key, outcome in results:
            self._keys.spend(key, Use.EVENTS, sum(result.error is None for result in outcome))
        self._note([status for _, outcome in results for result in outcome if (status := result.status) is not None])
        return outcomes

    def _append(self, pushes: Sequence[Push]) -> list[list[ItemResult] | Exception]:
        try:
            self._pushing.begin()
            return self._intake().accept(pushes)
        except RtadaptError as error:  # the log as a whole
            return [error] * len(pushes)


def _accepted(items: Items, outcome: list[ItemResult] | Exception) -> Accepted | Exception:
    return Accepted(outcome, items.single) if isinstance(outcome, list) else outcome
