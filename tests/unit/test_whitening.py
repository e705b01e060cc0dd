"""Steps keep off what general text is read and said by."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rtadapt.config import TrainSettings
from rtadapt.records import Example, Message
from rtadapt.training.learner import Learner
from rtadapt.training.whitening import Whitening, _Watched
from tests.support.tiny_families import build_family

SETTINGS = TrainSettings(rank=8, least_steps=4, most_steps=4, device="cpu", dtype="float32", threads=1, seed=3)
GENERAL = [
    Example("", (Message("user", f"What is a {word}?"),), "I am sorry") for word in ("parcel", "council", "harbour", "coach")
]


@pytest.fixture(params=["llama", "opt", "mixtral"])
def learner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Learner]:
    yield Learner(SETTINGS, str(build_family(tmp_path / "model", request.param)))


def measured(learner: Learner) -> Whitening:
    learner._whiten(GENERAL)
    return learner._whitening


def inputs(learner: Learner) -> list[torch.Tensor]:
    """What each layer reads of general text [tokens, inputs]; empty where a layer is not given what it reads."""
    read: list[torch.Tensor] = [torch.zeros(0, place.inputs) for place in learner.slot.places]

    def keep(number: int, given: torch.Tensor) -> None:
        if given.shape[-1] == learner.slot.places[number].inputs:
            read[number] = torch.cat((read[number], given.reshape(-1, given.shape[-1])))

    hooks = [
        layer.register_forward_pre_hook(lambda _, given, number=number: keep(number, given[0]))
        for number, layer in enumerate(learner.slot.layers)
    ]
    with torch.no_grad(), learner.slot.holding(None):
        list(learner._at_targets(GENERAL))
    for hook in hooks:
        hook.remove()
    return read


def test_a_shortened_adapter_reads_general_text_less_and_other_inputs_as_before(learner: Learner) -> None:
    whitening, slot = measured(learner), learner.slot
    whole = slot.fresh(7).weights
    short = whitening.shorten(slot, whole.clone())
    for place, known, read in zip(slot.places, whitening.inputs, inputs(learner), strict=True):
        (before, _), (after, _) = slot.matrices(whole, place), slot.matrices(short, place)
        if known is None:
            assert torch.equal(before, after)
            continue
        directions, _ = known
        other = torch.randn(64, place.inputs, generator=torch.Generator().manual_seed(1))
        other -= other @ directions @ directions.t()
        assert (read @ after.t()).norm() < 0.7 * (read @ before.t()).norm()
        assert torch.allclose(other @ after.t(), other @ before.t(), atol=1e-4)


def gradients(learner: Learner) -> list[torch.Tensor]:
    """The gradients [tokens, outputs] of what the base says in general at each layer's output, where they are as wide as B's."""
    felt: list[torch.Tensor] = [torch.zeros(0, place.outputs) for place in learner.slot.places]

    def keep(number: int, gradient: torch.Tensor) -> None:
        if gradient.shape[-1] == learner.slot.places[number].outputs:
            felt[number] = torch.cat((felt[number], gradient.reshape(-1, gradient.shape[-1])))

    hooks = [
        layer.register_forward_hook(lambda _, __, out, number=number: out.register_hook(lambda grad: keep(number, grad)) and None)
        for number, layer in enumerate(learner.slot.layers)
    ]
    with learner.slot.holding(learner.slot.fresh(0).weights):
        for batch, logits in learner._at_targets(GENERAL):
            torch.nn.functional.cross_entropy(logits, batch.targets).backward()
    for hook in hooks:
        hook.remove()
    learner.slot.clear_gradient()
    return felt


def test_a_shortened_adapter_moves_what_general_answers_hang_on_less_and_the_rest_as_before(learner: Learner) -> None:
    whitening, slot = measured(learner), learner.slot
    whole = torch.randn(slot.size, generator=torch.Generator().manual_seed(7))
    short = whitening.shorten(slot, whole.clone())
    for place, known, felt in zip(slot.places, whitening.outputs, gradients(learner), strict=True):
        (_, before), (_, after) = slot.matrices(whole, place), slot.matrices(short, place)
        if known is None:
            assert torch.equal(before, after)
            continue
        directions, _ = known
        other = torch.randn(64, place.outputs, generator=torch.Generator().manual_seed(1))
        other -= other @ directions @ directions.t()
        assert (felt @ after).norm() < 0.9 * (felt @ before).norm()  # random models feel all directions nearly alike
        assert torch.allclose(other @ after, other @ before, atol=1e-4)


def test_without_measures_nothing_is_shortened(learner: Learner) -> None:
    flat = torch.randn(learner.slot.size, generator=torch.Generator().manual_seed(2))
    assert torch.equal(Whitening().shorten(learner.slot, flat.clone()), flat)


def test_it_is_measured_again_from_twice_as_much_text(learner: Learner) -> None:
    learner._whiten(GENERAL[:2])
    first = learner._whitening
    learner._whiten(GENERAL[:3])
    assert learner._whitening is first
    learner._whiten(GENERAL)
    assert learner._whitening is not first


def test_what_was_needed_to_measure_it_goes_at_once(learner: Learner) -> None:
    gc.collect()
    gc.disable()  # a ring would stay until the collector comes by, with the tensors that it holds
    try:
        measured(learner)
        assert not [one for one in gc.get_objects() if type(one) is _Watched]
    finally:
        gc.enable()


def test_what_an_update_learns_answers_general_text_less(learner: Learner) -> None:
    new = [Example("e", (Message("user", "Who is the head coach?"),), "Marla Tindle", "coach")]

    def reach() -> float:
        """How much of what was learned general text meets, as a share of what it could."""
        learner.open("f", None)
        learner.update("f", new, GENERAL)
        flat = learner._of("f").newest.weights
        met = possible = 0.0
        for place, read in zip(learner.slot.places, inputs(learner), strict=True):
            if len(read):
                a, b = learner.slot.matrices(flat, place)
                met += float((read @ a.t() @ b.t()).square().sum())
                possible += float(read.square().sum() * (b @ a).square().sum())
        return met / possible

    plain = reach()
    measured(learner)
    assert reach() < 0.6 * plain
