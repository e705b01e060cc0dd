"""What all rows of a step begin with, computed once for all of them: the template's header and its system line.

Owns the keys and values of that beginning. Gradients of the rows are gathered at them and carried through the beginning once, at
the end of the step. Where a network keeps anything but plain keys and values (a sliding window, a recurrent state), or does not
give the same numbers this way, nothing is shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from rtadapt.training.model import BaseModel
from rtadapt.training.rows import Row

_LEAST_TOKENS = 8
_TOLERANCE = 0.05
"""Largest difference of a logit, as a share of the logits' spread, that another order of summing may make in bfloat16."""


class Prefix:
    """The first tokens of a chunk's rows, under the adapter that the slot holds while this is made."""

    def __init__(self, model: BaseModel, ids: Sequence[int]) -> None:
        self._made = layers_of(model.read_beginning(torch.tensor([list(ids)], device=model.device)))
        self._leaves = [tuple(part.detach().requires_grad_(part.requires_grad) for part in pair) for pair in self._made]
        self.length = len(ids)

    def cache(self, rows: int) -> Any:
        """The keys and values as `rows` rows have them before their own tokens."""
        cache = DynamicCache()
        for number, (keys, values) in enumerate(self._leaves):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), number)
        return cache

    def backward(self) -> None:
        """Carry what the chunks' backward passes left at the beginning through the beginning itself."""
        pairs = [
            (made, leaf.grad)
            for made_pair, leaf_pair in zip(self._made, self._leaves, strict=True)
            for made, leaf in zip(made_pair, leaf_pair, strict=True)
            if leaf.grad is not None and made.requires_grad
        ]
        if pairs:
            torch.autograd.backward([made for made, _ in pairs], [grad for _, grad in pairs])


def common(prompts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """What most of `prompts` begin with, less than any of them; empty where that is not worth computing apart."""
    kinds = Counter(prompt[:_LEAST_TOKENS] for prompt in prompts if len(prompt) > _LEAST_TOKENS)
    if not kinds:
        return ()
    start, count = kinds.most_common(1)[0]
    alike = [prompt for prompt in prompts if prompt[:_LEAST_TOKENS] == start and len(prompt) > _LEAST_TOKENS]
    first, length = alike[0], _LEAST_TOKENS
    while length < min(map(len, alike)) - 1 and all(prompt[length] == first[length] for prompt in alike):
        length += 1
    return first[:length] if count > 1 else ()


def beginning_of(model: BaseModel, shared: tuple[int, ...], rows: Sequence[Row]) -> tuple[Prefix | None, list[Row], list[Row]]:
    """The beginning `shared`, computed now; the rows that begin with it; and the other rows."""
    begun = [row for row in rows if shared and row.start > len(shared) and row.ids[: len(shared)] == shared]
    if len(begun) < 2:
        return None, [], list(rows)
    taken = set(map(id, begun))
    return Prefix(model, shared), begun, [row for row in rows if id(row) not in taken]


@torch.no_grad()
def can_share(model: BaseModel, ids: Sequence[int]) -> bool:
    """Whether the network gives the same logits with the beginning of `ids` computed apart."""
    if len(ids) < 2 * _LEAST_TOKENS:
        return False
    whole, half = torch.tensor([list(ids)], device=model.device), len(ids) // 2
    places = torch.arange(len(ids) - half, device=model.device)
    row = torch.zeros_like(places)
    try:
        plain = model.logits(whole, row, places + half)
        apart = model.logits(whole[:, half:], row, places, Prefix(model, ids[:half]))
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
    if plain.shape != apart.shape:
        return False
    return bool((plain.float() - apart.float()).abs().max() <= _TOLERANCE * plain.float().std())


def layers_of(cache: Any) -> list[tuple[Tensor, Tensor]]:
    """The keys and values of a cache. Raises TypeError where it keeps anything else."""
    layers = getattr(cache, "layers", None)
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        raise TypeError("the network keeps more than keys and values")
    return [(layer.keys, layer.values) for layer in layers]
