"""The LoRA state of a feed, and the one slot in the base model that it is put into.

PEFT makes, names and places the low-rank matrices; this module owns the flat buffers that stand behind them. A feed's
adapter is one fp32 vector; the slot holds a copy of it in the base's compute type, so any number of feeds share the
resident base and a swap is one copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear, LoraLayer, ParamWrapper
from torch import Tensor, nn

from rtadapt.records import Example
from rtadapt.training import families, fused

_NAME = "default"
"""The one adapter that PEFT knows of: feeds take turns in it."""


@dataclass(slots=True)
class AdapterState:
    """What learning goes on from: adapter weights and Adam's moments, each [parameters] fp32, and the steps taken.

    `drift` is how far it was last found to be from the base, in nats a token, or what it was made from. `said` is what exactly
    these weights were heard to answer, in tokens by prompt, and `drifts` how far they were found from the base by what was asked;
    neither is kept on disk.
    """

    weights: Tensor
    mean: Tensor
    square: Tensor
    steps: int = 0
    updates: int = 0
    drift: float = 0.0
    said: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)
    drifts: dict[tuple[Example, ...], float] = field(default_factory=dict)

    def copy(self) -> AdapterState:
        """An independent copy, of which nothing was heard yet."""
        return AdapterState(self.weights.clone(), self.mean.clone(), self.square.clone(), self.steps, self.updates, self.drift)

    def shorten(self, start: Tensor, factor: float) -> None:
        """Let the weights be `start` [parameters] and only so much of the way to what they were."""
        self.weights = torch.lerp(start, self.weights, factor)
        self.said.clear()
        self.drifts.clear()


@dataclass(frozen=True, slots=True)
class Place:
    """Where one layer's matrices lie in the flat vector.

    A is [experts · rank, inputs] from `a`, B is [outputs, rank · experts] from `b`; a plain layer counts as one expert.
    """

    name: str
    inputs: int
    outputs: int
    experts: int
    a: int
    b: int


@dataclass(slots=True)
class _Switch:
    """Whether the adapter takes part in the forward pass: one flag for all layers."""

    on: bool = False


class FusedLinear(Linear):  # type: ignore[misc]
    """PEFT's LoRA layer with B·A added in the product itself.

    PEFT's own forward pass makes three more tensors as wide as the output a layer (B·A·x, the same scaled, the sum) and
    keeps two of them for the backward pass. Whoever builds the layer sets `switch` and `pair`, its A and B.
    """

    switch: _Switch
    pair: tuple[nn.Parameter, nn.Parameter]

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # [..., inputs]
        """[..., outputs]."""
        if self.switch.on:
            return fused.low_rank(x, self.base_layer, *self.pair, self.scaling[_NAME])
        return self.base_layer(x, *args, **kwargs)  # type: ignore[no-any-return]


class Slot:
    """PEFT's LoRA layers on the layers of a network that `families` names, over flat buffers of our own."""

    def __init__(self, net: Any, rank: int, alpha: float, lowest_layer: float = 0.0, rslora: bool = False) -> None:
        """Adapt `net`, a Hugging Face causal language model, in place. Raises InvalidSettings when it has no place for it."""
        targets = families.targets(net, lowest_layer)
        self.rank, self.alpha, self.rslora = rank, alpha, rslora
        self.scale = alpha / math.sqrt(rank) if rslora else alpha / rank
        self._switch = _Switch()
        self.peft = _adapted(net, targets, rank, alpha, rslora)
        layers = [(name, layer) for name, layer in self.peft.get_base_model().named_modules() if isinstance(layer, LoraLayer)]
        self.places = _places(layers, rank)
        self.split = rank * sum(place.experts * place.inputs for place in self.places)
        self.size = self.split + rank * sum(place.experts * place.outputs for place in self.places)
        self._live = torch.zeros(self.size, dtype=net.dtype, device=net.device)
        self._grad = torch.zeros(self.size, device=net.device)
        self.parameters: list[nn.Parameter] = []
        for place, (_, layer) in zip(self.places, layers, strict=True):
            a, b = pair = tuple(nn.Parameter(part) for part in self.matrices(self._live, place))
            layer.lora_A[_NAME].weight, layer.lora_B[_NAME].weight = a, b
            layer.switch, layer.pair = self._switch, pair
            self.parameters += pair
        self.layers: tuple[nn.Module, ...] = tuple(layer for _, layer in layers)
        self._wrappers = [layer for layer in self.layers if isinstance(layer, ParamWrapper)]
        self._turn(False)
        self._grad_views = [part for place in self.places for part in self.matrices(self._grad, place)]

    @property
    def device(self) -> torch.device:
        """Where the base is."""
        return self._live.device

    def depths(self) -> list[int]:
        """The numbers of the blocks that have an adapter."""
        return sorted({families.block(place.name) for place in self.places})

    def is_on(self) -> bool:
        """Whether the adapter in the slot takes part in the forward pass."""
        return self._switch.on

    def fresh(self, seed: int) -> AdapterState:
        """An adapter that changes nothing yet: A uniform as in Kaiming's scheme, which is PEFT's, and B zero."""
        generator = torch.Generator().manual_seed(seed)
        weights = torch.zeros(self.size)
        for place in self.places:
            a, _ = self.matrices(weights, place)
            a.uniform_(-(place.inputs**-0.5), place.inputs**-0.5, generator=generator)
        weights = weights.to(self.device)
        return AdapterState(weights, torch.zeros_like(weights), torch.zeros_like(weights))

    def matrices(self, flat: Tensor, place: Place) -> tuple[Tensor, Tensor]:
        """Views of a layer's A [experts · rank, inputs] and B [outputs, rank · experts] in a flat vector [size]."""
        rows = self.rank * place.experts
        a = flat[place.a : place.a + rows * place.inputs].view(rows, place.inputs)
        return a, flat[place.b : place.b + rows * place.outputs].view(place.outputs, rows)

    def load(self, weights: Tensor) -> None:
        """Put an adapter [size] into the slot."""
        self._live.copy_(weights)

    def take_gradient(self) -> Tensor:
        """The gradient [size] of what the slot holds, in fp32; the layers' own gradients are cleared."""
        self._grad.zero_()
        given = [(view, parameter.grad) for view, parameter in zip(self._grad_views, self.parameters, strict=True)]
        there = [(view, grad) for view, grad in given if grad is not None]
        torch._foreach_copy_([view for view, _ in there], [grad for _, grad in there])
        self.clear_gradient()
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
        before = self._switch.on
        self._turn(weights is not None)
        try:
            yield
        finally:
            self._turn(before)

    def distance(self, first: Tensor, second: Tensor) -> float:
        """Frobenius norm over all layers of the difference of two adapters' products scale·B·A.

        Uses tr((MᵀM)(NNᵀ)) with M = [B₁, −B₂] and N = [A₁; A₂], so only matrices of twice the rank are made.
        """
        total = 0.0
        for place in self.places:
            (a1, b1), (a2, b2) = self._by_expert(first, place), self._by_expert(second, place)
            tall, wide = torch.cat((b1, -b2), 2).double(), torch.cat((a1, a2), 1).double()
            total += float(((tall.mT @ tall) * (wide @ wide.mT)).sum())
        return self.scale * math.sqrt(max(0.0, total))

    def _by_expert(self, flat: Tensor, place: Place) -> tuple[Tensor, Tensor]:
        """A [experts, rank, inputs] and B [experts, outputs, rank]; PEFT keeps the experts of B innermost."""
        a, b = self.matrices(flat, place)
        return a.view(place.experts, self.rank, -1), b.view(place.outputs, self.rank, place.experts).permute(2, 0, 1)

    def _turn(self, on: bool) -> None:
        self._switch.on = on
        for wrapper in self._wrappers:  # experts are PEFT's own layers, each with its own switch
            wrapper.enable_adapters(on)


def _adapted(net: Any, targets: families.Targets, rank: int, alpha: float, rslora: bool) -> PeftModel:
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        use_rslora=rslora,
        target_modules=list(targets.modules),
        target_parameters=list(targets.parameters) or None,
        task_type="CAUSAL_LM",
    )
    config._register_custom_module({nn.Linear: FusedLinear})
    return get_peft_model(net, config, adapter_name=_NAME, autocast_adapter_dtype=False)


def _places(layers: list[tuple[str, Any]], rank: int) -> tuple[Place, ...]:
    """All A's first, then all B's."""
    shapes = [
        (name, layer.lora_A[_NAME].in_features, layer.lora_B[_NAME].out_features, layer.lora_A[_NAME].out_features // rank)
        for name, layer in layers
    ]
    a, b = 0, rank * sum(inputs * experts for _, inputs, _, experts in shapes)
    made = []
    for name, inputs, outputs, experts in shapes:
        made.append(Place(name, inputs, outputs, experts, a, b))
        a += rank * experts * inputs
        b += rank * experts * outputs
    return tuple(made)
