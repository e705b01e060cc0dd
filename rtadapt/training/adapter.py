"""The LoRA state of a feed, and the one slot in the base model that it is put into.

Owns the low-rank layers and the flat buffers behind them. A feed's adapter is one fp32 vector; the slot holds a copy
of it in the base's compute type, so any number of feeds share the resident base and a swap is one copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rtadapt.errors import InvalidSettings

_NOT_ADAPTED = frozenset({"gate", "router", "shared_expert_gate", "score", "classifier"})
"""Linear layers that choose or judge instead of carrying text; engines do not serve adapters on them."""


@dataclass(slots=True)
class AdapterState:
    """What learning goes on from: adapter weights and Adam's moments, each [parameters] fp32, and the steps taken."""

    weights: Tensor
    mean: Tensor
    square: Tensor
    steps: int = 0
    updates: int = 0

    def copy(self) -> AdapterState:
        """An independent copy."""
        return AdapterState(self.weights.clone(), self.mean.clone(), self.square.clone(), self.steps, self.updates)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one layer's matrices lie in the flat vector: A is [rank, inputs] from `a`, B is [outputs, rank] from `b`."""

    name: str
    inputs: int
    outputs: int
    a: int
    b: int


class LowRankLinear(nn.Module):
    """A frozen linear layer plus B·A of the slot. B already carries the scale alpha / rank."""

    def __init__(self, inner: nn.Linear, slot: Slot, a: nn.Parameter, b: nn.Parameter) -> None:
        super().__init__()
        self.inner = inner
        self.a = a
        self.b = b
        self._is_on = slot.is_on

    def forward(self, x: Tensor) -> Tensor:  # [..., inputs]
        """[..., outputs]."""
        y = self.inner(x)
        if not self._is_on():
            return y  # type: ignore[no-any-return]
        low = functional.linear(x.reshape(-1, x.shape[-1]), self.a)
        return torch.addmm(y.view(-1, y.shape[-1]), low, self.b.t()).view(y.shape)


class Slot:
    """Low-rank layers on every linear layer of a network but its output layer."""

    def __init__(self, net: Any, rank: int, alpha: float, lowest_layer: float = 0.0) -> None:
        """Wrap the layers of `net`, a Hugging Face causal language model. Raises InvalidSettings when it has none."""
        output = net.get_output_embeddings()
        self.rank, self.alpha = rank, alpha
        self.scale = alpha / rank
        self._on = False
        found = [(name, layer) for name, layer in net.named_modules() if _is_adapted(name, layer, output)]
        depth = 1 + max((_depth(name) for name, _ in found), default=0)
        found = [(name, layer) for name, layer in found if _depth(name) >= int(depth * lowest_layer)]
        if not found:
            raise InvalidSettings("the base model has no linear layers that LoRA could adapt", field="model")
        self.places = _places([(name, layer.in_features, layer.out_features) for name, layer in found], rank)
        self.split = rank * sum(place.inputs for place in self.places)
        self.size = self.split + rank * sum(place.outputs for place in self.places)
        self._live = torch.zeros(self.size, dtype=net.dtype, device=net.device)
        self._grad = torch.zeros(self.size, device=net.device)
        self.parameters: list[nn.Parameter] = []
        for place, (name, layer) in zip(self.places, found, strict=True):
            a, b = (nn.Parameter(part) for part in self.matrices(self._live, place))
            self.parameters += [a, b]
            parent, _, child = name.rpartition(".")
            setattr(net.get_submodule(parent), child, LowRankLinear(layer, self, a, b))
        self._grad_views = [part for place in self.places for part in self.matrices(self._grad, place)]

    def depths(self) -> list[int]:
        """The numbers of the blocks that have an adapter."""
        return sorted({_depth(place.name) for place in self.places})

    def is_on(self) -> bool:
        """Whether the adapter in the slot takes part in the forward pass."""
        return self._on

    def fresh(self, seed: int) -> AdapterState:
        """An adapter that changes nothing yet: A uniform as in Kaiming's scheme, B zero."""
        generator = torch.Generator().manual_seed(seed)
        weights = torch.zeros(self.size)
        for place in self.places:
            a, _ = self.matrices(weights, place)
            a.uniform_(-(place.inputs**-0.5), place.inputs**-0.5, generator=generator)
        weights = weights.to(self._live.device)
        return AdapterState(weights, torch.zeros_like(weights), torch.zeros_like(weights))

    def matrices(self, flat: Tensor, place: Place) -> tuple[Tensor, Tensor]:
        """Views of a layer's A [rank, inputs] and B [outputs, rank] in a flat vector [size]."""
        a = flat[place.a : place.a + self.rank * place.inputs].view(self.rank, place.inputs)
        return a, flat[place.b : place.b + self.rank * place.outputs].view(place.outputs, self.rank)

    def load(self, weights: Tensor) -> None:
        """Put an adapter [size] into the slot."""
        self._live[: self.split].copy_(weights[: self.split])
        self._live[self.split :].copy_(weights[self.split :] * self.scale)

    def take_gradient(self) -> Tensor:
        """The gradient [size] of what the slot holds, in fp32; the layers' own gradients are cleared."""
        self._grad.zero_()
        given = [(view, parameter.grad) for view, parameter in zip(self._grad_views, self.parameters, strict=True)]
        there = [(view, grad) for view, grad in given if grad is not None]
        torch._foreach_copy_([view for view, _ in there], [grad for _, grad in there])
        self.clear_gradient()
        self._grad[self.split :].mul_(self.scale)
        return self._grad

    def clear_gradient(self) -> None:
        """Forget what backward passes left in the layers."""
        for parameter in self.parameters:
            parameter.grad = None

    @contextmanager
    def holding(self, weights: Tensor | None) -> Iterator[None]:
        """Run the base with an adapter [size], or without any."""
        if weights is not None:
            self.load(weights)
        before, self._on = self._on, weights is not None
        try:
            yield
        finally:
            self._on = before

    def distance(self, first: Tensor, second: Tensor) -> float:
        """Frobenius norm over all layers of the difference of two adapters' products scale·B·A.

        Uses tr((MᵀM)(NNᵀ)) with M = [B₁, −B₂] and N = [A₁; A₂], so only matrices of twice the rank are made.
        """
        total = 0.0
        for place in self.places:
            (a1, b1), (a2, b2) = self.matrices(first, place), self.matrices(second, place)
            tall, wide = torch.cat((b1, -b2), 1).double(), torch.cat((a1, a2)).double()
            total += float(((tall.t() @ tall) * (wide @ wide.t())).sum())
        return self.scale * math.sqrt(max(0.0, total))


def _is_adapted(name: str, layer: nn.Module, output: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) and layer is not output and name.rpartition(".")[2] not in _NOT_ADAPTED


def _depth(name: str) -> int:
    """The number of the block that a module belongs to: the first number in its path."""
    return next((int(part) for part in name.split(".") if part.isdigit()), 0)


def _places(layers: list[tuple[str, int, int]], rank: int) -> tuple[Place, ...]:
    """All A's first, then all B's, so that the scale is one product over one half."""
    a, b = 0, rank * sum(inputs for _, inputs, _ in layers)
    made = []
    for name, inputs, outputs in layers:
        made.append(Place(name, inputs, outputs, a, b))
        a += rank * inputs
        b += rank * outputs
    return tuple(made)
