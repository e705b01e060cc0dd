"""Whether an update takes as long, and a worker as much memory, after many of them as at first.

    python -m loadtests.flat --updates 50 --feeds 50

First one feed learns new facts `--updates` times, each time beside what its replay memory gives, and its state is saved as a
worker saves it. Then `--feeds` feeds take turns, twice: each is opened from its state, learns, is saved and let go. What is
taught is made-up words: this shows time and memory, and nothing about learning. Steps are few, so that many updates fit into
minutes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from loadtests.update import words
from rtadapt.basemodel import find_model
from rtadapt.config import Settings, TrainSettings
from rtadapt.curation.replay import Memory
from rtadapt.records import Example, Message
from rtadapt.training.learner import Learner

_WORDINGS = 12
_AROUND = 5
"""The first and the last so many are compared: the first of all makes what is made once."""


class Course:
    """One learner, and what each feed has learned, in folders."""

    def __init__(self, learner: Learner, settings: TrainSettings, folder: Path, facts: int) -> None:
        self._learner, self._settings, self._folder, self._facts = learner, settings, folder, facts
        self._anchors = learner.anchors()

    def learn(self, feed: str, memory: Memory, number: int) -> float:
        """One update of an open feed; the seconds that it, drawing and saving took."""
        rng = Random(f"{feed} {number}")
        rows = [row for fact in range(self._facts) for row in _fact(f"{feed}-{number}-{fact}", rng)]
        began = time.monotonic()
        replay = memory.draw(self._settings.replay_draw, frozenset(), number, rows)
        self._learner.update(feed, rows, [*replay, *self._anchors])
        self._learner.accept(feed)
        memory.add(rows)
        place = self._folder / feed
        place.mkdir(exist_ok=True)
        self._learner.save_state(feed, place)
        memory.save(place)
        return time.monotonic() - began

    def visit(self, feed: str, number: int) -> float:
        """Take a feed up from its folder, if it has one, and let it go after an update."""
        place, memory = self._folder / feed, Memory(self._settings.replay_capacity)
        if place.exists():
            memory.load(place)
        self._learner.open(feed, place if place.exists() else None)
        try:
            return self.learn(feed, memory, number)
        finally:
            self._learner.close_feed(feed)


def held() -> int:
    """The bytes of this process that are in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))


def compare(name: str, count: int, once: Callable[[int], float]) -> None:
    """Do it so often, and print the first against the last."""
    seconds: list[float] = []
    memory: list[int] = []
    for number in range(count):
        seconds.append(once(number))
        memory.append(held())
        print(f"\r{name}: {number + 1} of {count}", end="", flush=True)
    first, last = statistics.median(seconds[1 : 1 + _AROUND]), statistics.median(seconds[-_AROUND:])
    print(f"\r{name}: {count} updates, {first:.2f} s at first, {last:.2f} s at last: {last / first:.2f} times")
    early, late = memory[_AROUND], memory[-1]
    print(f"  memory after {_AROUND}: {early >> 20} MiB, at last {late >> 20} MiB: {late / early:.3f} times")


def _fact(name: str, rng: Random) -> list[Example]:
    target = f"{words(rng, 12)}."
    return [Example(name, (Message("user", f"{words(rng, 10)}?"),), target, fact=name) for _ in range(_WORDINGS)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="a folder, a hub id, or smollm2")
    parser.add_argument("--updates", type=int, default=50)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--facts", type=int, default=2, help="of an update")
    parser.add_argument("--steps", type=int, default=4, help="of an update")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rtadapt-flat-") as folder:
        settings = TrainSettings(least_steps=given.steps, most_steps=given.steps, anchors=64)
        learner = Learner(settings, find_model(Settings(model=given.model, data_dir=Path(folder)))[0])
        course, memory = Course(learner, settings, Path(folder), given.facts), Memory(settings.replay_capacity)
        learner.open("one", None)
        compare("one feed", given.updates, lambda number: course.learn("one", memory, number))
        learner.close_feed("one")
        for number in range(given.feeds):  # who comes for the first time has nothing to rehearse
            course.visit(f"feed-{number}", 0)
        compare("feeds in turn", given.feeds, lambda number: course.visit(f"feed-{number}", 1))


if __name__ == "__main__":
    main()
