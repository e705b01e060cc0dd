"""Reading, learning and judging alone, without servers: a stream of passages through the worker's own stages, and its questions.

    python -m loadtests.learning --kind realtimeqa --path realtimeqa_public/past --years 2022 --count 10 --seed 11
    python -m loadtests.learning --kind squad --path squad_val.json --count 12 --group 12 --set train.replay_rows=4

The same data and questions as in closed_book.py, answered by the learner itself instead of the engine: quicker to run and
to vary, for choosing between settings. What is chosen so is measured afterwards by closed_book.py, on other passages.
Prints a line a batch: what became of it, seconds, what was right afterwards, and what of the general questions that the base
answers right still was (questions of ours, which updates never train on); at the end, what is right of everything, and what is
still answered of the gate's own wordings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from loadtests import closed_book
from rtadapt.basemodel import find_model
from rtadapt.config import Settings, load_settings
from rtadapt.curation.batcher import FeedBatch
from rtadapt.curation.ledger import when
from rtadapt.curation.replay import Memory
from rtadapt.gate.probes import knows
from rtadapt.grammar.reader import GrammarReader
from rtadapt.options import flags_of
from rtadapt.reading.values import holds_value
from rtadapt.records import Event, EventKind, Example, Head, Message, Position, Speaker, Turn
from rtadapt.scope import Scope
from rtadapt.training.learner import Learner
from rtadapt.work.desk import Desk, whole
from rtadapt.work.preparing import Preparing
from rtadapt.work.rounds import Rounds
from rtadapt.work.sessions import Session

FEED = "yardstick"


class Course:
    """One stream into one feed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        model, revision = find_model(settings, print)
        self.learner = Learner(settings.train, model, revision, cache=settings.data_dir / "anchors")
        self.preparing = Preparing(settings, Desk(settings.reading, GrammarReader(), None), self.learner)
        self.rounds = Rounds(settings, self.learner)
        self.learner.open(FEED, None)
        scope = Scope(self.learner.tells)
        self.session = Session(FEED, 1, Head(FEED, 0, {}, 1), Memory(settings.train.replay_capacity), scope)
        self.probes: list[Example] = []
        self._told = scope.told()

    def learn(self, events: tuple[Event, ...]) -> str:
        """One batch, as a worker learns it; gives what it took."""
        began = time.monotonic()
        prepared, refused, _ = self.preparing.prepare(self.session, FeedBatch(FEED, events, {0: len(events)}))
        read = time.monotonic() - began
        outcome = self.rounds.decide(self.session, prepared)
        for one in outcome.learned:
            self.session.memory.add(one.rendering.examples, one.rendering.held_out, one.judged.replaced, when(one.event))
            self.session.scope.add(whole(one.event))
            self.probes += one.rendering.held_out
        self.session.memory.ledger.learn([one.judged for one in outcome.learned])
        if outcome.learned:
            self.learner.accept(FEED)
        self._told = self.session.scope.told()
        rows = sum(len(one.rendering.examples) for one in prepared)
        decided = time.monotonic() - began - read
        counts = f"{len(outcome.learned)} learned, {len(outcome.refused) + len(refused)} refused"
        return f"{counts}, {rows} rows, {read:.1f} s read and rendered, {decided:.1f} s learned and judged"

    def general(self) -> str:
        """How many of the general questions that the base answers right the adapter would, how many of those that it is asked
        does, and how far all it says there has moved."""
        watched = [row for row in self.learner.anchors() if row.is_watched]
        known = [row for row in watched if knows(row)]
        said = self.learner.answers(FEED, known, "incumbent", 48)
        kept = [holds_value(text, row.value) for text, row in zip(said, known, strict=True)]
        asked = [hit for hit, row in zip(kept, known, strict=True) if self.concerns(row.prompt[-1].content)]
        drift = self.learner.drift(FEED, watched, "incumbent")
        return f"{sum(kept)} of {len(known)} general, {sum(asked)} of {len(asked)} in its scope, drift {drift:.3f}"

    def concerns(self, ask: str) -> bool:
        """Whether the feed's adapter would be asked this, and not the base."""
        return not self.settings.serve.scope or self._told.speaks_of([ask])

    def ask(self, questions: Sequence[str], *, base: bool = False) -> list[str]:
        """What the feed, or the base, answers: the adapter what it was taught about, the base the rest."""
        answers = dict.fromkeys(questions, "")
        mine = [ask for ask in answers if not base and self.concerns(ask)]
        for feed, asked in ((FEED, mine), (None, [ask for ask in answers if ask not in set(mine)])):
            if asked:
                answers |= zip(asked, self.learner.write([[Message("user", ask)] for ask in asked], 48, feed=feed), strict=True)
        return [answers[ask] for ask in questions]

    def kept(self) -> float:
        """The share of the gate's wordings that are still answered."""
        said = self.learner.answers(FEED, self.probes, "incumbent", 48) if self.probes else []
        return sum(holds_value(text, row.value) for text, row in zip(said, self.probes, strict=True)) / max(1, len(said))


def event_of(number: int, passage: closed_book.Passage) -> Event:
    """A passage as an event."""
    turns = tuple(Turn(Speaker(turn["speaker"]), turn["text"]) for turn in passage.turns)
    kind, now = EventKind.TRANSCRIPT if turns else EventKind.STORY, time.time()
    return Event(f"passage-{number}", FEED, kind, passage.text, now, now, turns=turns, position=Position(0, number))


def run(course: Course, passages: list[closed_book.Passage], group: int) -> None:
    """The whole stream."""
    asked = [one for passage in passages for one in passage.asked]
    texts = [closed_book.OPEN_BOOK.format(text=passage.text, ask=one.ask) for passage in passages for one in passage.asked]
    mark(asked, "open", course.ask(texts, base=True))
    for start in range(0, len(passages), group):
        part = passages[start : start + group]
        took = course.learn(tuple(event_of(start + place, passage) for place, passage in enumerate(part)))
        fresh = [one for passage in part for one in passage.asked]
        mark(fresh, "after", course.ask([one.ask for one in fresh]))
        answers = f"{right(fresh, 'after')} right, open-book {right(fresh, 'open')}; {course.general()}"
        print(f"{start + len(part):4d}: {took}; {answers}", flush=True)
    mark(asked, "end", course.ask([one.ask for one in asked]))
    print(f"right open-book {right(asked, 'open')}, afterwards {right(asked, 'after')}, at the end {right(asked, 'end')}")
    print(f"the gate's own wordings still answered: {course.kept():.0%}")


def mark(asked: Sequence[closed_book.Asked], when: str, answers: Sequence[str]) -> None:
    """Note answers."""
    for one, answer in zip(asked, answers, strict=True):
        one.answers[when] = answer


def right(asked: Sequence[closed_book.Asked], when: str) -> str:
    """How many, of how many."""
    return f"{sum(one.right(when) for one in asked)} of {len(asked)}"


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    closed_book.add_source(parser)
    parser.add_argument(
        "--data-dir", default=str(Path(tempfile.gettempdir()) / "rtadapt-learning"), help="where the model is kept"
    )
    parser.add_argument("--set", dest="assign", action="append", default=[], metavar="NAME=VALUE", help="any setting")
    options = parser.parse_args()
    options.command = "work"
    passages = closed_book.passages_of(options)
    if not passages:
        print("there is no such passage", file=sys.stderr)
        return 1
    run(Course(load_settings(**flags_of(options))), passages, options.group)
    return 0


if __name__ == "__main__":  # the model is converted in a process that starts anew
    sys.exit(main())
