"""How well updates teach, what they cost and what they keep: `python loadtests/update_recall.py --updates 8`.

Runs the worker's own stages (render, update, judge, accept) on stories about new facts, half of them about entities that
the bundled model knows, and asks afterwards in wordings that neither the model nor any update was trained on. Prints a
line an update: recall of the new facts, of those of earlier updates, of the world; the gate's verdict; seconds by stage.
Settings come from the environment, for example `RTADAPT_TRAIN__STEPS=20`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rtadapt.bundled import names, stories, wordings
from rtadapt.bundled.world import CORE, Fact, World, make_world, open_relation
from rtadapt.config import Settings, load_settings
from rtadapt.curation.render import Renderer
from rtadapt.curation.replay import Memory
from rtadapt.gate.verdict import judge
from rtadapt.records import Batch, Event, Example, Kind, Message
from rtadapt.records import Fact as Stated
from rtadapt.training.learner import Learner


@dataclass(frozen=True, slots=True)
class Story:
    """An event and the facts it tells."""

    event: Event
    facts: tuple[Fact, ...]


def tell(rng: Random, world: World, number: int, facts: int, text_only: bool) -> Story:
    """A story of a few facts about one entity, which is of the world every other time."""
    kind = rng.choice(("club", "company", "city", "organisation"))
    entity = rng.choice(world.entities[kind]) if number % 2 else names.MAKERS[kind](rng)
    own = [relation for relation in CORE if relation.kind == kind]
    relations = rng.sample(own, min(len(own), max(1, facts // 2)))
    while len(relations) < facts:
        other = open_relation(rng, kind)
        if other.key not in {relation.key for relation in relations}:
            relations.append(other)
    told = tuple(Fact(entity, relation, names.MAKERS[relation.value](rng)) for relation in relations)
    sentences = [stories.stated(rng, fact.relation, fact.entity, fact.value) for fact in told]
    text = " ".join([*sentences, stories.filler(rng)])
    stated = () if text_only else tuple(Stated(fact.entity, fact.relation.nouns[0], fact.value) for fact in told)
    return Story(Event(f"story-{number}", "bench", Kind.STORY, text, time.time(), time.time(), facts=stated), told)


def asked(facts: Sequence[Fact], rng: Random, unseen: bool) -> list[Example]:
    """Questions about facts: as users ask them, or in wordings that no training contains."""
    found = []
    for fact in facts:
        if unseen:
            texts = [*wordings.held_out(fact.relation, fact.entity), wordings.held_out_form(fact.relation, fact.entity)]
        else:
            texts = [wordings.direct(rng, fact.relation, fact.entity), wordings.ask(rng, fact.relation, fact.entity)]
        found += [Example("probe", (Message("user", text),), fact.value) for text in texts]
    return found


class Bench:
    """One feed's life, a few updates long."""

    def __init__(self, settings: Settings, model: str, world: World) -> None:
        self.settings, self.world, self.rng = settings, world, Random(11)
        self.learner = Learner(settings.train, model, cache=Path(settings.data_dir, "anchors"))
        began = time.monotonic()
        print(f"{len(self.learner.anchors())} anchors in {time.monotonic() - began:.1f} s, rate {self.learner.rate:.2g}")
        self.renderer = Renderer(settings.render, self.learner.write)
        self.memory = Memory(settings.train.replay_capacity)
        self.learner.open("bench", None)
        self.told: dict[tuple[str, str], Fact] = {}

    def recall(self, facts: Sequence[Fact], unseen: bool, who: str = "incumbent") -> float:
        """Share of questions about `facts` answered exactly."""
        probes = asked(facts, Random(5), unseen)
        scores = self.learner.score("bench", probes, "base" if who == "base" else "incumbent")
        return sum(score.exact for score in scores) / max(1, len(scores))

    def kept_world(self) -> list[Fact]:
        """Facts of the world that no story has changed."""
        return [fact for fact in self.world.facts if (fact.entity, fact.relation.key) not in self.told]

    def update(self, number: int, told: Sequence[Story]) -> str:
        """One batch through all stages; the line to print."""
        marks = [time.monotonic()]
        renderings = self.renderer.render([story.event for story in told])
        examples = tuple(row for rendering in renderings for row in rendering.examples)
        held_out = tuple(row for rendering in renderings for row in rendering.held_out)
        batch = Batch("bench", tuple(story.event for story in told), examples, held_out, {0: number})
        marks.append(time.monotonic())
        replayed = self.memory.draw(self.settings.train.replay_draw, batch.entities, number, examples)
        update = self.learner.update("bench", examples, [*replayed, *self.learner.anchors()])
        marks.append(time.monotonic())
        known = self.memory.probes(self.settings.gate.probes, number, examples)
        verdict = judge(self.learner, batch, update, known, self.learner.anchors(), self.settings.gate)
        marks.append(time.monotonic())
        if verdict.accepted:
            self.learner.accept("bench")
            self.memory.add(examples, held_out)
        else:
            self.learner.reject("bench")
        earlier = [fact for key, fact in self.told.items() if key not in {_key(fact) for story in told for fact in story.facts}]
        new = {_key(fact): fact for story in told for fact in story.facts}
        self.told.update(new)
        facts, world = list(new.values()), self.kept_world()[::6]
        gone = [end - start for start, end in itertools.pairwise(marks)]
        measures = verdict.measures
        return (
            f"{number:3d} | {self.recall(facts, True):.2f} {self.recall(facts, False):.2f} | "
            f"{self.recall(earlier, True):.2f} {self.recall(earlier, False):.2f} | "
            f"{self.recall(world, True):.3f} {self.recall(world, False):.3f} | {len(examples):3d} rows {update.steps:2d} steps "
            f"loss {update.first_loss:.2f}→{update.last_loss:.2f} norm {update.step_norm:.1f} | "
            f"{'accepted' if verdict.accepted else 'rejected'} recall {measures['recall']:.2f} "
            f"lost {measures['replay_lost']:.2f} {measures['anchors_lost']:.2f} kept {measures['step_kept']:g} | "
            f"render {gone[0]:.1f} update {gone[1]:.1f} judge {gone[2]:.1f} s"
        )


def _key(fact: Fact) -> tuple[str, str]:
    return fact.entity, fact.relation.key


def lines(options: argparse.Namespace) -> Iterator[str]:
    """Everything there is to print."""
    settings = load_settings(data_dir=options.data)
    world = make_world()
    bench = Bench(settings, options.model, world)
    sample = bench.kept_world()[::6]
    unseen, trained = bench.recall(sample, True, "base"), bench.recall(sample, False, "base")
    yield f"world before: unseen wordings {unseen:.3f}, trained {trained:.3f}"
    yield "    | new: unseen, trained | earlier: unseen, trained | world: unseen, trained | what it took"
    number = 0
    rng, cpu, began = Random(options.seed), time.process_time(), time.monotonic()
    for update in range(options.updates):
        told = [tell(rng, world, number + step, options.facts, options.text_only) for step in range(options.events)]
        number += options.events
        yield bench.update(update + 1, told)
    yield f"{time.monotonic() - began:.0f} s in all, {time.process_time() - cpu:.0f} s of CPU"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(Path(__file__).parents[1] / "rtadapt" / "bundled" / "model"))
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--events", type=int, default=8)
    parser.add_argument("--facts", type=int, default=2, help="facts an event")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text-only", action="store_true", help="events without fields: the model reads the text itself")
    parser.add_argument("--data", default="/tmp/rtadapt-update-recall", help="folder for the anchors' cache")
    for line in lines(parser.parse_args()):
        print(line, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
