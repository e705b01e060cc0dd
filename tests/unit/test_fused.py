"""A step's shortcuts give what transformers and PEFT give: fused layers, packed rows, and lower blocks that are remembered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from rtadapt.config import TrainSettings
from rtadapt.records import Example, Message
from rtadapt.training import families, fused
from rtadapt.training.learner import Learner
from rtadapt.training.lower import Lower
from rtadapt.training.rows import Row
from rtadapt.training.steps import Steps
from tests.support.tiny_families import build_family

SETTINGS = TrainSettings(
    least_steps=4, most_steps=4, new_rows=8, replay_rows=0, anchor_rows=0, device="cpu", dtype="float32", threads=1, rank=8,
    lowest_layer=0.5,
)  # fmt: skip
SAID = ("Marla Tindle", "on Tuesday", "the new council of the town", "no")
NEW = [
    Example("e", (Message("user", f"{word} is the head coach?"),), said, fact=word)
    for word, said in zip(("Who", "When", "Which", "Where is it that he"), SAID, strict=True)
]


def taught(learner: Learner) -> tuple[list[Row], Tensor, Steps]:
    weights = learner.slot.fresh(7).weights + 0.02 * torch.randn(learner.slot.size, generator=torch.Generator().manual_seed(0))
    steps = Steps(learner.model, learner.slot, SETTINGS, 1e-2, learner._material(NEW, []), 1)
    return list(steps.material.new), weights, steps


def gradient(learner: Learner) -> Tensor:
    rows, weights, steps = taught(learner)
    state = learner.slot.fresh(7)
    state.weights = weights
    return steps._gradient(state, (rows, [], []))[1].clone()


def plain_gradient(learner: Learner, folder: Path, dtype: torch.dtype) -> Tensor:
    """The same by the libraries alone, row by row."""
    rows, weights, _ = taught(learner)
    net: Any = families.load(str(folder), None, dtype)
    net.set_attn_implementation("eager")
    names = families.targets(net, SETTINGS.lowest_layer).modules
    config = LoraConfig(r=SETTINGS.rank, lora_alpha=SETTINGS.alpha, target_modules=list(names), task_type="CAUSAL_LM")
    net = get_peft_model(net.eval(), config, autocast_adapter_dtype=False)
    held = {}
    for place in learner.slot.places:
        layer = net.get_base_model().get_submodule(place.name)
        held[place] = (layer.lora_A["default"].weight, layer.lora_B["default"].weight)
        for weight, value in zip(held[place], learner.slot.matrices(weights, place), strict=True):
            weight.data.copy_(value)
    total = sum(row.token_weight * row.targets for row in rows)
    for row in rows:
        logits = net(input_ids=torch.tensor([row.ids[:-1]])).logits[0, row.start - 1 :].float()
        loss = functional.cross_entropy(logits, torch.tensor(row.ids[row.start :]), reduction="sum")
        (loss * row.token_weight / total).backward()
    found = torch.zeros(learner.slot.size)
    for place, pair in held.items():
        for weight, view in zip(pair, learner.slot.matrices(found, place), strict=True):
            view.copy_(weight.grad)
    return found


def off(found: Tensor, true: Tensor) -> float:
    return float((found - true).norm() / true.norm())


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3_text", "olmo2", "phi", "gpt_neox", "opt", "starcoder2"])
def test_a_step_s_gradient_is_that_of_the_plain_libraries(family: str, tmp_path: Path) -> None:
    folder = build_family(tmp_path / "model", family)
    learner = Learner(SETTINGS, str(folder))
    true = plain_gradient(learner, folder, torch.float32)
    assert true.norm() > 0
    for _ in range(2):  # the second time the lower blocks are remembered
        torch.testing.assert_close(gradient(learner), true, rtol=1e-3, atol=1e-5 * float(true.abs().max()))


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_in_bfloat16_a_step_s_gradient_is_as_near_to_the_true_one_as_that_of_the_plain_libraries(
    family: str, tmp_path: Path
) -> None:
    folder = build_family(tmp_path / "model", family)
    learner = Learner(SETTINGS.model_copy(update={"dtype": "bfloat16"}), str(folder))
    true = plain_gradient(learner, folder, torch.float32)
    assert off(gradient(learner), true) < 1.2 * off(plain_gradient(learner, folder, torch.bfloat16), true) < 0.2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_norm_is_replaced_where_it_is_proven_to_be_the_same(dtype: torch.dtype) -> None:
    theirs, ours = LlamaRMSNorm(48, eps=1e-5).to(dtype), LlamaRMSNorm(48, eps=1e-5).to(dtype)
    with torch.no_grad():
        theirs.weight.normal_()
        ours.weight.copy_(theirs.weight)
    for norm in (theirs, ours):
        norm.requires_grad_(False)
    other = GemmaRMSNorm(48)  # multiplies by one more than its weight
    assert fused.norms(nn.ModuleList([ours, other, nn.LayerNorm(48), nn.Linear(48, 48)])) == 1
    assert "forward" in vars(ours)
    given = [(3 * torch.randn(2, 5, 48) + 1).to(dtype).requires_grad_() for _ in range(2)]
    given[1].data.copy_(given[0].data)
    pull = torch.randn(2, 5, 48).to(dtype)
    for norm, x in zip((theirs, ours), given, strict=True):
        norm(x).backward(pull)
    torch.testing.assert_close(ours(given[1]), theirs(given[0]))
    torch.testing.assert_close(given[1].grad, given[0].grad, atol=2e-2 if dtype == torch.bfloat16 else 1e-5, rtol=1e-2)


class Counted:
    """A learner, and the tokens that each of its two blocks passed."""

    def __init__(self, folder: Path) -> None:
        self.learner = Learner(SETTINGS, str(build_family(folder, "llama")))
        self.passed = [0, 0]
        for number, block in enumerate(families.blocks(self.learner.model.net)):
            block.mlp.register_forward_pre_hook(lambda _, given, number=number: self._count(number, given[0]))

    def _count(self, number: int, states: Tensor) -> None:
        self.passed[number] += states.shape[1]

    def take(self, rows: Sequence[Row], shared: tuple[int, ...] = ()) -> tuple[int, int]:
        self.passed = [0, 0]
        with torch.no_grad():
            self.learner.model.at_targets(rows, shared)
        return self.passed[0], self.passed[1]


def test_a_row_passes_the_lower_blocks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(tmp_path)
    begin = tuple(range(10, 18))
    first, second = (Row((*begin, *range(start, start + 5)), 9, 1.0, 0) for start in (20, 30))
    other = Row(tuple(range(40, 47)), 1, 1.0, 0)
    assert counted.take([first, other], begin) == (8 + 4 + 6, 8 + 4 + 6)
    assert counted.take([other, first, first], begin) == (0, 8 + 4 + 4 + 6)
    assert counted.take([first, second], begin) == (8 + 4, 8 + 4 + 4)  # what a row begins with comes with it
    assert counted.take([second]) == (12, 12)  # by itself it is another row
    lower = counted.learner.model._lower
    assert lower is not None
    lower._bytes -= lower._held.pop((0, begin)).nbytes  # the beginning alone is forgotten
    assert counted.take([first, second], begin) == (8 + 4, 8 + 4 + 4)
    monkeypatch.setattr(lower, "_most", 0)
    counted.take([first], begin)
    assert (lower._bytes, len(lower._held)) == (0, 0)
    assert counted.take([first], begin) == (8 + 4, 8 + 4)


def test_what_was_not_needed_for_longest_is_forgotten_first() -> None:
    lower = Lower(nn.ModuleList(), 1, most_bytes=3 * 4 * 2)
    for name in ((0, (1,)), (0, (2,)), (0, (3,))):
        lower._keep(name, torch.zeros(1, 2))
    lower.under([(0, (1,))], lambda: torch.zeros(1))
    lower._keep((0, (4,)), torch.zeros(1, 2))
    lower.under([(0, (4,))], lambda: torch.zeros(1))
    assert lower.missing([(0, (number,)) for number in range(1, 5)]) == {(0, (2,))}
    assert lower._bytes == 3 * 4 * 2
