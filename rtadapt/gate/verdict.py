"""The verdict: a pure function from measures and settings to accept or reject, with reasons a person understands.

Owns the rules, and the bounded search for a shorter step: a candidate that harms is halved and judged again a few times
before it is rejected (STABLE, 2025). Harm rejects the candidate; an event that was not learned is named, and the others are not
its fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rtadapt.config import GateSettings
from rtadapt.gate import probes
from rtadapt.gate.measures import Candidates, before, measure
from rtadapt.records import Batch, Example, Update

NOTHING_ASKED = "nothing could be asked about it, so it could not be shown to be learned"
_LEAST_LOST = 2
"""One earlier fact that is lost among a dozen is noise; fewer than this reject nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's decision, with every measure it rests on.

    `recall` is, by event, the share of its facts that were answered; `missed` are events that were not learned, `unsure` events,
    each with a fact of which no wording was answered.
    """

    accepted: bool
    reasons: tuple[str, ...]
    measures: Mapping[str, float]
    recall: Mapping[str, float] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    unsure: frozenset[tuple[str, str]] = frozenset()


def judge(
    learner: Candidates,
    batch: Batch,
    update: Update,
    replayed: Sequence[Example],
    anchors: Sequence[Example],
    settings: GateSettings,
    concerns: Callable[[Example], bool] = lambda _: True,
) -> Verdict:
    """Measure the batch's candidate and decide; on harm alone halve its step and decide again, a few times at most.

    What `concerns` says no to is answered by the base, whatever the candidate says.
    """
    asked = probes.choose(batch, replayed, anchors, settings, concerns)
    stood = before(learner, batch.feed, asked)
    kept = 1.0
    for halvings in range(settings.halvings + 1):
        measures, recall, unsure = measure(learner, batch.feed, asked, stood, update, settings)
        decided = decide({**measures, "step_kept": kept}, recall, [event.id for event in batch.events], settings)
        verdict = replace(decided, unsure=unsure)
        if verdict.accepted or not harms(measures, settings) or halvings == settings.halvings:
            break
        learner.scale(batch.feed, 0.5)
        kept /= 2
    return verdict


def decide(measures: Mapping[str, float], recall: Mapping[str, float], events: Sequence[str], settings: GateSettings) -> Verdict:
    """Accept when nothing is harmed and every event was learned. Pure. An event that was not asked about was not learned."""
    missed = tuple(event for event in events if recall.get(event, 0.0) < settings.min_recall)
    reasons = list(harms(measures, settings))
    if not measures["finite"]:
        reasons = ["the losses are not finite"]
    elif missed:
        reasons.append(f"{len(missed)} of {len(events)} events were not learned")
    return Verdict(not reasons, tuple(reasons), dict(measures), dict(recall), missed)


def harms(measures: Mapping[str, float], settings: GateSettings) -> tuple[str, ...]:
    """What a shorter step may mend: things forgotten, and a base that is left behind.

    Drift and general questions count against an update that adds to what is lost, so that a feed that has drifted can still be
    corrected.
    """
    if not measures["finite"]:
        return ()
    found = []
    lost = measures["replay_lost"]
    if lost > settings.max_replay_loss and lost * measures["replay_known"] >= _LEAST_LOST:
        found.append(f"share of earlier facts that are lost {lost:.2f} > {settings.max_replay_loss:.2f}")
    general = measures["general_lost"]
    if (
        general > max(settings.max_general_loss, measures["general_lost_before"])
        and general * measures["general_known"] >= _LEAST_LOST
    ):
        found.append(f"share of general questions that are lost {general:.2f} > {settings.max_general_loss:.2f}")
    if measures["drift"] > max(settings.max_drift, measures["drift_before"]):
        found.append(f"divergence from the base's own answers {measures['drift']:.2f} > {settings.max_drift:.2f} nats per token")
    return tuple(found)


def why_not_learned(event_id: str, verdict: Verdict, settings: GateSettings) -> str:
    """What is said to whoever pushed an event that was not learned."""
    if event_id not in verdict.recall:
        return NOTHING_ASKED
    return f"share of its facts answered in other wordings {verdict.recall[event_id]:.2f} < {settings.min_recall:.2f}"
