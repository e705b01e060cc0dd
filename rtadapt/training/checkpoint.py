"""What a feed's learning is on disk: the adapter that engines load, and the state that learning goes on from.

Owns both file forms: PEFT's for the adapter, fp32 tensors and a JSON for the state. Only safetensors and JSON, never
pickle. Writes files into a folder that is there; making them whole or absent is the artifact store's work.
"""

from __future__ import annotations

import hashlib
import json
from copy import copy
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict
from peft.utils import SAFETENSORS_WEIGHTS_NAME
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rtadapt.errors import ArtifactDamaged, WrongBase
from rtadapt.training.adapter import AdapterState, Slot

_STATE_TENSORS = "learner.safetensors"
_STATE_JSON = "learner.json"
_FORMAT = 2
_METADATA = {"format": "pt"}


def save_state(folder: Path, state: AdapterState, slot: Slot, base: str) -> None:
    """Write the state: `learner.safetensors` and `learner.json` with the digest of the base it belongs to."""
    tensors = {"weights": state.weights, "mean": state.mean, "square": state.square}
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, folder / _STATE_TENSORS)
    about = {
        "format": _FORMAT,
        "base": base,
        "rank": slot.rank,
        "alpha": slot.alpha,
        "rslora": slot.rslora,
        "layers": _layers(slot),
        "steps": state.steps,
        "updates": state.updates,
        "drift": state.drift,
    }
    (folder / _STATE_JSON).write_text(json.dumps(about), "utf-8")


def load_state(folder: Path, slot: Slot, base: str, device: torch.device) -> AdapterState:
    """Read a state back, bit for bit.

    Raises WrongBase when it was learned on another base model or with another rank or alpha, ArtifactDamaged when a
    file is missing or is not what it should be.
    """
    try:
        about: dict[str, Any] = json.loads((folder / _STATE_JSON).read_text("utf-8"))
        if about["format"] != _FORMAT:
            raise ValueError(f"it has format {about['format']}, this version reads {_FORMAT}")
        tensors = load_file(folder / _STATE_TENSORS)
        found = (about["base"], about["rank"], float(about["alpha"]), about["rslora"])
        layers = about["layers"]
        weights, mean, square = (tensors[name].to(device) for name in ("weights", "mean", "square"))
        state = AdapterState(weights, mean, square, int(about["steps"]), int(about["updates"]), float(about.get("drift", 0.0)))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ArtifactDamaged(f"the learner state can't be read: {error}") from error
    if found[0] != base:
        raise WrongBase(f"the state was learned on base model {str(found[0])[:12]}, the one loaded here is {base[:12]}")
    if found[1:] != (slot.rank, float(slot.alpha), slot.rslora):
        wanted = f"rank {slot.rank}, alpha {slot.alpha} and rslora {slot.rslora}"
        raise WrongBase(f"the state has rank {found[1]}, alpha {found[2]} and rslora {found[3]}, the settings say {wanted}")
    tensors_read = (state.weights, state.mean, state.square)
    fits = all(tensor.shape == (slot.size,) and tensor.dtype == torch.float32 for tensor in tensors_read)
    if layers != _layers(slot) or not fits:
        raise ArtifactDamaged("the learner state does not fit the base model's layers")
    return state


def save_adapter(folder: Path, state: AdapterState, slot: Slot) -> None:
    """Write the adapter as PEFT names and writes it, in the base's type.

    Makes `adapter_model.safetensors` and `adapter_config.json`, which does not say where the base model lay.
    """
    with slot.holding(state.weights):
        tensors = get_peft_model_state_dict(slot.peft, save_embedding_layers=False)
        save_file({name: tensor.cpu().clone() for name, tensor in tensors.items()}, folder / SAFETENSORS_WEIGHTS_NAME, _METADATA)
    config = copy(slot.peft.active_peft_config)
    config.base_model_name_or_path, config.inference_mode = None, True
    config.save_pretrained(str(folder))


def _layers(slot: Slot) -> str:
    """Names which layer each part of the flat vector belongs to."""
    return hashlib.sha256("\n".join(map(str, slot.places)).encode()).hexdigest()[:16]
