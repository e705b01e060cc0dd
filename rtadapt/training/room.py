"""How many tokens go through the network at once: what the device has memory for, planned when the base is loaded.

Owns that plan, and whether the blocks' activations are kept for the backward pass or computed again in it. On a CPU it is what
its caches like; on a GPU it is measured, with one forward and backward pass over made-up rows of two sizes. Takes a base with
its slot; gives numbers that batches are made by.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.checkpoint import checkpoint

from rtadapt.errors import InvalidSettings
from rtadapt.training import families, packed
from rtadapt.training.loss import update_loss
from rtadapt.training.rows import Row

if TYPE_CHECKING:
    from rtadapt.training.adapter import Slot
    from rtadapt.training.model import BaseModel

logger = logging.getLogger(__name__)

_CPU_TOKENS = 2048
_MOST_TOKENS = 16_384
_TRIED = (1024, 2048)
_ROW_TOKENS, _ROW_TARGETS = 64, 16
"""A row as they are on average: of what is kept for the backward pass, the targets' logits are the widest part."""
_SHARE = 0.7
"""Of the free memory so much is planned with: the rest is for feeds' adapters, judging, and what the allocator can't join."""
_LEAST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Room:
    """Tokens at once: of a forward and backward pass, of one without gradients, and in the cache while answers are written."""

    step: int
    read: int
    written: int
    recomputed: bool = False

    @classmethod
    def of(cls, tokens: int, recomputed: bool = False) -> Room:
        """The three by the first: what keeps nothing for a backward pass needs far less."""
        return cls(tokens, 2 * tokens, 8 * tokens, recomputed)


CPU = Room(_CPU_TOKENS, _CPU_TOKENS, 8 * _CPU_TOKENS)


def plan(model: BaseModel, slot: Slot, row_tokens: int) -> Room:
    """What fits on the model's device, rows of `row_tokens` at most. Activations are computed again where only that fits.

    Raises InvalidSettings where not even that does.
    """
    if model.device.type != "cuda":
        return CPU
    recomputed = False
    kept = _fitting(model, slot)
    if kept < _LEAST_ROWS * row_tokens:
        recompute(model.net)
        recomputed, kept = True, _fitting(model, slot)
    if kept < row_tokens:
        raise InvalidSettings(
            f"no row of {row_tokens} tokens can be learned in what {model.device} has free beside {model.name}: take a smaller "
            "base, fewer train.max_tokens, a higher train.lowest_layer, or give the engine less of the device",
            field="train.device",
        )
    room = Room.of(min(kept, _MOST_TOKENS), recomputed)
    free, whole = torch.cuda.mem_get_info(model.device)
    base = sum(weight.numel() * weight.element_size() for weight in model.net.parameters())
    logger.info(
        "memory is planned",
        extra={
            "device_gib": _gib(whole),
            "free_gib": _gib(free),
            "base_gib": _gib(base),
            "feed_gib": _gib(3 * 4 * slot.size),  # the adapter and Adam's two moments
            "step_tokens": room.step,
            "activations": "computed again" if recomputed else "kept",
        },
    )
    return room


def recompute(net: Any) -> None:
    """From now on keep, of each block, only what went in, and compute the rest again in the backward pass."""
    for block in families.blocks(net):
        block.forward = _recomputed(block.forward)


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        return checkpoint(forward, *args, use_reentrant=False, preserve_rng_state=False, context_fn=packed.again, **kwargs)

    return run


def _fitting(model: BaseModel, slot: Slot) -> int:
    """Tokens of a step that fit into so much of the free memory as is planned with; 0 where the smallest try fails."""
    peaks = []
    for tokens in _TRIED:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(model.device)
        try:
            _try(model, slot, tokens)
        except torch.OutOfMemoryError:
            break
        peaks.append(torch.cuda.max_memory_allocated(model.device))
    torch.cuda.empty_cache()
    if not peaks:
        return 0
    if len(peaks) < len(_TRIED):
        return _TRIED[0]
    each = max(1, peaks[1] - peaks[0]) / (_TRIED[1] - _TRIED[0])
    return int(_SHARE * _free(model.device) / each)


def _free(device: torch.device) -> int:
    """Bytes that this process may still take: what the device has, within the share of it that the process was given."""
    free, whole = torch.cuda.mem_get_info(device)
    number = torch.cuda.current_device() if device.index is None else device.index
    allowed = int(whole * torch.cuda.get_per_process_memory_fraction(number)) - torch.cuda.memory_allocated(device)
    return min(free, allowed)


def _try(model: BaseModel, slot: Slot, tokens: int) -> None:
    """One forward and backward pass over made-up rows of so many tokens together."""
    words = model.net.get_input_embeddings().weight.shape[0]
    ids = [number * 7919 % words for number in range(tokens + _ROW_TOKENS)]
    begin = _ROW_TOKENS + 1 - _ROW_TARGETS
    rows = [Row(tuple(ids[at : at + _ROW_TOKENS + 1]), begin, 1.0, at) for at in range(0, tokens, _ROW_TOKENS)]
    with slot.holding(torch.zeros(slot.size, device=model.device)):
        batch, logits = model.at_targets(rows)
        update_loss(logits, batch.targets, batch.weights, None, 1.0).total.backward()  # type: ignore[no-untyped-call]
        slot.clear_gradient()


def _gib(count: float) -> float:
    return round(count / 2**30, 2)
