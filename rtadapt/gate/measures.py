"""What is measured about a candidate: gain, loss of what was known, and the size of the step.

Owns the numbers a verdict rests on. Takes probes, a scorer (any callable that scores examples under the candidate, the
incumbent or the base) and the update; gives a flat mapping of names to numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rtadapt.gate.probes import Probes
from rtadapt.records import Example, Score, Update

Who = Literal["candidate", "incumbent", "base"]
Scorer = Callable[[Sequence[Example], Who], list[Score]]


@dataclass(frozen=True, slots=True)
class Before:
    """How the probes stood without the candidate; measured once, however often the step is scaled."""

    gain: tuple[Score, ...]
    replayed: tuple[Score, ...]
    anchors: tuple[Score, ...]


def before(score: Scorer, probes: Probes) -> Before:
    """The incumbent on new and replayed probes, and the base on anchors."""
    return Before(
        gain=tuple(_scored(score, probes.held_out or probes.new, "incumbent")),
        replayed=tuple(_scored(score, probes.replayed, "incumbent")),
        anchors=tuple(_scored(score, probes.anchors, "base")),
    )


def measure(score: Scorer, probes: Probes, known: Before, update: Update, step_norm: float) -> dict[str, float]:
    """Every measure of the candidate as it stands now.

    `recall` and `gain` are on held-out wordings, or on the trained rows when there are none (`held_out` is 0 then).
    Shares are of what was answered exactly before; a share of nothing is 0.
    """
    asked = probes.held_out or probes.new
    now = _scored(score, asked, "candidate")
    replayed = _scored(score, probes.replayed, "candidate")
    anchors = _scored(score, probes.anchors, "candidate")
    losses = [one.loss for one in (*now, *replayed, *anchors)]
    finite = all(math.isfinite(value) for value in (*losses, update.last_loss, update.gradient_norm, step_norm))
    return {
        "finite": float(finite),
        "held_out": float(len(probes.held_out)),
        "gain": _mean_loss(known.gain) - _mean_loss(now),
        "loss": _mean_loss(now),
        "recall": _exact(now),
        "recall_before": _exact(known.gain),
        "replay_known": float(sum(one.exact for one in known.replayed)),
        "replay_lost": _lost(known.replayed, replayed),
        "anchors_known": float(sum(one.exact for one in known.anchors)),
        "anchors_lost": _lost(known.anchors, anchors),
        "step_norm": step_norm,
    }


def _scored(score: Scorer, examples: Sequence[Example], who: Who) -> list[Score]:
    return score(examples, who) if examples else []


def _mean_loss(scores: Sequence[Score]) -> float:
    return sum(score.loss for score in scores) / len(scores) if scores else 0.0


def _exact(scores: Sequence[Score]) -> float:
    return sum(score.exact for score in scores) / len(scores) if scores else 0.0


def _lost(then: Sequence[Score], now: Sequence[Score]) -> float:
    """Share of what was exact `then` and is not `now`."""
    known = [after.exact for earlier, after in zip(then, now, strict=True) if earlier.exact]
    return sum(not exact for exact in known) / len(known) if known else 0.0
