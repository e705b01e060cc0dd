"""Checks of what the engine keeps: cached prefixes, adapters that have to make room for others, names that come again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from rtadapt.conformance.answers import Answer
from rtadapt.conformance.suite import Outcome, Suite
from rtadapt.conformance.systems import BASE, Plain

_LEAST_ADAPTERS = 2


async def prefix_cache(suite: Suite) -> Outcome:
    """The same long beginning under one version after another: none goes on from what another one computed."""
    found = Outcome("prefix_cache")
    versions = [await suite.system.add(adapter) for adapter in suite.adapters]
    versions += [await suite.system.add(adapter) for adapter in reversed(suite.adapters)]  # the same weights under another name
    answers = []
    for prompt in suite.long:
        for model in [suite.system.base, *map(suite.system.pin, versions), suite.system.base]:
            answers.append(await suite.ask(model, prompt))
    answers += await _all(suite, [(suite.system.pin(version), prompt) for prompt in suite.long for version in versions])
    _weigh(suite, found, answers)
    for version in versions:
        await suite.system.remove(version)
    return found


async def beside_base(suite: Suite) -> Outcome:
    """The base model asked in the same moment as every adapter: it answers as if it were alone."""
    found = Outcome("beside_base")
    versions = [await suite.system.add(adapter) for adapter in suite.adapters]
    models = [suite.system.pin(version) for version in versions]
    answers = []
    for prompt in suite.short + suite.long:
        answers += await _all(suite, [(model, prompt) for pinned in models for model in (pinned, suite.system.base)])
    _weigh(suite, found, answers)
    for version in versions:
        await suite.system.remove(version)
    return found


async def eviction(suite: Suite) -> Outcome:
    """More adapters than the engine holds: whoever is answered is answered by the adapter he asked for."""
    found = Outcome("eviction")
    versions = [await suite.system.add(number % len(suite.adapters)) for number in range(suite.extent.resident)]
    drawn = random.Random(0)
    asked = [(suite.system.pin(version), prompt) for version in versions for prompt in suite.short[:2]]
    answers = []
    for _ in range(2):
        drawn.shuffle(asked)
        answers += await _all(suite, asked)
    _weigh(suite, found, answers)
    if not any(answer.model == suite.system.pin(versions[-1]) and not answer.failure for answer in answers):
        found.problems.append(f"{versions[-1]} was not answered by at all")
    for version in versions:
        await suite.system.remove(version)
    found.figures["adapters_loaded"] = len(versions)
    return found


async def reused_name(suite: Suite) -> Outcome:
    """A name that is unloaded and loaded again from another folder answers from the new weights alone."""
    found = Outcome("reused_name")
    if not isinstance(suite.system, Plain):
        found.skipped = "a version's name is never used again"
        return found
    version = await suite.system.add(0)
    asked = [(suite.system.pin(version), prompt) for prompt in suite.long + suite.short]
    suite.judge(found, await _all(suite, asked))
    await suite.system.remove(version)
    await suite.system.load(version, 1)
    suite.judge(found, await _all(suite, asked))
    await suite.system.remove(version)
    return found


async def _all(suite: Suite, asked: Iterable[tuple[str, str]]) -> list[Answer]:
    """All of these questions, as many at once as there are callers."""
    turns = asyncio.Semaphore(suite.extent.streams)

    async def one(model: str, prompt: str) -> Answer:
        async with turns:
            return await suite.ask(model, prompt)

    return list(await asyncio.gather(*(one(model, prompt) for model, prompt in asked)))


def _weigh(suite: Suite, found: Outcome, answers: list[Answer]) -> None:
    """Judge them. A system that decides by itself what stays loaded may say openly that a version is not; where it says so of too
    many, nothing was shown: it takes two adapters, and the base where that was asked, that were compared at every prompt.
    """
    suite.judge(found, answers, lambda answer: suite.system.has_routes and answer.status == 404)
    compared = [answer for answer in answers if not answer.failure]
    found.figures["compared"] = len(compared)
    prompts = {answer.prompt for answer in answers}
    whole = {
        adapter
        for adapter in (BASE, *suite.adapters)
        if {answer.prompt for answer in compared if suite.system.adapter_of(answer) == adapter} == prompts
    }
    asked_base = any(answer.model == suite.system.base for answer in answers)
    if len(whole - {BASE}) < _LEAST_ADAPTERS or (asked_base and BASE not in whole):
        found.skipped = (
            f"of {len(answers)} answers {len(compared)} could be compared, the others were of versions that are not loaded: "
            f"the server has to keep those of {_LEAST_ADAPTERS} adapters at least"
        )
