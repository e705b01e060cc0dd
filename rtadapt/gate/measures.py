"""What is measured about a candidate: what it answers of the new, what it lost of the old, how far it moved from the base.

Owns the numbers a verdict rests on. Takes probes and anything that can answer them; gives a flat mapping of names to numbers,
and for each event the share of its facts that were answered. A fact is answered when one of its wordings is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, Protocol

from rtadapt.config import GateSettings
from rtadapt.gate.probes import Probes
from rtadapt.reading.values import holds_value
from rtadapt.records import Example, Update

Who = Literal["candidate", "incumbent", "base"]

UNITS = {
    **dict.fromkeys(("recall", "replay_lost", "general_lost", "general_lost_before", "step_kept"), "ratio"),
    **dict.fromkeys(("drift", "drift_before"), "nats"),
    "step_norm": "norm",
}
"""What measures are in; those that are not named are counts."""


class Candidates(Protocol):
    """What the gate needs of a learner."""

    def answers(self, feed: str, examples: Sequence[Example], who: Who, max_new_tokens: int) -> list[str]:
        """What a model answers to the prompts of examples, greedily."""

    def drift(self, feed: str, anchors: Sequence[Example], who: Who) -> float:
        """Mean divergence of a model from the base on the base's own answers, in nats per token."""

    def scale(self, feed: str, factor: float) -> None:
        """Shorten the candidate's step."""

    def step_norm(self, feed: str) -> float:
        """The size of the candidate's step."""


@dataclass(slots=True)
class Before:
    """How the incumbent stood, each thing measured once, however often the step is scaled: its drift, and what it was asked."""

    drift: float
    knew: dict[Example, bool] = field(default_factory=dict)
    lost: float | None = None

    def general_lost(self, learner: Candidates, feed: str, general: Sequence[Example], settings: GateSettings) -> float:
        """The share of general questions that it had lost already."""
        if self.lost is None:
            self.lost = _lost(rights(learner, feed, general, "incumbent", settings))
        return self.lost

    def known(self, learner: Candidates, feed: str, missed: Sequence[Example], settings: GateSettings) -> int:
        """How many of the earlier facts that the candidate missed it knew. What the candidate knows is asked of nobody else."""
        fresh = [example for example in missed if example not in self.knew]
        self.knew |= zip(fresh, rights(learner, feed, fresh, "incumbent", settings), strict=True)
        return sum(self.knew[example] for example in missed)


def before(learner: Candidates, feed: str, probes: Probes) -> Before:
    """The incumbent on anchors."""
    return Before(learner.drift(feed, probes.anchors, "incumbent") if probes.anchors else 0.0)


def measure(
    learner: Candidates, feed: str, probes: Probes, stood: Before, update: Update, settings: GateSettings
) -> tuple[dict[str, float], dict[str, float], frozenset[tuple[str, str]]]:
    """Every measure of the candidate as it stands now, the recall of each event that was asked about, and events with a
    fact of theirs no wording of which was answered."""
    said = iter(rights(learner, feed, (*probes.new, *probes.replayed, *probes.general), "candidate", settings))  # in one go
    right, still, general = (list(islice(said, len(part))) for part in (probes.new, probes.replayed, probes.general))
    missed = [example for example, hit in zip(probes.replayed, still, strict=True) if not hit]
    lost = stood.known(learner, feed, missed, settings)
    held = sum(still) + lost
    general_lost = _lost(general)
    general_before = stood.general_lost(learner, feed, probes.general, settings) if general_lost else 0.0
    drift = learner.drift(feed, probes.anchors, "candidate") if probes.anchors else 0.0
    step_norm = learner.step_norm(feed)
    finite = all(math.isfinite(value) for value in (update.last_loss, update.gradient_norm, step_norm, drift))
    recall = by_event(probes.new, right)
    measures = {
        "finite": float(finite),
        "probes": float(len(probes.new)),
        "recall": sum(right) / len(right) if right else 0.0,
        "replay_known": float(held),
        "replay_lost": lost / held if held else 0.0,
        "general_known": float(len(general)),
        "general_lost": general_lost,
        "general_lost_before": general_before,
        "anchors": float(len(probes.anchors)),
        "drift": drift,
        "drift_before": stood.drift,
        "step_norm": step_norm,
    }
    known = {(row.event_id, row.fact) for row, hit in zip(probes.new, right, strict=True) if hit}
    return measures, recall, frozenset((row.event_id, row.fact) for row in probes.new) - known


def rights(learner: Candidates, feed: str, examples: Sequence[Example], who: Who, settings: GateSettings) -> list[bool]:
    """Whether a model's answer to each example holds its value."""
    if not examples:
        return []
    said = learner.answers(feed, examples, who, settings.answer_tokens)
    return [holds_value(answer, example.value or example.target) for example, answer in zip(examples, said, strict=True)]


def _lost(right: Sequence[bool]) -> float:
    return 1.0 - sum(right) / len(right) if right else 0.0


def by_event(examples: Sequence[Example], right: Sequence[bool]) -> dict[str, float]:
    """For each event the share of its facts of which some wording was answered."""
    facts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for example, hit in zip(examples, right, strict=True):
        of_event = facts[example.event_id]
        name = example.fact or example.prompt[-1].content
        of_event[name] = of_event.get(name, False) or hit
    return {event: _share(found) for event, found in facts.items()}


def _share(found: Mapping[str, bool]) -> float:
    return sum(found.values()) / len(found)
