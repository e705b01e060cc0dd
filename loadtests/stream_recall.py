"""How well streams like the demo's are learned, without servers: `python loadtests/stream_recall.py --seeds 17 18 19`.

Each seed is another stream of the demo's plots: other names, other values, other entities of the bundled model's world. Its
events go through the worker's own stages (read, render, update, judge, accept) in batches of one to four, as they would arrive.
At the end every question of the stream is asked, in wordings that neither the model nor any update was trained on. Prints what
was missed, a line a seed, and what an update took. Settings come from the environment, for example `RTADAPT_TRAIN__STEPS=20`.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rtadapt import bundled
from rtadapt.bundled.demo_stream import make_stream
from rtadapt.config import Settings, load_settings
from rtadapt.curation.render import Renderer
from rtadapt.curation.replay import Memory
from rtadapt.demo.stream import Item, Question
from rtadapt.events.envelope import parse
from rtadapt.gate.verdict import judge
from rtadapt.records import Batch, Event, Message
from rtadapt.training.learner import Learner

_MOST_AT_ONCE = 4


@dataclass(slots=True)
class Sums:
    """What happened so far. Seconds are of the wall clock, by stage."""

    asked: int = 0
    right: int = 0
    updates: int = 0
    rejected: int = 0
    steps: int = 0
    anchors_lost: float = 0.0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def line(self) -> str:
        """One line about them."""
        each = max(1, self.updates)
        took = ", ".join(f"{stage} {seconds / each:.2f}" for stage, seconds in self.seconds.items())
        return (
            f"{self.right} of {self.asked} right ({self.right / max(1, self.asked):.3f}); "
            f"{self.updates} updates, {self.rejected} rejected, {self.steps / each:.1f} steps each; "
            f"anchors lost {self.anchors_lost / each:.3f}; seconds an update: {took}"
        )


class Feed:
    """One feed's life: what `pipeline.py` does to a batch, without log, registry and store."""

    def __init__(self, name: str, learner: Learner, renderer: Renderer, settings: Settings, sums: Sums) -> None:
        self.name, self.learner, self.renderer, self.settings, self.sums = name, learner, renderer, settings, sums
        self.memory = Memory(settings.train.replay_capacity)
        self.version = 0
        learner.open(name, None)

    def learn(self, events: Sequence[Event]) -> None:
        """One batch; what is rejected is tried again in halves."""
        marks = [time.monotonic()]
        renderings = self.renderer.render(events)
        examples = tuple(row for one in renderings for row in one.examples)
        held_out = tuple(row for one in renderings for row in one.held_out)
        batch = Batch(self.name, tuple(events), examples, held_out, {})
        marks.append(time.monotonic())
        replayed = self.memory.draw(self.settings.train.replay_draw, batch.entities, self.version, examples)
        anchors = self.memory.still_true(self.learner.anchors(), examples)
        update = self.learner.update(self.name, examples, [*replayed, *anchors])
        marks.append(time.monotonic())
        known = self.memory.probes(self.settings.gate.probes, self.version, examples)
        verdict = judge(self.learner, batch, update, known, anchors, self.settings.gate)
        marks.append(time.monotonic())
        for stage, start, end in zip(("render", "update", "judge"), marks, marks[1:], strict=False):
            self.sums.seconds[stage] += end - start
        self.sums.updates += 1
        self.sums.steps += update.steps
        self.sums.anchors_lost += verdict.measures["anchors_lost"]
        if verdict.accepted:
            self.learner.accept(self.name)
            self.memory.add(examples, held_out)
            self.version += 1
            return
        self.sums.rejected += 1
        self.learner.reject(self.name)
        if len(events) > 1:
            self.learn(events[: len(events) // 2])
            self.learn(events[len(events) // 2 :])

    def ask(self, questions: Sequence[Question], seed: int) -> None:
        """Every question, greedily, of the feed's newest version."""
        said = self.learner.write([(Message("user", one.ask),) for one in questions], 0.0, 32, feed=self.name)
        for question, answer in zip(questions, said, strict=True):
            right = question.answered_by(answer)
            self.sums.asked += 1
            self.sums.right += right
            if not right:
                print(f"  {seed} {self.name}: {question.ask}  wanted {question.answer}, got {answer}")


def run(seed: int, learner: Learner, settings: Settings, sums: Sums) -> None:
    """One stream from its first event to its questions."""
    rng, now = Random(seed), time.time()
    told: defaultdict[str, list[tuple[Event, tuple[Question, ...]]]] = defaultdict(list)
    for number, line in enumerate(make_stream(seed)):
        item = Item(line["body"], tuple(Question(**question) for question in line["questions"]))
        event = parse({"id": f"{seed}-{number}", **item.body}, content_type=item.content_type, now=now, limits=settings.intake)
        told[item.feed].append((event, item.questions))
    renderer = Renderer(settings.render, learner.write)
    for name, pairs in told.items():
        feed = Feed(name, learner, renderer, settings, sums)
        events = [event for event, _ in pairs]
        while events:
            count = rng.randint(1, _MOST_AT_ONCE)
            feed.learn(events[:count])
            events = events[count:]
        feed.ask([question for _, questions in pairs for question in questions], seed)
        learner.close_feed(name)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[17, 18, 19])
    parser.add_argument("--model", default=str(bundled.MODEL_DIR))
    options = parser.parse_args()
    settings = load_settings()
    learner = Learner(settings.train, options.model, cache=Path(settings.data_dir, "anchors"))
    learner.anchors()
    total = Sums()
    for seed in options.seeds:
        run(seed, learner, settings, total)
        print(f"up to seed {seed}: {total.line()}", flush=True)


if __name__ == "__main__":
    main()
