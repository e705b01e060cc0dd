"""Batched decoding with the base model.

Owns the loop over tokens: prompts of similar length together, padded on the left, rows that have ended taken out. A
small model spends its time in Python per token, so the loop does as little as it can. Takes and gives token ids.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from rtadapt.training.model import BaseModel

_CPU_BATCH_TOKENS = 16_384
_CUDA_BATCH_TOKENS = 131_072


@torch.inference_mode()
def generate(
    model: BaseModel,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_ids: Collection[int],
    temperature: float = 0.0,
    seed: int = 0,
) -> list[list[int]]:
    """What follows each prompt, up to and with the token that ends it, or `max_new_tokens` tokens.

    A temperature of 0 is greedy; otherwise sampling is from a generator of its own, seeded with `seed`. Prompts are
    cut at their beginning to fit the model's context. Raises ValueError for an empty prompt.
    """
    if any(not prompt for prompt in prompts):
        raise ValueError("a prompt needs at least one token")
    generator = torch.Generator(model.device).manual_seed(seed)
    room = max(1, model.max_positions - max_new_tokens)
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    stops = torch.tensor(sorted(stop_ids), device=model.device)
    written: list[list[int]] = [[] for _ in prompts]
    budget = _CPU_BATCH_TOKENS if model.device.type == "cpu" else _CUDA_BATCH_TOKENS
    while order:
        longest = min(room, len(prompts[order[-1]])) + max_new_tokens
        taken, order = order[-max(1, budget // longest) :], order[: -max(1, budget // longest)]
        cut = [list(prompts[index][-room:]) for index in taken]
        for index, ids in zip(taken, _decode(model, cut, max_new_tokens, stops, temperature, generator), strict=True):
            written[index] = ids
    return written


def _decode(
    model: BaseModel, prompts: list[list[int]], limit: int, stops: Tensor, temperature: float, generator: torch.Generator
) -> list[list[int]]:
    """One batch; `stops` [k] are the tokens that end a row."""
    width = max(len(prompt) for prompt in prompts)
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    alive = torch.arange(len(prompts), device=model.device)
    made = torch.full((len(prompts), limit), -1, device=model.device)
    done = torch.zeros(len(prompts), dtype=torch.bool, device=model.device)
    cache: Any = None
    for at in range(limit):
        logits, cache = model.next_logits(ids, mask, positions, cache)
        chosen = _choose(logits, temperature, generator)
        made[alive, at] = torch.where(done, -1, chosen)
        done = done | torch.isin(chosen, stops)
        if bool(done.all()):
            break
        if int(done.sum()) * 2 >= len(done) and hasattr(cache, "batch_select_indices"):
            keep = (~done).nonzero().squeeze(1)
            cache.batch_select_indices(keep)
            alive, mask, positions, chosen, done = alive[keep], mask[keep], positions[keep], chosen[keep], done[keep]
        ids = chosen[:, None]
        mask = torch.cat((mask, mask.new_ones(len(mask), 1)), 1)
        positions = positions[:, -1:] + 1
    return [[token for token in row if token >= 0] for row in made.tolist()]


def _choose(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """A token [batch] from `logits` [batch, vocabulary]."""
    if temperature <= 0:
        return logits.argmax(-1)
    shares = torch.softmax(logits.float() / temperature, -1)
    return torch.multinomial(shares, 1, generator=generator).squeeze(1)
