"""Whether this engine fits the learner: the same token ids, the same ends, adapters that change what they should.

Owns the trial at the start: a worker that has loaded the base says in the registry where its two trial adapters lie, and this
replica holds its engine against them, before there is anything to serve. What does not fit is one sentence, in the log, in the
registry and on the terminal of `rtadapt up`; what is served already goes on.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rtadapt.errors import Unavailable
from rtadapt.judged import Fit, read_fit
from rtadapt.observe import metrics
from rtadapt.records import Artifact
from rtadapt.registry.registry import Registry
from rtadapt.serving.engine import Engine
from rtadapt.serving.loading import LOAD_ERRORS, Loader, Offer

logger = logging.getLogger(__name__)

FITS = "fits"
_ATTEMPTS = 3
_EXACT, _ROUNDED = 0.02, 0.2
"""How far, as a share of it, the engine's change may be from the learner's: where both count in float32, and elsewhere."""


class Fitting:
    """One replica's. `run` until cancelled; `word` is FITS, what does not fit, or empty while nobody can know."""

    def __init__(self, engine: Engine, loader: Loader, registry: Registry, dtype: str, poll_seconds: float) -> None:
        self._engine, self._loader, self._registry = engine, loader, registry
        self._dtype, self._poll_seconds = dtype, poll_seconds
        self._tried: frozenset[Offer] = frozenset()
        self._attempts: Counter[Offer] = Counter()
        self.word = ""

    async def run(self) -> None:
        """Try what workers offer, each once."""
        while True:
            try:
                workers = await asyncio.to_thread(self._registry.live_workers)
                for zero, moving in _offers(workers):
                    if moving not in self._tried:
                        await self._try(zero, moving)
            except Unavailable:  # the follower says so
                pass
            await asyncio.sleep(self._poll_seconds)

    async def _try(self, zero: Offer, moving: Offer) -> None:
        try:
            lacking = await self._lacking(zero, moving)
        except Unavailable:
            raise
        except LOAD_ERRORS as error:
            self._attempts[moving] += 1
            if self._attempts[moving] < _ATTEMPTS:
                logger.warning("this engine could not be tried", extra={"code": error.code, "reason": str(error)})
                return
            lacking = f"its adapters can't be used ({error})"
        self._tried |= {moving}
        self.word = f"this engine does not fit the learner: {lacking}" if lacking else FITS
        metrics.ENGINE_FITS.set(not lacking)
        if lacking:
            logger.error("this engine does not fit the learner", extra={"reason": lacking})
        else:
            logger.info("this engine fits the learner: token ids, ends of answers and adapters agree")

    async def _lacking(self, zero: Offer, moving: Offer) -> str:
        """What does not fit; empty if all does. Raises LOAD_ERRORS."""
        async with self._loader.on_trial(moving) as (name, folder):
            fit = await asyncio.to_thread(read_fit, folder)
            lacking = await self._chats(fit) or await self._ends(fit) or await self._moves(fit, name)
        if lacking:
            return lacking
        async with self._loader.on_trial(zero) as (name, _):
            shift = fit.shifts[0]
            still = [await self._engine.log_probs(one, shift.prompt, shift.tokens) for one in (self._engine.base_name, name)]
        off = _norm(a - b for a, b in zip(*still, strict=True))
        return (
            "" if off <= self._tolerance(fit) * _norm(iter(still[0])) else "an adapter that changes nothing changes what it says"
        )

    async def _chats(self, fit: Fit) -> str:
        for chat in fit.chats:
            theirs = await self._engine.tokenize(chat.messages, thinking=chat.thinking)
            if theirs is not None and not chat.ids:
                return "the engine has a chat template and the learner has none"
            if theirs is not None and theirs != chat.ids:
                if chat.ids[: len(theirs)] == theirs:
                    return (
                        f"{chat.about} opens a thought although enable_thinking is off, and what is taught follows an empty one: "
                        "serve a chat template that closes it"
                    )
                return f"{chat.about} is {len(chat.ids)} token ids to the learner and {len(theirs)} others to the engine"
        return ""

    async def _ends(self, fit: Fit) -> str:
        prompt = fit.shifts[0].prompt
        for token in fit.ends:
            if not await self._engine.ends_at(self._engine.base_name, prompt, token):
                return f"answers are taught to end with token {token}, at which the engine does not stop"
        return ""

    async def _moves(self, fit: Fit, name: str) -> str:
        """Whether the adapter changes what the engine says as it does in the learner."""
        wanted: list[float] = []
        found: list[float] = []
        for shift in fit.shifts:
            before = await self._engine.log_probs(self._engine.base_name, shift.prompt, shift.tokens)
            after = await self._engine.log_probs(name, shift.prompt, shift.tokens)
            wanted += [b - a for a, b in zip(shift.base, shift.adapted, strict=True)]
            found += [b - a for a, b in zip(before, after, strict=True)]
        off = _norm(a - b for a, b in zip(wanted, found, strict=True)) / (_norm(iter(wanted)) or 1.0)
        if off <= self._tolerance(fit):
            return ""
        return f"an adapter changes what it says by other amounts than in the learner, {off:.0%} off"

    def _tolerance(self, fit: Fit) -> float:
        return _EXACT if self._dtype == fit.dtype == "float32" else _ROUNDED


def _offers(workers: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Offer, Offer]]:
    """The trial adapters that workers name: the one that changes nothing, and the one that changes much."""
    for info in workers.values():
        try:
            zero, moving = (_offer(one) for one in info["trial"])
        except (KeyError, TypeError, ValueError):  # of another release, or not so far
            continue
        yield zero, moving


def _offer(said: Mapping[str, Any]) -> Offer:
    adapter = Artifact(str(said["digest"]), str(said["path"]), int(said["size_bytes"]))
    return Offer(adapter, str(said.get("signature", "")))


def _norm(values: Iterator[float]) -> float:
    return math.sqrt(sum(value * value for value in values))
