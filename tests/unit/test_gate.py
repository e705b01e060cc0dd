"""The gate: which probes are asked, what is measured, and what is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from rtadapt.config import GateSettings
from rtadapt.gate.measures import Who
from rtadapt.gate.probes import choose, spread
from rtadapt.gate.verdict import decide, judge
from rtadapt.records import WATCHED, Batch, Example, Message, Score, Update

SETTINGS = GateSettings(
    min_gain=0.1, min_recall=0.3, max_replay_loss=0.25, max_anchor_loss=0.2, max_step_norm=50, halvings=3, probes=8
)
GOOD = {
    "finite": 1.0,
    "held_out": 4.0,
    "gain": 2.0,
    "recall": 0.9,
    "recall_before": 0.0,
    "replay_lost": 0.0,
    "anchors_lost": 0.0,
    "step_norm": 5.0,
}
UPDATE = Update(steps=3, rows=9, tokens=30, first_loss=3.0, last_loss=0.1, gradient_norm=0.5, step_norm=5.0, seconds=0.1)


def row(question: str, event_id: str = "e", **more: str) -> Example:
    return Example(event_id, (Message("user", question),), "yes", **more)


def batch(examples: Sequence[Example] = (), held_out: Sequence[Example] = ()) -> Batch:
    return Batch("news", (), tuple(examples), tuple(held_out), {0: 1})


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({}, ()),
        ({"finite": 0.0, "recall": 0.0, "anchors_lost": 1.0}, ("the losses are not finite",)),
        ({"recall": 0.22}, ("recall on held-out wordings 0.22 < 0.30",)),
        ({"gain": 0.05}, ("loss on held-out wordings fell by 0.05 < 0.10 nats per token",)),
        ({"gain": -0.01, "recall": 1.0, "recall_before": 0.95}, ()),
        ({"gain": -0.5, "recall": 0.5, "recall_before": 1.0}, ("loss on held-out wordings fell by -0.50 < 0.10 nats per token",)),
        ({"recall": 0.1, "held_out": 0.0}, ("recall on the trained rows 0.10 < 0.30",)),
        ({"replay_lost": 0.4}, ("share of earlier events' facts that were known and are lost 0.40 > 0.25",)),
        ({"anchors_lost": 0.21}, ("share of the base model's own answers that are lost 0.21 > 0.20",)),
        ({"step_norm": 51.0}, ("norm of the step 51.00 > 50.00",)),
    ],
)
def test_the_verdict_follows_from_the_measures(changed: dict[str, float], reasons: tuple[str, ...]) -> None:
    verdict = decide({**GOOD, **changed}, SETTINGS)
    assert verdict.reasons == reasons
    assert verdict.accepted is (not reasons)


def test_a_verdict_names_every_reason() -> None:
    verdict = decide({**GOOD, "recall": 0.0, "gain": 0.0, "replay_lost": 1.0, "anchors_lost": 1.0, "step_norm": 99.0}, SETTINGS)
    assert len(verdict.reasons) == 5


class Scripted:
    """A learner whose harm shrinks with its step: at `kept` of the step it loses an anchor when kept > `safe`."""

    def __init__(self, safe: float = 1.0, learned: bool = True, loss: float = 0.1) -> None:
        self.safe, self.learned, self.loss = safe, learned, loss
        self.kept = 1.0
        self.asked: list[tuple[Who, int]] = []

    def score(self, feed: str, examples: Sequence[Example], who: Who) -> list[Score]:
        self.asked.append((who, len(examples)))
        if who == "candidate":
            return [
                Score(self.loss, self.kept <= self.safe) if example.is_anchor else Score(self.loss, self.learned)
                for example in examples
            ]
        return [Score(3.0, example.is_anchor or example.event_id == "old") for example in examples]

    def scale(self, feed: str, factor: float) -> None:
        self.kept *= factor

    def step_norm(self, feed: str) -> float:
        return 4.0 * self.kept


ASKED = batch([row("Who leads?", fact="lead")], [row("Who is the leader?", fact="lead")])
ANCHORS = [row("What is water?", event_id="")]


def test_a_good_candidate_is_accepted_whole() -> None:
    learner = Scripted()
    verdict = judge(learner, ASKED, UPDATE, [row("Old?", "old")], ANCHORS, SETTINGS)
    assert verdict.accepted
    assert learner.kept == 1.0
    assert verdict.measures["recall"] == 1.0
    assert verdict.measures["gain"] == pytest.approx(2.9)


@pytest.mark.parametrize(("safe", "accepted", "kept"), [(0.5, True, 0.5), (0.2, True, 0.125), (0.1, False, 0.125)])
def test_a_harmful_step_is_halved_a_few_times_before_it_is_rejected(safe: float, accepted: bool, kept: float) -> None:
    learner = Scripted(safe)
    verdict = judge(learner, ASKED, UPDATE, [], ANCHORS, SETTINGS)
    assert verdict.accepted is accepted
    assert learner.kept == verdict.measures["step_kept"] == kept


def test_what_was_known_is_measured_once_however_often_the_step_is_halved() -> None:
    learner = Scripted(0.1)
    judge(learner, ASKED, UPDATE, [], ANCHORS, SETTINGS)
    assert [who for who, _ in learner.asked].count("base") == 1
    assert [who for who, _ in learner.asked].count("incumbent") == 1


def test_too_little_learned_is_not_mended_by_a_shorter_step() -> None:
    learner = Scripted(safe=0.1, learned=False)
    verdict = judge(learner, ASKED, UPDATE, [], ANCHORS, SETTINGS)
    assert not verdict.accepted
    assert learner.kept == 1.0


def test_a_loss_that_is_not_finite_is_rejected_at_once() -> None:
    for learner, update in [
        (Scripted(loss=math.nan), UPDATE),
        (Scripted(), Update(0, 3, 9, math.nan, math.nan, math.nan, 0.0, 0.1)),
    ]:
        verdict = judge(learner, ASKED, update, [], ANCHORS, SETTINGS)
        assert verdict.reasons == ("the losses are not finite",)
        assert learner.kept == 1.0


def test_without_held_out_wordings_the_trained_rows_are_asked() -> None:
    verdict = judge(Scripted(), batch([row("Who leads?")]), UPDATE, [], [], SETTINGS)
    assert verdict.accepted
    assert verdict.measures["held_out"] == 0


def test_no_more_than_the_set_number_of_probes_is_asked() -> None:
    many = [row(f"Question {number}?") for number in range(50)]
    old = [row(f"Old {number}?", "old") for number in range(50)]
    anchors = [row(f"Anchor {number}?", "") for number in range(50)]
    learner = Scripted()
    judge(learner, batch([row("x")], many), UPDATE, old, anchors, SETTINGS)
    assert all(count <= SETTINGS.probes for _, count in learner.asked)
    assert len(learner.asked) == 6


def test_probes_never_share_a_wording_with_training_or_speak_of_what_is_new() -> None:
    trained = row("Who leads Corvin?", fact="lead", entity="Corvin")
    probes = choose(
        batch([trained], [trained, row("Leader of Corvin?", fact="lead", entity="Corvin")]),
        [trained, row("Who led Corvin?", "old", fact="lead"), row("Where is Corvin?", "old", fact="place")],
        [row("Where is CORVIN?", ""), row("What is water?", "")],
        8,
    )
    assert [example.prompt[0].content for example in probes.held_out] == ["Leader of Corvin?"]
    assert [example.fact for example in probes.replayed] == ["place"]
    assert [example.prompt[0].content for example in probes.anchors] == ["What is water?"]


def test_anchors_that_are_never_trained_on_are_preferred() -> None:
    watched = row("Watched?", "", fact=WATCHED)
    assert choose(batch(), [], [row("Trained?", ""), watched], 8).anchors == (watched,)


def test_probes_are_spread_over_the_whole_list() -> None:
    rows = [row(f"{number}") for number in range(10)]
    assert [example.prompt[0].content for example in spread(rows, 4)] == ["0", "2", "5", "7"]
    assert spread(rows, 20) == tuple(rows)
