"""Which directions of the layers' inputs are the base's everyday ones, so that what is learned keeps off them.

Whatever general text is read, the inputs of a layer lie mostly in few directions. An adapter that reads those changes every
answer; one that reads the others changes what it was taught for. So steps are made as if inputs were whitened: the more energy
general text has in a direction, the less an adapter learns to read it. This is the input side of a natural gradient (K-FAC);
AlphaEdit (arXiv:2410.02355) leaves such directions out altogether. Owns the measuring and the shortening. Takes a slot and
something that runs general text through the base; gives what flat vectors of the slot are shortened by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from rtadapt.training.adapter import Place, Slot

_SHARE, _DIRECTIONS = 3, 512
"""Of a layer's inputs' directions a third is kept, so many at most: the rest has hardly any energy."""
_STRENGTH = 10.0
"""A direction counts half in the energy that it is read with when it has a tenth of the mean energy of all."""

_Known = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Whitening:
    """For each place of a slot the everyday directions of its inputs [inputs, k], and what is left of each [k].

    Empty, it shortens nothing.
    """

    places: tuple[_Known | None, ...] = ()

    @classmethod
    def of(cls, slot: Slot, read: Callable[[], object]) -> Whitening:
        """Measure it: `read` runs general text through the base, twice, as subspace iteration wants it."""
        generator = torch.Generator().manual_seed(0)
        watched = _watch(slot.layers, [_random(place, generator).to(slot.device) for place in slot.places], read)
        bases = [torch.linalg.qr(one.product).Q if one.of is one else one.product for one in watched]
        watched = _watch(slot.layers, bases, read)
        known = {id(one): _known(one) for one in watched if one.of is one}
        return cls(tuple(known[id(one.of)] for one in watched))

    def shorten(self, slot: Slot, flat: Tensor) -> Tensor:
        """Let the A's in `flat` [size] read everyday directions less, in place; done twice it is done twice as much."""
        for place, known in zip(slot.places, self.places, strict=False):
            if known is not None:
                directions, left = known
                a, _ = slot.matrices(flat, place)
                a.addmm_((a @ directions) * (1.0 - left), directions.t(), alpha=-1.0)
        return flat


@dataclass(slots=True, eq=False)
class _Watched:
    """What a layer read: the sum of x·xᵀ over its inputs x, each of length 1, times `basis` [inputs, k].

    `of` is who has it: the layer itself, or the one before it where both are given the same, as queries, keys and values are.
    """

    basis: Tensor
    product: Tensor
    tokens: int = 0
    of: _Watched = field(init=False)

    def __post_init__(self) -> None:
        self.of = self

    def see(self, inputs: Tensor) -> None:
        rows = inputs.detach().reshape(-1, inputs.shape[-1])
        if rows.shape[-1] == len(self.basis):  # experts are given something else than they read
            rows = functional.normalize(rows.float(), dim=-1).to(rows.dtype)
            self.product += rows.t() @ (rows @ self.basis.to(rows.dtype))
            self.tokens += len(rows)


def _watch(layers: Sequence[nn.Module], bases: Sequence[Tensor], read: Callable[[], object]) -> list[_Watched]:
    """What each layer is given while `read` runs."""
    watched = [_Watched(basis, torch.zeros_like(basis)) for basis in bases]
    seen: list[tuple[Tensor, _Watched]] = []  # at most one: the last

    def look(one: _Watched, inputs: Tensor) -> None:
        if seen and seen[0][0] is inputs and seen[0][1].basis.shape == one.basis.shape:
            one.of = seen[0][1]
            return
        seen[:] = [(inputs, one)]
        one.see(inputs)

    hooks = [
        layer.register_forward_pre_hook(lambda _, given, one=one: look(one, given[0]))
        for layer, one in zip(layers, watched, strict=True)
    ]
    try:
        read()
    finally:
        for hook in hooks:
            hook.remove()
    return watched


def _random(place: Place, generator: torch.Generator) -> Tensor:
    return torch.randn(place.inputs, min(_DIRECTIONS, max(1, place.inputs // _SHARE)), generator=generator)


def _known(watched: _Watched) -> _Known | None:
    """The directions within the basis by their energy, and what is left of each."""
    if not watched.tokens:
        return None
    found = watched.basis.t() @ watched.product / watched.tokens
    energies, within = torch.linalg.eigh((found + found.t()) / 2)
    mean = 1.0 / len(watched.basis)  # of lengths 1
    return watched.basis @ within, (1.0 + _STRENGTH * energies.clamp_min(0.0) / mean).rsqrt()
