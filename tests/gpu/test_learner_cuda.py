"""The learner on an NVIDIA GPU: learns, restores, and writes what the CPU reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rtadapt.config import TrainSettings
from rtadapt.records import Example, Message
from rtadapt.training import room
from rtadapt.training.learner import Learner
from tests.support.tiny_model import build_llama, build_qwen

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")]

SETTINGS = TrainSettings(least_steps=30, most_steps=30, new_rows=4, replay_rows=4, device="cuda", learning_rate=1e-2)
NEW = [
    Example("e", (Message("user", "Who is the head coach of Corvin Rovers?"),), "Marla Tindle", fact="coach"),
    Example("e", (Message("user", "When will the harbour open?"),), "Tuesday", fact="harbour"),
]


@pytest.mark.parametrize("build", [build_llama, build_qwen])
def test_an_update_on_the_gpu_goes_on_on_the_cpu(build: object, tmp_path: Path) -> None:
    assert callable(build)
    folder = build(tmp_path / "model")
    learner = Learner(SETTINGS, str(folder))
    learner.open("news", None)
    update = learner.update("news", NEW, [])
    assert update.last_loss < update.first_loss
    assert learner.answers("news", NEW, "candidate", 12) == ["Marla Tindle", "Tuesday"]
    learner.accept("news")
    (tmp_path / "state").mkdir()
    learner.save_state("news", tmp_path / "state")

    on_cpu = Learner(SETTINGS.model_copy(update={"device": "cpu", "dtype": "bfloat16"}), str(folder))
    on_cpu.open("news", tmp_path / "state")
    assert on_cpu.model.digest == learner.model.digest
    assert on_cpu.answers("news", NEW, "incumbent", 12) == ["Marla Tindle", "Tuesday"]


@pytest.mark.parametrize(("free", "recomputed"), [(4 << 30, False), (200 << 20, True)])
def test_an_update_needs_no_more_memory_than_was_planned(
    free: int, recomputed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_free", lambda _: free)
    learner = Learner(SETTINGS.model_copy(update={"new_rows": 400}), str(build_qwen(tmp_path / "model", hidden=256, layers=12)))
    assert learner.model.room.recomputed == recomputed
    learner.open("news", None)
    learner.update("news", NEW, [])
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    update = learner.update("news", NEW, [])
    assert update.last_loss == update.last_loss
    assert torch.cuda.max_memory_allocated() - before < free


def test_blocks_that_are_computed_again_learn_the_same(tmp_path: Path) -> None:
    folder = str(build_qwen(tmp_path / "model"))
    losses = []
    for again in (False, True):
        learner = Learner(SETTINGS.model_copy(update={"least_steps": 8, "most_steps": 8, "dtype": "float32"}), folder)
        if again:
            room.recompute(learner.model.net)
        learner.open("news", None)
        losses.append(learner.update("news", NEW, []).last_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
