"""What a feed's learning is on disk: the adapter that engines load, and the state that learning goes on from.

Owns both file forms: PEFT's for the adapter, fp32 tensors and a JSON for the state. Only safetensors and JSON, never
pickle. Writes files into a folder that is there; making them whole or absent is the artifact store's work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rtadapt.errors import ArtifactDamaged, WrongBase
from rtadapt.training.adapter import AdapterState, Slot

_STATE_TENSORS = "learner.safetensors"
_STATE_JSON = "learner.json"
_FORMAT = 1


def save_state(folder: Path, state: AdapterState, slot: Slot, base: str) -> None:
    """Write the state: `learner.safetensors` and `learner.json` with the digest of the base it belongs to."""
    tensors = {"weights": state.weights, "mean": state.mean, "square": state.square}
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, folder / _STATE_TENSORS)
    about = {
        "format": _FORMAT,
        "base": base,
        "rank": slot.rank,
        "alpha": slot.alpha,
        "steps": state.steps,
        "updates": state.updates,
    }
    (folder / _STATE_JSON).write_text(json.dumps(about), "utf-8")


def load_state(folder: Path, slot: Slot, base: str, device: torch.device) -> AdapterState:
    """Read a state back, bit for bit.

    Raises WrongBase when it was learned on another base model or with another rank or alpha, ArtifactDamaged when a
    file is missing or is not what it should be.
    """
    try:
        about: dict[str, Any] = json.loads((folder / _STATE_JSON).read_text("utf-8"))
        tensors = load_file(folder / _STATE_TENSORS)
        found = (about["format"], about["base"], about["rank"], float(about["alpha"]))
        weights, mean, square = (tensors[name].to(device) for name in ("weights", "mean", "square"))
        state = AdapterState(weights, mean, square, int(about["steps"]), int(about["updates"]))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ArtifactDamaged(f"the learner state can't be read: {error}") from error
    if found[0] != _FORMAT:
        raise ArtifactDamaged(f"the learner state has format {found[0]}, this version reads {_FORMAT}")
    if found[1] != base:
        raise WrongBase(f"the state was learned on base model {str(found[1])[:12]}, the one loaded here is {base[:12]}")
    if found[2:] != (slot.rank, float(slot.alpha)):
        raise WrongBase(f"the state has rank {found[2]} and alpha {found[3]}, the settings say {slot.rank} and {slot.alpha}")
    if any(tensor.shape != (slot.size,) or tensor.dtype != torch.float32 for tensor in (state.weights, state.mean, state.square)):
        raise ArtifactDamaged("the learner state does not fit the base model's layers")
    return state


def save_adapter(folder: Path, state: AdapterState, slot: Slot, dtype: torch.dtype) -> None:
    """Write the adapter as PEFT does, in the base's type: `adapter_model.safetensors` and `adapter_config.json`."""
    tensors: dict[str, torch.Tensor] = {}
    for place in slot.places:
        a, b = slot.matrices(state.weights, place)
        tensors[f"base_model.model.{place.name}.lora_A.weight"] = a.to(dtype).cpu().contiguous()
        tensors[f"base_model.model.{place.name}.lora_B.weight"] = b.to(dtype).cpu().contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,
        "r": slot.rank,
        "lora_alpha": slot.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": sorted({place.name.rpartition(".")[2] for place in slot.places}),
        "layers_to_transform": slot.depths(),
        "modules_to_save": None,
        "use_dora": False,
        "use_rslora": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2), "utf-8")
