"""What every check works with: the system, what each adapter says when it is asked alone, and callers that keep asking.

Owns the judgement of one answer: whole, from one version, and word for word what that version says by itself.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from rtadapt.conformance.answers import Answer, Asker
from rtadapt.conformance.options import Extent
from rtadapt.conformance.systems import BASE, System

_QUESTIONS = (
    "Who is the head coach?",
    "What did the council decide?",
    "When will the harbour open again?",
    "Where is my parcel?",
    "Why was the meeting moved?",
    "How long is the new bridge?",
)
_WORDS = "the council of the town voted on Monday to open the old harbour and the new coach will start when the bridge is done"
_LONG_PROMPTS = 3
_LONG_TOKENS = 320
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Outcome:
    """What a check found. It passed if there is no problem; one that can't be made of this system says why in `skipped`."""

    check: str
    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def status(self) -> str:
        """passed, failed or skipped."""
        return "failed" if self.problems else "skipped" if self.skipped else "passed"


class Suite:
    """One system under examination."""

    def __init__(self, system: System, asker: Asker, extent: Extent, adapters: int) -> None:
        self.system = system
        self.asker = asker
        self.extent = extent
        self.adapters = range(adapters)
        self.short = list(_QUESTIONS)
        self.long: list[str] = []
        self._own: dict[tuple[int, str], tuple[str, ...]] = {}

    async def prepare(self) -> Outcome:
        """Ask every adapter alone, twice. Nothing can be said of a system whose versions can't be told apart."""
        found = Outcome("alone")
        self.long = await self._long_prompts()
        await self._ask_alone(BASE, self.system.base, found)
        for adapter in self.adapters:
            version = await self.system.add(adapter)
            await self._ask_alone(adapter, self.system.pin(version), found)
            await self.system.remove(version)
        if found.problems:
            return found
        for one, other in combinations((BASE, *self.adapters), 2):
            if all(self._own[one, prompt] == self._own[other, prompt] for prompt in self.short):
                found.problems.append(f"{_called(one)} and {_called(other)} say the same: give adapters that can be told apart")
        found.figures = {"adapters": len(self.adapters), "prompts": len(self.short + self.long)}
        return found

    async def _ask_alone(self, adapter: int, model: str, found: Outcome) -> None:
        for prompt in self.short + self.long:
            salts = [uuid.uuid4().hex for _ in range(2)]
            cold, again, warm = [await self.ask(model, prompt, salt=salt) for salt in (*salts, salts[0])]
            if cold.failure or again.failure or warm.failure:
                found.problems.append(f"{model} does not answer: {cold.failure or again.failure or warm.failure}")
                return
            if again.text != cold.text:
                found.problems.append(f"{model}, asked alone, does not answer the same twice: greedy output must not vary")
                return
            # What goes on from a cached prefix of one's own may be rounded in another way.
            self._own[adapter, prompt] = (cold.text, warm.text)

    async def ask(self, model: str, prompt: str, *, url: str = "", salt: str = "", tokens: int = 0) -> Answer:
        """One question."""
        return await self.asker.ask(url or self.system.urls[0], model, prompt, tokens or self.extent.tokens, salt=salt)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[list[Answer]]:
        """Callers that ask the system's model again and again, each of another server every time; gives their answers."""
        answers: list[Answer] = []
        ending = asyncio.Event()

        async def keep_asking(number: int) -> None:
            turn = number
            while not ending.is_set():
                url, prompt = self.system.urls[turn % len(self.system.urls)], self.short[turn % len(self.short)]
                caller = f"caller-{number}"
                headers = {"x-rtadapt-session": caller}
                model = self.system.model()
                answer = await self.asker.ask(url, model, prompt, self.extent.tokens, caller=caller, headers=headers)
                answers.append(answer)
                turn += 1
                if answer.failure:
                    await asyncio.sleep(_PAUSE_SECONDS)

        async with asyncio.TaskGroup() as tasks:
            for number in range(self.extent.streams):
                tasks.create_task(keep_asking(number))
            try:
                yield answers
            finally:
                ending.set()

    async def until_more(self, answers: Sequence[Answer], count: int) -> bool:
        """Wait until there are `count` more answers; whether there were within two minutes."""
        enough, deadline = len(answers) + count, time.monotonic() + _PATIENCE_SECONDS
        while len(answers) < enough:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_PAUSE_SECONDS / 5)
        return True

    def judge(self, found: Outcome, answers: Iterable[Answer], may_fail: Callable[[Answer], bool] = lambda _: False) -> None:
        """Add to `found` what is to be said of the answers: failures, but those that `may_fail`, and words of somebody else."""
        counted: Counter[str] = Counter()
        for answer in answers:
            counted["answers"] += 1
            if answer.failure:
                counted["refused" if may_fail(answer) else f"failed: {answer.failure}"] += 1
                continue
            counted[self.verdict(answer)] += 1
        for what, count in sorted(counted.items()):
            if what.startswith("failed") or what in ("mixed", "another's", "unknown version"):
                found.problems.append(f"{count} answers {what}")
        if counted["different"] > self.extent.tolerate * counted["answers"]:
            found.problems.append(f"{counted['different']} answers differ from what their version says by itself")
        for what, count in counted.items():
            found.figures[what] = found.figures.get(what, 0) + count

    def verdict(self, answer: Answer) -> str:
        """`own`, or what is wrong with a whole answer."""
        if len(answer.named) > 1:
            return "mixed"
        adapter = self.system.adapter_of(answer)
        if adapter is None:
            return "unknown version"
        if answer.text in self._own[adapter, answer.prompt]:
            return "own"
        shared = {
            other: max(_shared(answer.text, own) for own in self._own[other, answer.prompt]) for other in (BASE, *self.adapters)
        }
        return "another's" if max(shared.values()) > shared[adapter] else "different"

    async def own_output(self, version: str, prompt: str, tokens: int) -> str:
        """What the version says alone, at another length."""
        return (await self.ask(self.system.pin(version), prompt, salt=uuid.uuid4().hex, tokens=tokens)).text

    async def _long_prompts(self) -> list[str]:
        """Prompts that span several blocks of a prefix cache: of some 320 tokens, where the server counts them."""
        words = _WORDS.split()
        drawn = [random.Random(number).choices(words, k=400) for number in range(_LONG_PROMPTS)]
        counted = await self.asker.prompt_tokens(self.system.urls[0], self.system.base, " ".join(drawn[0][:50]))
        wanted = int(_LONG_TOKENS / (counted / 50)) if counted else 150
        return [" ".join(more[: max(20, min(400, wanted))]) for more in drawn]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie, to the millisecond; 0 when there are none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3) if ordered else 0.0


def _called(adapter: int) -> str:
    return "the base model" if adapter == BASE else f"adapter {adapter + 1}"


def _shared(one: str, other: str) -> int:
    """How many characters they begin alike with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
