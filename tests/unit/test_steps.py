"""How many steps an update takes, and that rows may lie in one sequence with their beginning computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from rtadapt.config import TrainSettings
from rtadapt.records import Example, Message
from rtadapt.training import packed
from rtadapt.training.learner import Learner
from rtadapt.training.packed import common, packs
from rtadapt.training.room import Room
from rtadapt.training.rows import Row
from rtadapt.training.steps import Steps, held_back, plan
from tests.support.tiny_model import build_llama, build_qwen

SETTINGS = TrainSettings(
    least_steps=4, most_steps=4, new_rows=4, replay_rows=2, anchor_rows=2, device="cpu", dtype="float32", threads=1, seed=3
)
PLANNED = TrainSettings(draws_per_fact=24, least_steps=24, most_steps=120, new_rows=16)


@pytest.mark.parametrize(
    ("facts", "steps", "rows"),
    [(0.0, 24, 4), (1.0, 24, 4), (4.0, 24, 4), (8.0, 24, 8), (16.0, 24, 16), (40.0, 60, 16), (1000.0, 120, 16)],
)
def test_an_update_takes_as_many_steps_as_its_facts_need(facts: float, steps: int, rows: int) -> None:
    planned, drawn = plan(facts, PLANNED)
    assert (planned, drawn) == (steps, rows)
    assert planned * drawn >= min(PLANNED.draws_per_fact * facts, PLANNED.most_steps * drawn)


def test_the_farther_a_feed_is_from_the_base_the_more_an_update_is_held_to_it() -> None:
    settings = TrainSettings(anchor_rows=4, kl_weight=6.0)
    assert held_back(settings, 0.0) == held_back(settings, 0.2) == settings
    some, more, most = (held_back(settings, drift) for drift in (0.35, 0.5, 9.0))
    assert (some.anchor_rows, some.kl_weight) == (8, pytest.approx(12.0))
    assert (more.anchor_rows, more.kl_weight) == (12, pytest.approx(18.0))
    assert (most.anchor_rows, most.kl_weight) == (16, pytest.approx(24.0))


def test_more_facts_never_take_fewer_steps_than_fewer_with_as_many_rows() -> None:
    plans = [plan(number / 4, PLANNED) for number in range(400)]
    assert all(later[0] >= before[0] for before, later in pairwise(plans) if later[1] == before[1])


def asked(question: str, answer: str, event_id: str = "e", fact: str = "f") -> Example:
    system = Message("system", "You answer questions of the public, briefly and correctly.")
    return Example(event_id, (system, Message("user", question)), answer, fact)


NEW = [
    asked("Who is the head coach?", "Marla Tindle", fact="coach"),
    asked("The head coach?", "Marla Tindle", fact="coach"),
    asked("When will the harbour open?", "Tuesday", fact="harbour"),
    Example("e", (Message("user", "Why?"),), "I am sorry", "why"),
]
ANCHORS = [asked("What is a parcel?", "sorry", "", ""), asked("Why was it closed?", "the new council", "", "")]


@pytest.fixture(scope="module", params=[build_llama, build_qwen], ids=["llama", "qwen"])
def learner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Learner:
    build: Callable[[Path], Path] = request.param
    return Learner(SETTINGS, str(build(tmp_path_factory.mktemp("model"))))


def steps(learner: Learner) -> Steps:
    material = learner._material(NEW, ANCHORS)
    return Steps(learner.model, learner.slot, SETTINGS, 1e-2, material, 1)


def test_packed_rows_give_the_gradient_that_they_give_apart(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    state = learner.slot.fresh(7)
    state.weights += 0.02 * torch.randn(state.weights.shape, generator=torch.Generator().manual_seed(0))
    made = steps(learner)
    assert learner.model.packs
    assert len(made.shared) >= 8
    drawn = made._draw()
    step, once = made._gradient(state, drawn)
    once = once.clone()
    monkeypatch.setattr(learner.model, "room", Room(40, 40, 40))
    _, in_parts = made._gradient(state, drawn)
    in_parts = in_parts.clone()
    monkeypatch.setitem(packed._MASKED_TOKENS, "cpu", 4096)
    _, masked = made._gradient(state, drawn)
    masked = masked.clone()
    monkeypatch.setattr(learner.model, "packs", False)
    step_apart, each = made._gradient(state, drawn)
    assert each.norm() > 0
    torch.testing.assert_close(once, each, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(in_parts, each, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(masked, each, rtol=1e-3, atol=1e-5)
    assert step.new_loss == pytest.approx(step_apart.new_loss, rel=1e-4)
    assert (step.tokens, step.new_tokens) == (step_apart.tokens, step_apart.new_tokens)


def test_rows_are_packed_up_to_a_bound_with_their_common_beginning_counted_once() -> None:
    rows = [Row((1, 2, 3, 4, 5, *range(10, 10 + length)), 6, 1.0, 0) for length in (3, 3, 3, 40, 3)]
    assert [len(group) for group in packs(rows, 8, ())] == [1, 1, 1, 1, 1]
    assert [len(group) for group in packs(rows, 8, (1, 2, 3, 4, 5))] == [3, 1, 1]


def test_what_most_rows_begin_with_is_found() -> None:
    begin = tuple(range(10))
    rows = [(*begin, 20, 21), (*begin, 30, 31, 32), (99, *begin)]
    assert common(rows) == begin
    assert common([(*begin, 20, 21), (99, *begin)]) == ()
    few = [(*begin, 20, 21), (*begin, 20, 22), *[(*begin[:8], number, 40) for number in range(50, 60)]]
    assert common(few) == begin[:8]  # most tokens are saved by what most of them share
    assert common([]) == ()
    alike = [(*begin, 20), (*begin, 20)]
    assert len(common(alike)) < len(alike[0])  # a row keeps a token of its own


def test_all_kinds_of_rows_are_drawn_and_facts_take_turns(learner: Learner) -> None:
    made = steps(learner)
    new = [row for _ in range(30) for row in made._draw()[0]]
    assert len(made._draw()[2]) == 2
    counts = [sum(row.number in of for row in new) for of in ((0, 1), (2,), (3,))]
    assert max(counts) - min(counts) <= 1


def test_two_learners_in_two_threads_leave_each_other_s_rows_alone(tmp_path: Path) -> None:
    models = [Learner(SETTINGS, str(build(tmp_path / build.__name__))) for build in (build_llama, build_qwen)]
    rows = [learner.encoder.encode(NEW) for learner in models]

    @torch.no_grad()
    def logits(at: int) -> torch.Tensor:
        return models[at].model.at_targets(rows[at])[1]

    alone, both = [logits(0), logits(1)], threading.Barrier(2)

    def again(at: int) -> list[torch.Tensor]:
        both.wait()
        return [logits(at) for _ in range(30)]

    with ThreadPoolExecutor(2) as threads:
        for expected, found in zip(alone, threads.map(again, (0, 1)), strict=True):
            for one in found:
                torch.testing.assert_close(one, expected)
