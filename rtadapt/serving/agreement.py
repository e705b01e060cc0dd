"""Whether what the engine answers from a version is what the learner judged.

Owns that check: some of the version's own probes, asked of the engine in one batch, greedily, and compared token by token with
what lies beside the adapter. An adapter under names that the engine does not know, one that lacks a part, one for another base:
each loads without complaint and answers something else, often as the base would. Such a version is not served.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtadapt.errors import EngineRefused
from rtadapt.judged import Answer
from rtadapt.observe import metrics
from rtadapt.serving.engine import Engine

_LEAST = 0.5
"""Rounding makes an answer differ now and then; so many must not, of those that the base would give otherwise."""


async def check(engine: Engine, feed: str, name: str, answers: Sequence[Answer]) -> None:
    """Ask `name`, a loaded version of `feed`, for `answers`. Raises EngineRefused where it gives others.

    Where nothing was told about a version there is nothing to compare. What the base says is asked only where it matters.
    """
    asked = [answer for answer in answers if len(answer.prompt) + len(answer.said) <= engine.max_model_len and answer.said]
    if not asked:
        return
    agreed = await _agreed(engine, name, asked)
    share = sum(agreed) / len(agreed)
    metrics.SERVED_AGREEMENT.labels(feed).set(share)
    metrics.SERVED_ANSWERS.labels(feed, "as judged").inc(sum(agreed))
    metrics.SERVED_ANSWERS.labels(feed, "otherwise").inc(len(agreed) - sum(agreed))
    if share == 1.0:
        return
    by_base = await _agreed(engine, engine.base_name, asked)
    telling = [hit for hit, base in zip(agreed, by_base, strict=True) if not base] or agreed
    if sum(telling) < _LEAST * len(telling):
        raise EngineRefused(
            f"{name} was loaded but gives only {sum(telling)} of {len(telling)} answers that it was judged by and the base does "
            "not give: its adapter is damaged, named for another engine, or for another base model"
        )


async def _agreed(engine: Engine, name: str, asked: Sequence[Answer]) -> list[bool]:
    longest = max(len(answer.said) for answer in asked)
    given = await engine.complete(name, [answer.prompt for answer in asked], longest)
    return [tuple(ids[: len(answer.said)]) == answer.said for ids, answer in zip(given, asked, strict=True)]
