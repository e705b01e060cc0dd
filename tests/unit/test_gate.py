"""The gate: which probes are asked, what is measured, and what is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from rtadapt.config import GateSettings
from rtadapt.gate.measures import Who, by_event
from rtadapt.gate.probes import choose, fairly, spread
from rtadapt.gate.verdict import decide, harms, judge, why_not_learned
from rtadapt.records import WATCHED, Batch, Event, EventKind, Example, Message, Update

SETTINGS = GateSettings(
    min_recall=0.5,
    max_replay_loss=0.25,
    max_general_loss=0.25,
    max_drift=0.4,
    halvings=3,
    probes=8,
    replay_probes=4,
    general_probes=8,
    anchor_probes=4,
)
GOOD = {"finite": 1.0, "replay_lost": 0.0, "replay_known": 12.0, "drift": 0.1, "drift_before": 0.0}
GOOD |= {"general_known": 8.0, "general_lost": 0.0, "general_lost_before": 0.0}
UPDATE = Update(steps=3, rows=9, tokens=30, first_loss=3.0, last_loss=0.1, gradient_norm=0.5, step_norm=5.0, seconds=0.1)


def row(question: str, event_id: str = "e", **more: str) -> Example:
    return Example(event_id, (Message("user", question),), "yes", **more)


def batch(examples: Sequence[Example] = (), held_out: Sequence[Example] = (), *events: str) -> Batch:
    made = tuple(Event(name, "news", EventKind.STORY, "", 0.0, 0.0) for name in events or ("e",))
    return Batch("news", made, tuple(examples), tuple(held_out), {0: 1})


@pytest.mark.parametrize(
    ("changed", "recall", "reasons", "missed"),
    [
        ({}, {"a": 1.0, "b": 0.5}, (), ()),
        ({}, {"a": 1.0, "b": 0.4}, ("1 of 2 events were not learned",), ("b",)),
        ({}, {"a": 1.0}, ("1 of 2 events were not learned",), ("b",)),
        ({"finite": 0.0, "drift": 9.0}, {"a": 1.0, "b": 1.0}, ("the losses are not finite",), ()),
        ({"finite": 0.0}, {}, ("the losses are not finite",), ("a", "b")),
        ({"replay_lost": 0.5}, {"a": 1.0, "b": 1.0}, ("share of earlier facts that are lost 0.50 > 0.25",), ()),
        ({"replay_lost": 0.5, "replay_known": 2.0}, {"a": 1.0, "b": 1.0}, (), ()),
        (
            {"drift": 0.41},
            {"a": 1.0, "b": 1.0},
            ("divergence from the base's own answers 0.41 > 0.40 nats per token",),
            (),
        ),
        ({"drift": 0.6, "drift_before": 0.7}, {"a": 1.0, "b": 1.0}, (), ()),
        ({"general_lost": 0.5}, {"a": 1.0, "b": 1.0}, ("share of general questions that are lost 0.50 > 0.25",), ()),
        ({"general_lost": 0.5, "general_lost_before": 0.5}, {"a": 1.0, "b": 1.0}, (), ()),
        ({"general_lost": 0.5, "general_known": 2.0}, {"a": 1.0, "b": 1.0}, (), ()),
    ],
)
def test_the_verdict_follows_from_the_measures(
    changed: dict[str, float], recall: dict[str, float], reasons: tuple[str, ...], missed: tuple[str, ...]
) -> None:
    verdict = decide({**GOOD, **changed}, recall, ["a", "b"], SETTINGS)
    assert verdict.reasons == reasons
    assert verdict.missed == missed
    assert verdict.accepted is (not reasons)


def test_a_verdict_names_every_reason() -> None:
    measures = {**GOOD, "replay_lost": 1.0, "drift": 2.0}
    assert len(decide(measures, {}, ["a"], SETTINGS).reasons) == 3
    assert len(harms(measures, SETTINGS)) == 2


def test_whoever_pushed_an_event_is_told_what_was_missing() -> None:
    verdict = decide(GOOD, {"a": 0.25}, ["a", "b"], SETTINGS)
    assert "0.25 < 0.50" in why_not_learned("a", verdict, SETTINGS)
    assert "nothing could be asked" in why_not_learned("b", verdict, SETTINGS)


def test_a_fact_is_answered_when_one_of_its_wordings_is() -> None:
    asked = [row("1", "a", fact="x"), row("2", "a", fact="x"), row("3", "a", fact="y"), row("4", "b"), row("5", "b")]
    assert by_event(asked, [False, True, False, True, False]) == {"a": 0.5, "b": 0.5}


class Scripted:
    """A learner whose harm shrinks with its step: what is left of the step is `kept`, and it drifts by as much."""

    def __init__(self, *, drifts: float = 0.1, knows: Sequence[str] = ("e", "old"), forgets: Sequence[str] = ()) -> None:
        self.drifts, self.knows, self.forgets = drifts, knows, forgets
        self.kept = 1.0
        self.asked: list[tuple[Who, int]] = []

    def answers(self, feed: str, examples: Sequence[Example], who: Who, max_new_tokens: int) -> list[str]:
        self.asked.append((who, len(examples)))
        known = [name for name in self.knows if who != "candidate" or name not in self.forgets]
        return ["yes, so it is" if example.event_id in known else "I do not know" for example in examples]

    def drift(self, feed: str, anchors: Sequence[Example], who: Who) -> float:
        return self.drifts * self.kept if who == "candidate" else 0.0

    def scale(self, feed: str, factor: float) -> None:
        self.kept *= factor

    def step_norm(self, feed: str) -> float:
        return 4.0 * self.kept


ASKED = batch([row("Who leads?", fact="lead")], [row("Who is the leader?", fact="lead")])
ANCHORS = [row("What is water?", event_id="")]
OLD = [row(f"Old {number}?", "old", fact=f"old {number}") for number in range(4)]


def test_a_good_candidate_is_accepted_whole() -> None:
    learner = Scripted()
    verdict = judge(learner, ASKED, UPDATE, OLD, ANCHORS, SETTINGS)
    assert verdict.accepted
    assert learner.kept == verdict.measures["step_kept"] == 1.0
    assert verdict.recall == {"e": 1.0}
    assert (verdict.measures["replay_known"], verdict.measures["replay_lost"]) == (4.0, 0.0)
    assert verdict.measures["drift"] == pytest.approx(0.1)


@pytest.mark.parametrize(("drifts", "accepted", "kept"), [(0.7, True, 0.5), (3.0, True, 0.125), (4.0, False, 0.125)])
def test_a_harmful_step_is_halved_a_few_times_before_it_is_rejected(drifts: float, accepted: bool, kept: float) -> None:
    learner = Scripted(drifts=drifts)
    verdict = judge(learner, ASKED, UPDATE, [], ANCHORS, SETTINGS)
    assert verdict.accepted is accepted
    assert learner.kept == verdict.measures["step_kept"] == kept


def test_facts_that_were_known_and_are_lost_are_harm() -> None:
    learner = Scripted(forgets=["old"])
    verdict = judge(learner, ASKED, UPDATE, OLD, [], SETTINGS)
    assert verdict.reasons == ("share of earlier facts that are lost 1.00 > 0.25",)
    unknown = Scripted(knows=["e"], forgets=["old"])
    assert judge(unknown, ASKED, UPDATE, OLD, [], SETTINGS).accepted  # what was not known can't be lost


def general(count: int, target: str = "yes", value: str = "yes", fact: str = WATCHED) -> list[Example]:
    return [Example("", (Message("user", f"General {n}?"),), target, fact=fact, value=value) for n in range(count)]


def test_general_questions_that_a_version_no_longer_answers_are_harm() -> None:
    learner = Scripted(knows=["e", ""], forgets=[""])
    verdict = judge(learner, ASKED, UPDATE, [], general(4), SETTINGS)
    assert verdict.reasons == ("share of general questions that are lost 1.00 > 0.25",)
    assert (verdict.measures["general_known"], verdict.measures["general_lost"]) == (4.0, 1.0)
    assert judge(Scripted(knows=["e", ""]), ASKED, UPDATE, [], general(4), SETTINGS).accepted


def test_what_the_base_would_be_asked_is_not_asked_of_the_candidate() -> None:
    learner = Scripted(knows=["e", ""], forgets=[""])
    verdict = judge(learner, ASKED, UPDATE, [], general(4), SETTINGS, lambda example: "1" in example.prompt[-1].content)
    assert verdict.accepted  # one of four is in scope, and one is too few to be harm
    assert (verdict.measures["general_known"], verdict.measures["general_lost"]) == (1.0, 1.0)


def test_what_the_version_before_had_lost_is_not_the_fault_of_this_one() -> None:
    learner = Scripted(knows=["e"])  # neither the candidate nor the incumbent knows them
    verdict = judge(learner, ASKED, UPDATE, [], general(4), SETTINGS)
    assert verdict.accepted
    assert verdict.measures["general_lost_before"] == 1.0


@pytest.mark.parametrize("rows", [general(4, target="no"), general(4, value=""), general(4, fact="")])
def test_only_what_the_base_answers_right_and_is_never_taught_is_asked_in_general(rows: list[Example]) -> None:
    assert choose(ASKED, [], rows, SETTINGS).general == ()


def test_what_was_known_is_measured_once_however_often_the_step_is_halved() -> None:
    for forgets, asked in (((), 0), (("old",), 1)):
        learner = Scripted(drifts=9.0, forgets=forgets)
        judge(learner, ASKED, UPDATE, OLD, ANCHORS, SETTINGS)
        assert [who for who, _ in learner.asked].count("incumbent") == asked


def test_too_little_learned_is_not_mended_by_a_shorter_step() -> None:
    learner = Scripted(knows=["old"])
    verdict = judge(learner, ASKED, UPDATE, OLD, ANCHORS, SETTINGS)
    assert verdict.missed == ("e",)
    assert learner.kept == 1.0


def test_a_loss_that_is_not_finite_is_rejected_at_once() -> None:
    broken = Update(0, 3, 9, math.nan, math.nan, math.nan, 0.0, 0.1)
    for learner, update in [(Scripted(drifts=math.nan), UPDATE), (Scripted(), broken)]:
        verdict = judge(learner, ASKED, update, [], ANCHORS, SETTINGS)
        assert verdict.reasons == ("the losses are not finite",)
        assert learner.kept == 1.0


def test_an_event_that_nothing_can_be_asked_about_is_not_learned() -> None:
    verdict = judge(Scripted(), batch([row("Who leads?")]), UPDATE, [], [], SETTINGS)
    assert not verdict.accepted
    assert verdict.missed == ("e",)


def test_no_more_than_the_set_number_of_probes_is_asked() -> None:
    many = [row(f"Question {number}?") for number in range(50)]
    old = [row(f"Old {number}?", "old") for number in range(50)]
    probes = choose(batch([row("x")], many), old, [row(f"Anchor {number}?", "") for number in range(50)], SETTINGS)
    assert (len(probes.new), len(probes.replayed), len(probes.anchors)) == (8, 4, 4)


def test_probes_never_share_a_wording_with_training_or_ask_for_what_is_renewed() -> None:
    trained, renewed = row("Who leads?", fact="lead"), row("Who led?", "old", fact="lead")
    asked = choose(batch([trained], [trained, row("Leader?", fact="lead")]), [renewed, trained, OLD[0]], [], SETTINGS)
    assert [example.prompt[0].content for example in asked.new] == ["Leader?"]
    assert asked.replayed == (OLD[0],)


def test_anchors_that_are_never_trained_on_are_preferred() -> None:
    watched = row("Watched?", "", fact=WATCHED)
    assert choose(batch(), [], [row("Trained?", ""), watched], SETTINGS).anchors == (watched,)


def test_events_and_facts_take_turns_so_that_none_goes_unasked() -> None:
    rows = [row(f"{event}{fact}{n}", event, fact=fact) for event in "ab" for fact in "xy" for n in range(3)]
    assert [example.prompt[0].content for example in fairly(rows, 5)] == ["ax0", "bx0", "ay0", "by0", "ax1"]
    assert set(fairly(rows, 99)) == set(rows)
    assert fairly([], 5) == ()


def test_probes_are_spread_over_the_whole_list() -> None:
    rows = [row(f"{number}") for number in range(10)]
    assert [example.prompt[0].content for example in spread(rows, 4)] == ["0", "2", "5", "7"]
    assert spread(rows, 20) == tuple(rows)
