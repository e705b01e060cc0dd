"""Batched decoding with the base model.

Owns the loop over tokens: prompts of similar length together, padded on the left, rows that have ended taken out. A
small model spends its time in Python per token, so the loop does as little as it can, and what an answer is expected to be is
read in one pass: as far as the model would say the same, it need not be written token by token (Leviathan et al., 2023). Takes
and gives token ids.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from rtadapt.training.model import BaseModel
from rtadapt.training.packed import common
from rtadapt.training.rows import Row


@torch.inference_mode()
def generate(
    model: BaseModel,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_ids: Collection[int],
    expected: Sequence[Sequence[int]] | None = None,
) -> list[list[int]]:
    """What follows each prompt, greedily, up to and with the token that ends it, or `max_new_tokens` tokens.

    `expected` guesses what follows; it changes how fast it is found, not what. Prompts are cut at their beginning to fit the
    model's context. Raises ValueError for an empty prompt.
    """
    if any(not prompt for prompt in prompts):
        raise ValueError("a prompt needs at least one token")
    room = max(1, model.max_positions - max_new_tokens)
    asked = [tuple(prompt[-room:]) for prompt in prompts]
    written: list[list[int]] = [[] for _ in asked]
    if expected is not None:
        written = _as_expected(model, asked, [_ended(guess[:max_new_tokens], stop_ids) for guess in expected])
    stops = torch.tensor(sorted(stop_ids), device=model.device)
    begun = [[*prompt, *ids] for prompt, ids in zip(asked, written, strict=True)]
    open_ones = [at for at, ids in enumerate(written) if len(ids) < max_new_tokens and not (ids and ids[-1] in stop_ids)]
    order = sorted(open_ones, key=lambda at: len(begun[at]))
    while order:
        count = max(1, model.room.written // (len(begun[order[-1]]) + max_new_tokens))
        taken, order = order[-count:], order[:-count]
        limit = max_new_tokens - min(len(written[at]) for at in taken)
        for at, ids in zip(taken, _decode(model, [begun[at] for at in taken], limit, stops), strict=True):
            written[at] = [*written[at], *ids][:max_new_tokens]
    return written


def _ended(ids: Sequence[int], stop_ids: Collection[int]) -> Sequence[int]:
    return next((ids[: at + 1] for at, token in enumerate(ids) if token in stop_ids), ids)


def _as_expected(model: BaseModel, prompts: Sequence[tuple[int, ...]], expected: Sequence[Sequence[int]]) -> list[list[int]]:
    """What the model says after each prompt for as long as it says what is expected, and its own next token where it stops to."""
    pairs = zip(prompts, expected, strict=True)
    rows = [Row((*prompt, *guess), len(prompt), 1.0, at) for at, (prompt, guess) in enumerate(pairs) if guess]
    shared = common([row.ids[: row.start] for row in rows])
    found: list[list[int]] = [[] for _ in prompts]
    for chunk in model.batches(rows, model.room.read, shared):
        batch, logits = model.at_targets(chunk, shared)
        said = torch.split(logits.argmax(-1), list(batch.lengths))
        same = torch.split(batch.targets, list(batch.lengths))
        for number, mine, theirs in zip(batch.numbers, said, same, strict=True):
            right = int((mine == theirs).long().cumprod(0).sum())
            found[number] = mine[: right + 1].tolist()
    return found


def _decode(model: BaseModel, prompts: list[list[int]], limit: int, stops: Tensor) -> list[list[int]]:
    """One batch, greedily; `stops` [k] are the tokens that end a row."""
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
        chosen = logits.argmax(-1)
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
