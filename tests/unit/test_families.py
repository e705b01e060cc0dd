"""A table of small random models: each is learned, saved and read back alike, or refused in one sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer

from rtadapt.config import TrainSettings
from rtadapt.errors import InvalidSettings
from rtadapt.records import Example, Message
from rtadapt.serving.vocabulary import vocabulary_of
from rtadapt.training import checkpoint, families
from rtadapt.training.adapter import Slot
from rtadapt.training.learner import Learner
from tests.support.tiny_families import LEARNED, REFUSED, build_family

SETTINGS = TrainSettings(
    least_steps=3, most_steps=3, warm_steps=1, cool_share=0.34, new_rows=2, replay_rows=2, anchor_rows=2, device="cpu",
    dtype="float32", threads=1, lowest_layer=0.0, learning_rate=3e-3, rank=8, alpha=16,
)  # fmt: skip
NEW = [
    Example("e", (Message("user", "Who is the head coach?"),), "Marla Tindle", fact="coach"),
    Example("e", (Message("user", "When will it open?"),), "Tuesday", fact="harbour"),
]


def answered(learner: Learner, weights: torch.Tensor | None) -> torch.Tensor:
    """The logits [vocabulary] of the first question's answer under an adapter, or none."""
    ids = torch.tensor(learner.encoder.prompts([NEW[0].prompt]))
    with torch.no_grad(), learner.slot.holding(weights):
        return learner.model.logits(ids, torch.tensor([0]), torch.tensor([ids.shape[1] - 1]))[0]


@pytest.mark.parametrize("family", LEARNED)
def test_a_family_learns_and_what_is_saved_gives_the_same_logits(family: str, tmp_path: Path) -> None:
    folder = build_family(tmp_path / "model", family)
    learner = Learner(SETTINGS, str(folder))
    learner.open("news", None)
    before = answered(learner, None)
    assert torch.equal(answered(learner, learner._feeds["news"].incumbent.weights), before)  # a fresh adapter changes nothing
    update = learner.update("news", NEW, [])
    assert update.steps == 3
    assert update.last_loss < update.first_loss
    taught = learner._feeds["news"].newest.weights
    assert not torch.allclose(answered(learner, taught), before)
    assert torch.equal(answered(learner, None), before)

    saved, state = tmp_path / "adapter", tmp_path / "state"
    saved.mkdir()
    state.mkdir()
    learner.save_adapter("news", saved)
    learner.save_state("news", state)
    ids = torch.tensor(learner.encoder.prompts([NEW[0].prompt]))
    ours = answered(learner, taught)
    fresh = families.load(str(folder), None, torch.float32)
    fresh.set_attn_implementation("eager")
    with torch.no_grad():
        theirs = PeftModel.from_pretrained(fresh.eval(), saved)(input_ids=ids).logits[0, -1]
    assert torch.allclose(ours, theirs, atol=1e-3, rtol=1e-3)

    again = Learner(SETTINGS, str(folder))
    again.open("news", state)
    assert torch.equal(answered(again, again._feeds["news"].incumbent.weights), ours)


@pytest.mark.parametrize("family", REFUSED)
def test_a_family_that_the_engine_serves_without_adapters_is_refused_in_one_sentence(family: str, tmp_path: Path) -> None:
    folder = build_family(tmp_path, family)
    (folder / "model.safetensors").unlink()  # said before any weight is read
    with pytest.raises(InvalidSettings, match="without LoRA adapters") as refused:
        Learner(SETTINGS, str(folder))
    assert refused.value.field == "model"


def slot_of(family: str, folder: Path, **more: bool) -> Slot:
    return Slot(families.load(str(build_family(folder, family)), None, torch.float32), 8, 16.0, **more)


@pytest.mark.parametrize("family", ["gemma3", "qwen2_vl"])
def test_a_wrapper_learns_in_its_language_model_alone(family: str, tmp_path: Path) -> None:
    assert all(place.name.startswith("model.language_model.layers.") for place in slot_of(family, tmp_path).places)


def test_state_space_mixers_and_gates_get_no_adapter(tmp_path: Path) -> None:
    names = [place.name for place in slot_of("jamba", tmp_path).places]
    assert any("self_attn" in name for name in names)
    assert not any("mamba" in name or "router" in name for name in names)


def test_experts_learn_where_the_engine_serves_them_and_else_it_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    slot = slot_of("gpt_oss", tmp_path / "a")
    assert {place.experts for place in slot.places} == {1, 4}
    assert "experts of this mixture" not in caplog.text
    assert {place.experts for place in slot_of("mixtral", tmp_path / "b").places} == {1}
    assert "experts of this mixture get no adapter" in caplog.text


@pytest.mark.parametrize("rslora", [False, True])
def test_distance_is_the_norm_of_what_peft_would_merge(rslora: bool, tmp_path: Path) -> None:
    slot = slot_of("gpt_oss", tmp_path, rslora=rslora)
    weights = torch.randn(slot.size, generator=torch.Generator().manual_seed(0)) / 10
    with torch.no_grad(), slot.holding(weights):
        layers = [layer for layer in slot.peft.modules() if isinstance(layer, LoraLayer)]
        merged = sum(float(layer.get_delta_weight("default").double().square().sum()) for layer in layers)
    assert slot.distance(weights, torch.zeros(slot.size)) == pytest.approx(merged**0.5, rel=1e-4)


def test_of_two_tokenizers_the_one_with_the_chat_template_is_taken(tmp_path: Path) -> None:
    folder = build_family(tmp_path, "mistral")
    (folder / "tekken.json").write_text("{}")  # it could not even be read
    learner = Learner(SETTINGS, str(folder))
    assert learner.encoder.template.is_there
    assert vocabulary_of(str(folder), None, 512).tokens == len(learner.model.tokenizer)


def test_the_table_is_what_the_installed_engine_says() -> None:
    registry = pytest.importorskip("vllm.model_executor.models.registry")
    served = registry._TEXT_GENERATION_MODELS
    for architecture in sorted(families._WITHOUT_LORA & set(served)):
        module, name = served[architecture]
        source = (Path(registry.__file__).parent / f"{module}.py").read_text("utf-8")
        assert re.search(rf"class {name}\(", source)
        assert not re.search(rf"class {name}\([^)]*SupportsLoRA", source), architecture


def test_the_engine_reads_the_adapter_as_it_is_saved(tmp_path: Path) -> None:
    peft_helper = pytest.importorskip("vllm.lora.peft_helper")
    lora_model = pytest.importorskip("vllm.lora.lora_model")
    slot = slot_of("llama", tmp_path / "model", rslora=True)
    (tmp_path / "adapter").mkdir()
    checkpoint.save_adapter(tmp_path / "adapter", slot.fresh(1), slot)
    config = peft_helper.PEFTHelper.from_local_dir(str(tmp_path / "adapter"), 256)
    assert config.vllm_lora_scaling_factor == pytest.approx(slot.scale)
    served = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    read = lora_model.LoRAModel.from_local_checkpoint(str(tmp_path / "adapter"), served, config, device="cpu", lora_model_id=1)
    assert set(read.loras) == {place.name for place in slot.places}
    assert json.loads((tmp_path / "adapter/adapter_config.json").read_text())["base_model_name_or_path"] is None
