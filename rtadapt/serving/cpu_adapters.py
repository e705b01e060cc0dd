"""What adapters add to the layers of vLLM's CPU build, in a few products a layer.

Owns two operators of its LoRA wrapper, in place of its own. vLLM 0.32 copies an adapter's matrices once for each token, in fp32,
and multiplies each copy by one row; a token of an answer takes three times as long as the base's then. Here rows that ask for
the same adapter are multiplied together, rows without one are left alone, and so is a layer that an adapter does not change.
Takes the wrapper's tensors; changes its output in place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_GROUPS = "_rtadapt_groups"

Groups = tuple[tuple[int, "Tensor | None"], ...]
"""For each adapter of a step its slot, and the rows that ask for it; None for all rows."""


def install(wrapper: Any) -> None:
    """Give `wrapper`, vLLM's PunicaWrapperCPU, these operators. Safe to call again."""
    for name, made in (("update_metadata", _forgetting), ("add_lora_linear", _linear), ("add_lora_logits", _logits)):
        given = getattr(wrapper, name)
        if not hasattr(given, "__wrapped__"):
            setattr(wrapper, name, functools.wraps(given)(made(given)))


def _forgetting(update: Callable[..., None]) -> Callable[..., None]:
    def update_metadata(self: Any, *args: Any, **kwargs: Any) -> None:
        setattr(self, _GROUPS, None)
        update(self, *args, **kwargs)

    return update_metadata


def _linear(slow: Callable[..., None]) -> Callable[..., None]:
    def add_lora_linear(
        self: Any,
        y: Tensor,  # [rows, outputs]
        x: Tensor,  # [rows, inputs]
        lora_a_stacked: Sequence[Tensor],  # each [slots, 1, rank, inputs]
        lora_b_stacked: Sequence[Tensor],  # each [slots, 1, part of the outputs, rank]
        scale: float,
        output_slices: Sequence[int],
        **rest: Any,
    ) -> None:
        rows, out = x.reshape(-1, x.shape[-1]), y.view(-1, y.shape[-1])
        indices = self.token_lora_indices
        if len(indices) != len(rows) or {part.dtype for part in (*lora_a_stacked, *lora_b_stacked, y)} != {x.dtype}:
            slow(self, y, x, lora_a_stacked, lora_b_stacked, scale, output_slices, **rest)
            return
        groups: Groups | None = getattr(self, _GROUPS, None)
        if groups is None:
            groups = grouped(indices)
            setattr(self, _GROUPS, groups)
        start = 0
        for a, b, width in zip(lora_a_stacked, lora_b_stacked, output_slices, strict=True):
            add(out[:, start : start + width], rows, a, b, scale, groups)
            start += width

    return add_lora_linear


def _logits(slow: Callable[..., None]) -> Callable[..., None]:
    def add_lora_logits(self: Any, y: Tensor, x: Tensor, lora_a_stacked: Tensor, *rest: Any, **named: Any) -> None:
        if lora_a_stacked.any():  # else no adapter changes the output layer, the widest of all
            slow(self, y, x, lora_a_stacked, *rest, **named)

    return add_lora_logits


def grouped(indices: Tensor) -> Groups:
    """The rows of each slot among `indices` [rows]; a row without an adapter has a negative one."""
    slots = sorted(set(indices.tolist()))
    if len(slots) == 1:
        return ((slots[0], None),) if slots[0] >= 0 else ()
    return tuple((slot, (indices == slot).nonzero().squeeze(1)) for slot in slots if slot >= 0)


def add(out: Tensor, x: Tensor, a: Tensor, b: Tensor, scale: float, groups: Groups) -> None:
    """Add scale·B·A·x of each group's adapter to `out` [rows, outputs].

    `a` is [slots, 1, rank, inputs], `b` [slots, 1, outputs, rank].
    """
    for slot, rows in groups:
        if not a[slot].any():
            continue
        by_a, by_b = a[slot, 0].t(), b[slot, 0, : out.shape[-1]].t()
        if rows is None:
            out.addmm_(x @ by_a, by_b, alpha=scale)
            continue
        theirs = out.index_select(0, rows)  # so that who else is in a step changes no rounding
        theirs.addmm_(x.index_select(0, rows) @ by_a, by_b, alpha=scale)
        out.index_copy_(0, rows, theirs)
