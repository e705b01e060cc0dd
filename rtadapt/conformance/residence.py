"""Checks of what the engine keeps: cached prefixes, adapters that have to make room for others, names that come again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from rtadapt.conformance.answers import Answer
from rtadapt.conformance.suite import Outcome, Suite
from rtadapt.conformance.systems import Plain


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
    suite.judge(found, answers, lambda answer: _may_be_gone(suite, answer))
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
    suite.judge(found, answers, lambda answer: _may_be_gone(suite, answer))
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
    suite.judge(found, answers, lambda answer: _may_be_gone(suite, answer))
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


def _may_be_gone(suite: Suite, answer: Answer) -> bool:
    """A system that decides by itself what stays loaded may say openly that a version is not."""
    return suite.system.has_routes and answer.status == 404
