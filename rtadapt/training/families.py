"""What is particular to single model families: the one table of it.

Owns which architectures can be learned and served, through which class they are loaded, and which of a network's layers
get an adapter. Takes a configuration or a network; gives names, or the one sentence that says why not. The engine is the
measure: a layer that it serves no adapter for must not learn.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from rtadapt.errors import InvalidSettings

logger = logging.getLogger(__name__)

_WITHOUT_LORA = frozenset(
    {
        "BailingMoeV2_5ForCausalLM",
        "BailingMoeV3ForCausalLM",
        "BloomForCausalLM",
        "Cohere2MoeForCausalLM",
        "DbrxForCausalLM",
        "FalconForCausalLM",
        "FalconMambaForCausalLM",
        "GPT2LMHeadModel",
        "GPTJForCausalLM",
        "Gemma3nForCausalLM",
        "Gemma3nForConditionalGeneration",
        "HrmTextForCausalLM",
        "IQuestLoopCoderForCausalLM",
        "Mamba2ForCausalLM",
        "MambaForCausalLM",
        "MiMoV2FlashForCausalLM",
        "MiMoV2ForCausalLM",
        "OrionForCausalLM",
        "StableLmForCausalLM",
        "Step1ForCausalLM",
        "Step3TextForCausalLM",
        "Step3p5ForCausalLM",
        "Zamba2ForCausalLM",
    }
)
"""Architectures that vLLM 0.32 serves, but not with LoRA adapters. A test holds this against the installed engine."""

_EXPERTS = {
    "GptOssForCausalLM": ("experts.gate_up_proj", "experts.down_proj"),
    "Qwen3VLMoeForConditionalGeneration": ("experts.gate_up_proj", "experts.down_proj"),
    "Qwen3_5MoeForCausalLM": ("experts.gate_up_proj", "experts.down_proj"),
    "Qwen3_5MoeForConditionalGeneration": ("experts.gate_up_proj", "experts.down_proj"),
}
"""Mixtures whose experts vLLM serves in PEFT's form, as three-dimensional parameters, without a flag of its own."""

_NOT_ADAPTED = frozenset({"gate", "router", "shared_expert_gate", "score", "classifier"})
"""Linear layers that choose or judge instead of carrying text; engines do not serve adapters on them."""

THOUGHTS = (("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("<seed:think>", "</seed:think>"), ("<thought>", "</thought>"))
"""How models that reason aloud open and close a thought."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What gets an adapter: full names of linear layers, and the parameters of experts as PEFT names them."""

    modules: tuple[str, ...]
    parameters: tuple[str, ...]


def load(name: str, revision: str | None, dtype: Any) -> Any:
    """The network of a model folder or hub id, as the class that its own configuration names.

    A model that wraps a language model is loaded with its wrapper: the engine maps the names of that class, and an adapter
    named after another one would be taken and do nothing. Raises InvalidSettings, before any weight is read, for an
    architecture that can't be served with adapters; OSError and ValueError for what can't be read.
    """
    config = AutoConfig.from_pretrained(name, revision=revision)
    architecture = _architecture(config)
    if architecture in _WITHOUT_LORA:
        raise InvalidSettings(
            f"the base model {name} is a {architecture}: vLLM serves that architecture without LoRA adapters, so nothing that "
            "is learned on it could be served",
            field="model",
        )
    wraps = architecture in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.values()
    kind = AutoModelForImageTextToText if wraps else AutoModelForCausalLM
    return kind.from_pretrained(name, revision=revision, dtype=dtype)


def targets(net: Any, lowest_layer: float) -> Targets:
    """What gets an adapter in the blocks from the share `lowest_layer` of the depth upwards.

    Every linear layer of the language model but its output layer, its gates and the inside of state-space mixers, whose
    kernels read the weights past the layer. Of a wrapper only the language model: towers see no text. Raises
    InvalidSettings where nothing is left.
    """
    name, decoder = _decoder(net)
    output = net.get_output_embeddings()
    found = [path for path, layer in _linear(name, decoder) if layer is not output]
    mixtures = sorted(
        {path.rpartition(".")[0] for path, weight in decoder.named_parameters(prefix=name) if _is_expert(path, weight)}
    )
    depth = 1 + max(map(block, (*found, *mixtures)), default=0)
    found = [path for path in found if block(path) >= int(depth * lowest_layer)]
    if not found:
        raise InvalidSettings(
            f"the base model is a {_architecture(net.config)} without a linear layer that LoRA could adapt", field="model"
        )
    experts = _EXPERTS.get(_architecture(net.config), ()) if mixtures else ()
    if mixtures and not experts:
        logger.warning(
            "the experts of this mixture get no adapter, for the engine serves none there: only its attention and what all "
            "tokens share learns, which leaves less room for facts",
            extra={"architecture": _architecture(net.config)},
        )
    mixtures = [path for path in mixtures if block(path) >= int(depth * lowest_layer)]
    return Targets(tuple(found), tuple(f"{path.removesuffix('experts')}{part}" for path in mixtures for part in experts))


def blocks(net: Any) -> nn.ModuleList:
    """The blocks of the language model, one on top of the other."""
    lists = [part for part in _decoder(net)[1].modules() if isinstance(part, nn.ModuleList)]
    return max(lists, key=lambda part: sum(weight.numel() for weight in part.parameters()))


def block(path: str) -> int:
    """The number of the block that a module belongs to: the first number in its path."""
    return next((int(part) for part in path.split(".") if part.isdigit()), 0)


def _architecture(config: Any) -> str:
    return str((config.architectures or [config.model_type])[0])


def _decoder(net: Any) -> tuple[str, nn.Module]:
    """The language model inside a network, and its path there."""
    decoder = net.get_decoder()
    for path, module in net.named_modules():
        if module is decoder and path:
            return path, module
    return next((path, module) for path, module in net.named_children() if any(True for _ in module.children()))


def _linear(path: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The linear layers inside `module` that carry text, with their paths, in order."""
    if hasattr(module, "A_log") and hasattr(module, "D"):  # a state-space mixer
        return
    if isinstance(module, nn.Linear) and path.rpartition(".")[2] not in _NOT_ADAPTED:
        yield path, module
    for name, child in module.named_children():
        yield from _linear(f"{path}.{name}", child)


def _is_expert(path: str, weight: nn.Parameter) -> bool:
    return weight.ndim == 3 and path.split(".")[-2] == "experts"
