"""Blocks that are computed again in the backward pass give the gradient that kept ones give, and never outside of learning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rtadapt.config import TrainSettings
from rtadapt.errors import InvalidSettings
from rtadapt.records import Example, Message
from rtadapt.training import families, room
from rtadapt.training.learner import Learner
from rtadapt.training.loss import update_loss
from rtadapt.training.packed import pack
from rtadapt.training.rows import Row
from rtadapt.training.steps import Steps
from tests.support.tiny_families import build_family

SETTINGS = TrainSettings(new_rows=4, replay_rows=2, device="cpu", dtype="float32")
NEW = [
    Example("e", (Message("user", "Who is the head coach of Corvin Rovers?"),), "Marla Tindle", fact="coach"),
    Example("e", (Message("user", "When will the harbour open?"),), "Tuesday", fact="harbour"),
]


@pytest.fixture(params=["llama", "gpt_neox", "gemma2", "gemma3", "qwen3_moe", "falcon_h1"])
def learner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Learner]:
    yield Learner(SETTINGS, str(build_family(tmp_path / "model", request.param)))


@pytest.mark.parametrize("packs", [True, False])
def test_what_is_computed_again_gives_the_same_gradient(learner: Learner, packs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner.model, "packs", packs and learner.model.packs)
    state = learner.slot.fresh(7)
    state.weights += 0.02 * torch.randn(state.weights.shape, generator=torch.Generator().manual_seed(0))
    steps = Steps(learner.model, learner.slot, SETTINGS, 1e-2, learner._material(NEW, []), 1)
    drawn = steps._draw()
    kept = steps._gradient(state, drawn)[1].clone()
    passes: list[bool] = []
    first = families.blocks(learner.model.net)[0]
    first.register_forward_pre_hook(lambda *_: passes.append(True))
    attention = next(part for name, part in first.named_modules() if name in ("self_attn", "attention"))
    attention.register_forward_pre_hook(lambda *_: passes.append(False))
    room.recompute(learner.model.net)
    again = steps._gradient(state, drawn)[1]
    torch.testing.assert_close(again, kept, rtol=1e-4, atol=1e-7)
    assert kept.norm() > 0
    assert passes.count(False) == 2 * passes.count(True), "no block was computed again"


def test_what_keeps_no_gradient_is_computed_once(learner: Learner) -> None:
    room.recompute(learner.model.net)
    learner.open("news", None)
    assert learner.answers("news", NEW, "incumbent", 4) == learner.answers("news", NEW, "base", 4)


def test_a_cpu_s_room_is_what_its_caches_like(learner: Learner) -> None:
    assert learner.model.room == room.plan(learner.model, learner.slot, 512) == room.CPU


def test_a_device_without_room_for_one_row_is_refused_by_name(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([300, 500])
    monkeypatch.setattr(room, "_fitting", lambda *_: next(found))
    monkeypatch.setattr(learner.model, "device", torch.device("cuda"))
    with pytest.raises(InvalidSettings, match="no row of 512 tokens") as raised:
        room.plan(learner.model, learner.slot, 512)
    assert raised.value.field == "train.device"


def test_a_device_that_is_neither_a_cpu_nor_cuda_is_treated_as_a_cpu() -> None:
    other = torch.device("meta")
    batch, packing = pack([Row((1, 2, 3, 4), 2, 1.0, 0)], other)
    assert packing.mask is None and len(packing.blocks) == 1
    loss = update_loss(torch.empty(2, 9, device=other), batch.targets, batch.weights, None, 1.0)
    assert loss.nats.shape == (2,)
