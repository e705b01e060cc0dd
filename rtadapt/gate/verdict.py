"""The verdict: a pure function from measures and settings to accept or reject, with reasons a person understands.

Owns the rules, and the bounded search for a shorter step: a candidate that learned well but harms is halved and
judged again a few times before it is rejected (STABLE, 2025). Takes anything that can score and scale a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rtadapt.config import GateSettings
from rtadapt.gate import probes
from rtadapt.gate.measures import Who, before, measure
from rtadapt.records import Batch, Example, Score, Update, Verdict

_KNOWN_ALREADY = 0.9


class Candidates(Protocol):
    """What the gate needs of a learner."""

    def score(self, feed: str, examples: Sequence[Example], who: Who) -> list[Score]:
        """Score examples under the candidate, the incumbent or the base."""

    def scale(self, feed: str, factor: float) -> None:
        """Shorten the candidate's step."""

    def step_norm(self, feed: str) -> float:
        """The size of the candidate's step."""


def judge(
    learner: Candidates,
    batch: Batch,
    update: Update,
    replayed: Sequence[Example],
    anchors: Sequence[Example],
    settings: GateSettings,
) -> Verdict:
    """Measure the batch's candidate and decide; on harm alone halve its step and decide again, a few times at most."""
    asked = probes.choose(batch, replayed, anchors, settings.probes)

    def score(examples: Sequence[Example], who: Who) -> list[Score]:
        return learner.score(batch.feed, examples, who)

    known = before(score, asked)
    kept = 1.0
    for halvings in range(settings.halvings + 1):
        measures = {**measure(score, asked, known, update, learner.step_norm(batch.feed)), "step_kept": kept}
        verdict = decide(measures, settings)
        if verdict.accepted or shortfalls(measures, settings) or halvings == settings.halvings:
            break
        learner.scale(batch.feed, 0.5)
        kept /= 2
    return verdict


def decide(measures: Mapping[str, float], settings: GateSettings) -> Verdict:
    """Accept when nothing falls short and nothing is harmed. Pure."""
    reasons = (*shortfalls(measures, settings), *harms(measures, settings))
    return Verdict(not reasons, reasons, dict(measures))


def shortfalls(measures: Mapping[str, float], settings: GateSettings) -> tuple[str, ...]:
    """What a shorter step would not mend: broken numbers, and too little learned."""
    if not measures["finite"]:
        return ("the losses are not finite",)
    where = "held-out wordings" if measures["held_out"] else "the trained rows"
    found = []
    known_already = measures["recall_before"] >= _KNOWN_ALREADY and measures["recall"] >= _KNOWN_ALREADY
    if measures["gain"] < settings.min_gain and not known_already:
        found.append(f"loss on {where} fell by {measures['gain']:.2f} < {settings.min_gain:.2f} nats per token")
    if measures["recall"] < settings.min_recall:
        found.append(f"recall on {where} {measures['recall']:.2f} < {settings.min_recall:.2f}")
    return tuple(found)


def harms(measures: Mapping[str, float], settings: GateSettings) -> tuple[str, ...]:
    """What a shorter step may mend: things forgotten, and a step that is too long."""
    if not measures["finite"]:
        return ()
    limits = (
        ("replay_lost", "share of earlier events' facts that were known and are lost", settings.max_replay_loss),
        ("anchors_lost", "share of the base model's own answers that are lost", settings.max_anchor_loss),
        ("step_norm", "norm of the step", settings.max_step_norm),
    )
    return tuple(f"{words} {measures[name]:.2f} > {limit:.2f}" for name, words, limit in limits if measures[name] > limit)
