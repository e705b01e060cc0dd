"""The sequential test of canaries: its interval holds at all times, and its verdicts are wrong as rarely as it says."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from rtadapt.trial import Decision, Rule, confidence, judge


def outcomes(seed: int, stable: float, canary: float, rule: Rule, longest: int = 1500) -> Decision:
    """One trial by feedback, looked at again and again; true shares of bad ratings in each arm."""
    draw = random.Random(seed)
    arms = (Counter[str](), Counter[str]())
    for count in range(1, longest + 1):
        for arm, share in zip(arms, (stable, canary), strict=True):
            arm["bad" if draw.random() < share else "good"] += 1
        if count % 25 == 0:
            found = judge(rule, *arms, 0.0).decision
            if found is not Decision.GO_ON:
                return found
    return Decision.GO_ON


RULE = Rule(measures=("feedback",), margin=0.15, error=0.05)


def test_a_worse_canary_is_rolled_back_and_a_good_one_promoted() -> None:
    assert Counter(outcomes(seed, 0.2, 0.5, RULE) for seed in range(40)) == {Decision.ROLL_BACK: 40}
    assert Counter(outcomes(seed, 0.2, 0.1, RULE) for seed in range(40))[Decision.PROMOTE] == 40


def test_errors_are_as_rare_as_stated_however_often_one_looks() -> None:
    wrong = sum(outcomes(seed, 0.2, 0.35, RULE) is Decision.PROMOTE for seed in range(150))
    assert wrong <= 150 * 0.05
    wrong = sum(outcomes(seed, 0.3, 0.3, RULE) is Decision.ROLL_BACK for seed in range(150))
    assert wrong <= 150 * 0.05


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_the_interval_holds_the_true_share_at_all_times(share: float) -> None:
    missed = 0
    for seed in range(100):
        draw = random.Random(seed)
        bad = 0
        for total in range(1, 400):
            bad += draw.random() < share
            if total % 7 == 0:
                low, high = confidence(bad, total, 0.1)
                if not low <= share <= high:
                    missed += 1
                    break
    assert missed <= 10


def test_the_interval_gets_narrow_and_begins_with_everything() -> None:
    assert confidence(0, 0, 0.05) == (0.0, 1.0)
    assert confidence(0, 1000, 0.05)[0] == 0.0
    assert confidence(0, 1000, 0.05)[1] < 0.02
    low, high = confidence(500, 1000, 0.05)
    assert 0.4 < low < 0.5 < high < 0.6


def test_all_measures_must_be_as_good_and_one_that_is_worse_is_enough() -> None:
    good, none = {"answers": 5000, "errors": 5, "good": 900, "bad": 100, "millis": 500_000}, {"answers": 5000, "errors": 5}
    assert judge(Rule(), good, good, 60).decision is Decision.PROMOTE
    assert judge(Rule(), good, none, 60).decision is Decision.GO_ON  # nobody has rated it
    assert judge(Rule(measures=("errors",)), good, none, 60).decision is Decision.PROMOTE
    failing = judge(Rule(), good, good | {"errors": 400}, 60)
    assert (failing.decision, failing.reason) == (Decision.ROLL_BACK, "worse in errors")
    assert failing.figures["errors"]["canary"]["bad"] == 400
    assert failing.figures["latency"] == {"stable": 0.1, "canary": 0.1}


def test_a_trial_that_is_not_decided_in_time_keeps_what_was_stable() -> None:
    few = {"answers": 3, "good": 3}
    assert judge(Rule(max_seconds=100), few, few, 99).decision is Decision.GO_ON
    assert judge(Rule(max_seconds=100), few, few, 100).decision is Decision.ROLL_BACK


def test_a_rule_is_read_from_what_it_is_written_as() -> None:
    rule = Rule(("errors",), 0.02, 0.01, 60.0)
    assert Rule.of(rule.plain()) == rule
    assert Rule.of({}) == Rule()


def test_a_canary_that_later_events_surprise_more_is_rolled_back_and_an_equal_one_is_as_good() -> None:
    rule = Rule(measures=("loss",), margin=0.15)
    stable, worse = {"events": 200, "millinats": 400_000}, {"events": 200, "worse": 150, "millinats": 500_000}
    found = judge(rule, stable, worse, 60)
    assert (found.decision, found.reason) == (Decision.ROLL_BACK, "worse in loss")
    assert found.figures["loss"]["nats"] == {"stable": 2.0, "canary": 2.5}
    assert found.figures["loss"]["canary"]["bad"] == 150
    assert judge(rule, stable, worse | {"worse": 90}, 60).decision is Decision.PROMOTE
    assert judge(rule, {}, {}, 60).decision is Decision.GO_ON


def test_loss_is_decided_wrongly_as_rarely_as_stated() -> None:
    rule = Rule(measures=("loss",), margin=0.15, error=0.05)
    wrong = Counter[tuple[float, Decision]]()
    for seed in range(150):
        for share in (0.5, 0.65):
            draw, worse = random.Random(seed), 0
            for events in range(1, 800):
                worse += draw.random() < share
                found = (
                    judge(rule, {"events": events}, {"events": events, "worse": worse}, 0).decision if events % 25 == 0 else None
                )
                if found in (Decision.PROMOTE, Decision.ROLL_BACK):
                    wrong[share, found] += 1
                    break
    assert wrong[0.5, Decision.ROLL_BACK] <= 150 * 0.05
    assert wrong[0.65, Decision.PROMOTE] <= 150 * 0.05
