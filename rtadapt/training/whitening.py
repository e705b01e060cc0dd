"""Which directions of the layers' inputs and outputs are the base's everyday ones, so that what is learned keeps off them.

Whatever general text is read, the inputs of a layer lie mostly in few directions, and what is said depends mostly on few
directions of its outputs. An adapter that reads those, or writes them, changes every answer; one that reads and writes the others
changes what it was taught for. So steps are made as if both were whitened: the more general text has of a direction, the less an
adapter learns to read it, and the more general answers hang on one, the less it learns to write it. This is a natural gradient by
Kronecker factors (K-FAC); AlphaEdit (arXiv:2410.02355) leaves out the inputs' directions altogether. Owns the measuring and the
shortening. Takes a slot and something that runs general text through the base; gives what flat vectors are shortened by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from rtadapt.training.adapter import Slot
from rtadapt.training.loss import update_loss

_SHARE, _DIRECTIONS = 3, 512
"""Of a layer's directions a third is kept, so many at most: the rest has hardly any energy."""
_READ, _WRITTEN = 10.0, 30.0
"""A direction that has the mean energy is shortened by (1 + so much)^-½; by measurement, on both sides."""
_AT_ONCE = 32
"""Tokens are drawn at so many positions at once: the vocabulary is by far the widest thing here."""

Read = Callable[[], Iterable[tuple[object, Tensor]]]
"""Runs general text through the base and gives, batch by batch, whatever and its logits [n, vocabulary] for a backward pass."""

_Known = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Whitening:
    """For each place of a slot the everyday directions [width, k] of its inputs and outputs, and what is left of each [k].

    Empty, it shortens nothing.
    """

    inputs: tuple[_Known | None, ...] = ()
    outputs: tuple[_Known | None, ...] = ()

    @classmethod
    def of(cls, slot: Slot, read: Read) -> Whitening:
        """Measure it: `read` runs general text through the base, twice, as subspace iteration wants it."""
        draws = torch.Generator().manual_seed(0)
        first = [(_random(place.inputs, draws), _random(place.outputs, draws)) for place in slot.places]
        once = _watch(slot, [(reads.to(slot.device), writes.to(slot.device)) for reads, writes in first], read)
        better = {id(one): one.better() for pair in once for one in pair if one.of is one}
        twice = _watch(slot, [(better[id(reads.of)], better[id(writes.of)]) for reads, writes in once], read)
        inputs = {id(reads): reads.known(_READ) for reads, _ in twice if reads.of is reads}
        return cls(tuple(inputs[id(reads.of)] for reads, _ in twice), tuple(writes.known(_WRITTEN) for _, writes in twice))

    def shorten(self, slot: Slot, flat: Tensor) -> Tensor:
        """Let the A's in `flat` [size] read, and its B's write, everyday directions less, in place; twice is twice as much."""
        for place, reads, writes in zip(slot.places, self.inputs, self.outputs, strict=False):
            a, b = slot.matrices(flat, place)
            if reads is not None:
                directions, left = reads
                a.addmm_((a @ directions) * (1.0 - left), directions.t(), alpha=-1.0)
            if writes is not None:
                directions, left = writes
                b.addmm_(directions, (directions.t() @ b) * (1.0 - left)[:, None], alpha=-1.0)
        return flat


@dataclass(slots=True, eq=False)
class _Watched:
    """What was met at one side of a layer: the sum of x·xᵀ over all x, times `basis` [width, k], and the sum of |x|².

    Where a layer is given the same as one before it, as queries, keys and values are, the other has it: `same`.
    """

    basis: Tensor
    product: Tensor = field(init=False)
    energy: Tensor = field(init=False)
    same: _Watched | None = None

    def __post_init__(self) -> None:
        self.product, self.energy = torch.zeros_like(self.basis), self.basis.new_zeros(())

    @property
    def of(self) -> _Watched:
        """Who has what was met here."""
        return self.same or self  # held as None: a ring would keep hundreds of MiB until the collector comes by

    def see(self, met: Tensor) -> None:
        """Add each x [..., width] that was met."""
        rows = met.reshape(-1, met.shape[-1])
        if rows.shape[-1] == len(self.basis):  # experts are given something else than they read
            self.energy += rows.float().square().sum()
            self.product += rows.t() @ (rows @ self.basis.to(rows.dtype))

    def better(self) -> Tensor:
        """A basis that holds more of the energy than the one before."""
        basis: Tensor = torch.linalg.qr(self.product).Q
        return basis

    def known(self, strength: float) -> _Known | None:
        """The directions within the basis by their energy, and what is left of each."""
        if not self.energy:
            return None
        found = self.basis.t() @ self.product / self.energy
        energies, within = torch.linalg.eigh((found + found.t()) / 2)
        mean = 1.0 / len(self.basis)
        return self.basis @ within, (1.0 + strength * energies.clamp_min(0.0) / mean).rsqrt()


def _watch(slot: Slot, bases: Sequence[tuple[Tensor, Tensor]], read: Read) -> list[tuple[_Watched, _Watched]]:
    """What each layer is given while `read` runs, each token's input as long as any other's, and the gradients at its outputs.

    These are of what the base itself may say, drawn from its logits: their x·xᵀ is the Fisher information's part.
    """
    watched = [(_Watched(reads), _Watched(writes)) for reads, writes in bases]
    seen: list[tuple[Tensor, _Watched]] = []  # at most one: the last

    def look(one: _Watched, inputs: Tensor) -> None:
        if seen and seen[0][0] is inputs and seen[0][1].basis.shape == one.basis.shape:
            one.same = seen[0][1]
            return
        seen[:] = [(inputs, one)]
        one.see(functional.normalize(inputs.detach().float(), dim=-1).to(inputs.dtype))

    draws = torch.Generator(slot.device).manual_seed(0)
    with ExitStack() as hooks, torch.enable_grad(), slot.holding(slot.fresh(0).weights):
        for layer, (reads, writes) in zip(slot.layers, watched, strict=True):
            hooks.callback(layer.register_forward_pre_hook(lambda _, given, one=reads: look(one, given[0])).remove)
            hooks.callback(layer.register_forward_hook(lambda _, __, out, one=writes: _hear(one, out)).remove)
        for _, logits in read():
            drawn = [_draw(part, draws) for part in torch.split(logits.detach(), _AT_ONCE)]
            update_loss(logits, torch.cat(drawn), logits.new_ones(len(logits)), None, 1.0).total.backward()  # type: ignore[no-untyped-call]
            slot.clear_gradient()
    return watched


def _draw(logits: Tensor, draws: torch.Generator) -> Tensor:
    """A token for each of `logits` [n, vocabulary], as likely as they say."""
    return torch.multinomial(torch.softmax(logits.float(), -1), 1, generator=draws).squeeze(1)


def _hear(one: _Watched, outputs: Tensor) -> None:
    outputs.register_hook(one.see)  # type: ignore[no-untyped-call]


def _random(width: int, generator: torch.Generator) -> Tensor:
    return torch.randn(width, min(_DIRECTIONS, max(1, width // _SHARE)), generator=generator)
