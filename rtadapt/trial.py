"""Whether a canary is as good as what it would replace. Pure.

Owns the rule, and the sequential test that it is judged by. Takes what was counted in both arms; gives a finding with the
figures it rests on.

Each measure is a share of bad outcomes: errors among answers, bad ratings among ratings, and for the prequential loss the share
of later events that surprise the canary more than the stable version, before either has learned them; no worse is one half or
less. For each arm and measure (the loss compares both, so for it once) a confidence
sequence is kept: the interval of all shares that the beta-binomial mixture (Robbins, 1970; uniform prior) does not refute. By
Ville's inequality it holds the true share at all times together with the chance that is asked for, so it may be looked at
after every answer. `error` is divided by twice the measures, hence:

- a canary whose share of bad outcomes is worse by `margin` or more in any measure is promoted with a chance of at most `error`;
- one that is no worse in any measure is rolled back with a chance of at most `error`, unless time runs out undecided.

Outcomes count as independent of each other given the arm. Callers are assigned by their key, so a few who say very much weigh as
much as they say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import inf, lgamma, log
from typing import Any, Literal

Measure = Literal["errors", "feedback", "loss"]

_EVEN = 0.5
"""The share of events that surprise one of two equal versions more than the other."""

_HALVINGS = 50


class Decision(StrEnum):
    """What becomes of a canary."""

    PROMOTE = "promote"
    ROLL_BACK = "rollback"
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a trial is decided: by which measures, how much worse is too much, how often that may be wrong, and until when."""

    measures: tuple[Measure, ...] = ("errors", "feedback")
    margin: float = 0.1
    error: float = 0.05
    max_seconds: float = 86_400.0

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Rule:
        """The rule that a dictionary spells; what is not in it has its default."""
        measures: tuple[Measure, ...] = tuple(value.get("measures", cls().measures))
        return cls(measures, *(float(value.get(name, getattr(cls(), name))) for name in ("margin", "error", "max_seconds")))

    def plain(self) -> dict[str, Any]:
        """As a dictionary."""
        return asdict(self) | {"measures": list(self.measures)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, why, and the figures."""

    decision: Decision
    reason: str
    figures: dict[str, Any]


def judge(rule: Rule, stable: Mapping[str, int], canary: Mapping[str, int], seconds: float) -> Finding:
    """What to do after `seconds` of a trial with these counts: `answers`, `errors`, `good`, `bad`, `millis`; of later events
    `events`, how many of them `worse` than under the other arm, and their losses together in `millinats` a token.
    """
    figures: dict[str, Any] = {
        "seconds": round(seconds, 1),
        "rule": rule.plain(),
        "latency": _means("millis", "answers", stable, canary),
    }
    chance = rule.error / (2 * len(rule.measures))
    worse, as_good = [], []
    for measure in rule.measures:
        after = _interval(measure, canary, chance)
        if measure == "loss":
            before = {"low": _EVEN, "high": _EVEN}
            figures[measure] = {"canary": after, "nats": _means("millinats", "events", stable, canary)}
        else:
            before = _interval(measure, stable, chance)
            figures[measure] = {"stable": before, "canary": after}
        if after["low"] > before["high"]:
            worse.append(measure)
        if after["high"] - before["low"] < rule.margin:
            as_good.append(measure)
    if worse:
        return Finding(Decision.ROLL_BACK, f"worse in {', '.join(worse)}", figures)
    if len(as_good) == len(rule.measures):
        return Finding(Decision.PROMOTE, f"not worse by {rule.margin:g} in {', '.join(as_good)}", figures)
    if seconds >= rule.max_seconds:
        return Finding(Decision.ROLL_BACK, f"not decided within {rule.max_seconds:g} s", figures)
    return Finding(Decision.GO_ON, "not decided yet", figures)


def not_begun(rule: Rule, seconds: float, why: str) -> Finding:
    """What to do with a trial that `seconds` after its canary was named has not begun; `why` says what it waits for."""
    figures: dict[str, Any] = {"seconds": round(seconds, 1), "rule": rule.plain()}
    if seconds < rule.max_seconds:
        return Finding(Decision.GO_ON, why, figures)
    return Finding(Decision.ROLL_BACK, f"not begun within {rule.max_seconds:g} s: {why}", figures)


def confidence(bad: int, total: int, chance: float) -> tuple[float, float]:
    """The shares of bad outcomes that `bad` of `total` do not refute: at all times together but for `chance`."""
    if total == 0:
        return 0.0, 1.0
    seen = bad / total
    ceiling = log(1 / chance)
    mixture = lgamma(bad + 1) + lgamma(total - bad + 1) - lgamma(total + 2)

    def refuted(share: float) -> bool:
        return mixture - _log_likelihood(bad, total, share) >= ceiling

    return _edge(refuted, seen, 0.0), _edge(refuted, seen, 1.0)


def _edge(refuted: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where, between a share that is not refuted and the end, it begins to be."""
    if not refuted(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_likelihood(bad: int, total: int, share: float) -> float:
    parts = ((bad, share), (total - bad, 1 - share))
    return sum(count * log(chance) if chance > 0 else -inf for count, chance in parts if count)


def _interval(measure: Measure, counts: Mapping[str, int], chance: float) -> dict[str, float]:
    bad, total = {
        "errors": (counts.get("errors", 0), counts.get("answers", 0)),
        "feedback": (counts.get("bad", 0), counts.get("bad", 0) + counts.get("good", 0)),
        "loss": (counts.get("worse", 0), counts.get("events", 0)),
    }[measure]
    low, high = confidence(min(bad, total), total, chance)
    return {"bad": bad, "of": total, "low": round(low, 5), "high": round(high, 5)}


def _means(thousandths: str, of: str, *arms: Mapping[str, int]) -> dict[str, float | None]:
    """The mean of something in each arm: seconds of an answer, nats a token of an event."""
    means = [arm.get(thousandths, 0) / 1000 / arm[of] if arm.get(of) else None for arm in arms]
    return dict(zip(("stable", "canary"), means, strict=True))
