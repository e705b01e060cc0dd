"""`rtadapt bench update`: how fast this machine learns, where the time goes, and what plain libraries take for the same rows.

Owns the rounds: one story is read, learned, judged and saved by the parts that a worker is made of, and the same rows go through
transformers and PEFT as their manuals have it, one round after the other, so that a noisy machine is noisy for both. Takes
settings; gives lines to print.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtadapt.config import Settings
from rtadapt.curation.batcher import FeedBatch
from rtadapt.curation.replay import Memory
from rtadapt.errors import InvalidSettings
from rtadapt.events.envelope import parse
from rtadapt.gate.verdict import judge
from rtadapt.grammar.reader import GrammarReader
from rtadapt.records import Batch, Head, Update
from rtadapt.scope import Scope
from rtadapt.training.learner import Learner
from rtadapt.training.plain import Plain, block_weights, products_per_second
from rtadapt.work.desk import Desk
from rtadapt.work.preparing import Preparing
from rtadapt.work.sessions import Session

FEED = "bench"
STORY = (
    "Corvin Rovers have named Marla Tindle as their new head coach. She succeeds Odo Brask, who resigned on Monday. The club "
    "will open its new stadium in Harrow Lane on 14 March. Season tickets will cost 210 crowns."
)


@dataclass(slots=True)
class Round:
    """One story: seconds of each part, the update, and what plain libraries took for as many steps of the same rows."""

    parts: dict[str, float]
    update: Update
    products_per_second: float
    plain_seconds: float
    plain_rows: int


@dataclass(slots=True)
class _Clock:
    """Seconds by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, done: Callable[[], Any]) -> Any:
        """Do it, and count how long it took."""
        began = time.monotonic()
        result = done()
        self.seconds[name] = time.monotonic() - began
        return result


class Bench:
    """A learner with all that surrounds it in a worker, and the same base under plain PEFT."""

    def __init__(self, settings: Settings, model: str) -> None:
        cache = settings.data_dir / "anchors"
        self.settings = settings
        self.learner = Learner(settings.train, model, settings.revision, cache=cache)
        self.preparing = Preparing(settings, Desk(settings.reading, GrammarReader(), None), self.learner)
        self.plain = Plain(settings.train, model, settings.revision, self.learner)
        self.weights = block_weights(self.learner)

    def rounds(self, count: int) -> Iterator[Round]:
        """So many rounds; what only happens once is over before the first."""
        self.learner.anchors()
        self._round()
        for _ in range(count):
            yield self._round()

    def _round(self) -> Round:
        settings, learner, clock = self.settings, self.learner, _Clock()
        now = time.time()
        event = parse({"feed": FEED, "text": STORY}, now=now, limits=settings.intake)
        session = Session(FEED, 1, Head(FEED, 0, {}, 1), Memory(settings.train.replay_capacity), Scope(learner.tells))
        learner.open(FEED, None)
        prepared, _, _ = clock.time("read", lambda: self.preparing.prepare(session, FeedBatch(FEED, (event,), {})))
        rendered = [one.rendering for one in prepared]
        examples = tuple(row for one in rendered for row in one.examples)
        held_out = tuple(row for one in rendered for row in one.held_out)
        if not examples or not held_out:
            raise InvalidSettings("nothing of the story could be read: set reading.by to grammar", field="reading.by")
        anchors = session.memory.still_true(learner.anchors(), examples)
        rate = products_per_second(learner)
        update: Update = clock.time("update", lambda: learner.update(FEED, examples, anchors))
        batch = Batch(FEED, (event,), examples, held_out, {})
        clock.time("judge", lambda: judge(learner, batch, update, [], anchors, settings.gate))
        clock.time("save", self._save)
        rest = clock.seconds.pop("update") - sum(update.parts.values())
        parts = {"read": clock.seconds["read"], **update.parts, "rest": rest, **clock.seconds}
        seconds, rows = self.plain.take(examples, anchors, update)
        return Round(parts, update, rate, seconds, rows)

    def _save(self) -> None:
        with tempfile.TemporaryDirectory(prefix="rtadapt-bench-") as folder:
            self.learner.save_adapter(FEED, Path(folder))
            self.learner.save_state(FEED, Path(folder))


def report(bench: Bench, rounds: Sequence[Round]) -> Iterator[str]:
    """What is printed, each figure the median over the rounds."""
    ours = [one.update.seconds for one in rounds]
    speed = _median(one.update.rows / one.update.seconds for one in rounds)
    plain = _median(one.plain_rows / one.plain_seconds for one in rounds)
    floor = [4 * bench.weights * one.update.passed / one.products_per_second for one in rounds]
    update = rounds[0].update
    model = bench.learner.model
    yield f"base: {bench.weights / 1e6:.0f} million weights in the blocks, {model.dtype} on {model.device}"
    yield f"an update: {update.steps} steps, {update.rows} rows, {update.passed} tokens through the network"
    yield f"tokens a second: {_median(one.update.passed / one.update.seconds for one in rounds):.0f}"
    yield f"measured matrix rate: {_median(one.products_per_second for one in rounds) / 1e12:.3f} TFLOP/s"
    yield f"share of the floor, 4 x weights x tokens at that rate: {_median(f / s for f, s in zip(floor, ours, strict=True)):.0%}"
    for name in rounds[0].parts:
        yield f"seconds of {name}: {_median(one.parts[name] for one in rounds):.3f}"
    yield f"rows a second: {speed:.2f}; transformers and PEFT on the same rows: {plain:.2f} ({speed / plain:.2f} times)"


def _median(values: Any) -> float:
    return float(statistics.median(values))
