"""Rows of a step as one sequence without padding, what most of them begin with computed once.

Owns where each row lies in that sequence and the attention that keeps rows apart: a row sees the shared beginning and itself.
Everything but attention works on each token alone and needs no row. On a GPU the attention is torch's, with one mask over all
tokens, as long as they are few. On a CPU it goes row by row and has a backward pass of its own: torch's is made for long rows,
and takes a quarter of a step on short ones. Where a network mixes positions in any other way (a
recurrent state, a bias by distance), its numbers differ and nothing is packed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from rtadapt.training.rows import Padded, Row

ATTENTION = "rtadapt_packed"
"""The name under which transformers finds the attention: torch's own, but for a packed sequence."""

_LEAST_SHARED = 4
_MOST_PADDED = 1.5
_MASKED_TOKENS = {"cuda": 4096}
"""So many tokens at most get one mask over all: a GPU would sooner compute what nobody looks at than start many kernels."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of similar length: places in the sequence of their own tokens and of the tokens that they see."""

    own: Tensor  # [rows, own], padded with 0
    real: Tensor  # [rows, own] whether it is a token of the row
    places: Tensor  # [n] of the real ones, in a block whose rows lie one after the other
    tokens: Tensor  # [n] of the real ones, in the sequence
    seen: Tensor  # [rows, seen]
    mask: Tensor  # [rows, own, seen] whether the one may look at the other


@dataclass(frozen=True, slots=True)
class Packing:
    """The rows of one sequence, for the attention: in blocks, or as one mask.

    `places` are the rows' positions as the network counts them.
    """

    blocks: tuple[Block, ...]
    places: Tensor  # [1, tokens]
    mask: Tensor | None = None  # [1, 1, tokens, tokens] whether the one may look at the other


_current: ContextVar[Packing | None] = ContextVar("packing", default=None)


@contextmanager
def packing(layout: Packing) -> Iterator[None]:
    """Whatever runs the network inside takes its one sequence for rows that lie as `layout` says."""
    before = _current.set(layout)
    try:
        yield
    finally:
        _current.reset(before)


def again() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """For what is computed once now and once more in the backward pass: nothing to do now, and the layout of now then."""
    layout = _current.get()
    return nullcontext(), nullcontext() if layout is None else packing(layout)


def common(prompts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """What most of `prompts` begin with, less than any of them; empty where that is not worth computing apart."""
    kinds = Counter(prompt[:_LEAST_SHARED] for prompt in prompts if len(prompt) > _LEAST_SHARED)
    if not kinds:
        return ()
    start, count = kinds.most_common(1)[0]
    alike = [prompt for prompt in prompts if prompt[:_LEAST_SHARED] == start and len(prompt) > _LEAST_SHARED]
    best, first = start, max(Counter(alike).items(), key=lambda item: item[1])[0]
    for length in range(_LEAST_SHARED + 1, len(first)):
        with_it = sum(len(prompt) > length and prompt[:length] == first[:length] for prompt in alike)
        if with_it * length >= count * len(best):  # as many tokens are saved
            best, count = first[:length], with_it
    return best if count > 1 else ()


def packs(rows: Sequence[Row], most_tokens: int, shared: tuple[int, ...]) -> Iterator[list[Row]]:
    """Rows that go into one sequence together, in their order: at most `most_tokens` tokens, or one row."""
    held: list[Row] = []
    length = 0
    for row in rows:
        own = len(row.ids) - 1 - (len(shared) if _begins(row, shared) else 0)
        if held and length + own > most_tokens:
            yield held
            held, length = [], 0
        held.append(row)
        length += own
    if held:
        yield held


def pack(rows: Sequence[Row], device: torch.device, shared: tuple[int, ...] = ()) -> tuple[Padded, Packing]:
    """One forward pass's tensors: the beginning `shared`, then the rows without it, each without its last token."""
    begun = [_begins(row, shared) for row in rows]
    head = len(shared) if any(begun) else 0
    ids, places = list(shared[:head]), list(range(head))
    spans: list[tuple[int, int, int]] = [(0, head, 0)] if head else []  # where a row's own tokens are, and what it sees before
    targets: list[int] = []
    columns: list[int] = []
    for row, has in zip(rows, begun, strict=True):
        skipped = head if has else 0
        start = len(ids)
        ids += row.ids[skipped:-1]
        places += range(skipped, len(row.ids) - 1)
        spans.append((start, len(ids), skipped))
        targets += row.ids[row.start :]
        columns += range(start - skipped + row.start - 1, len(ids))
    batch = Padded(
        ids=torch.tensor([ids], device=device),
        rows=torch.zeros(len(columns), dtype=torch.long, device=device),
        columns=torch.tensor(columns, device=device),
        targets=torch.tensor(targets, device=device),
        weights=torch.tensor([row.token_weight for row in rows for _ in range(row.targets)], device=device),
        lengths=tuple(row.targets for row in rows),
        numbers=tuple(row.number for row in rows),
    )
    where = torch.tensor([places], device=device)
    if len(ids) <= _MASKED_TOKENS.get(device.type, 0):
        return batch, Packing((), where, _mask(spans, device))
    return batch, Packing(tuple(_blocks(spans, device)), where)


def _begins(row: Row, shared: tuple[int, ...]) -> bool:
    return bool(shared) and row.start > len(shared) and row.ids[: len(shared)] == shared


def _mask(spans: Sequence[tuple[int, int, int]], device: torch.device) -> Tensor:
    """[1, 1, tokens, tokens]: each token sees its own row up to itself, and what the row begins with."""
    lengths = torch.tensor([end - start for start, end, _ in spans], device=device)
    row = torch.arange(len(spans), device=device).repeat_interleave(lengths)
    skipped = torch.tensor([before for _, _, before in spans], device=device).repeat_interleave(lengths)
    at = torch.arange(len(row), device=device)
    own = (row[:, None] == row) & (at[:, None] >= at)
    return (own | (at < skipped[:, None]))[None, None]


def _blocks(spans: Sequence[tuple[int, int, int]], device: torch.device) -> Iterator[Block]:
    """The spans in blocks of similar length, so that little is padded."""
    held: list[tuple[int, int, int]] = []
    for span in sorted(spans, key=lambda span: span[1] - span[0]):
        if held and span[1] - span[0] > _MOST_PADDED * max(8, held[0][1] - held[0][0]):
            yield _block(held, device)
            held = []
        held.append(span)
    if held:
        yield _block(held, device)


def _block(spans: Sequence[tuple[int, int, int]], device: torch.device) -> Block:
    width, before = max(end - start for start, end, _ in spans), max(skipped for _, _, skipped in spans)
    starts = torch.tensor([start for start, _, _ in spans])[:, None]
    lengths = torch.tensor([end - start for start, end, _ in spans])[:, None]
    begun = torch.tensor([skipped > 0 for _, _, skipped in spans])[:, None]
    steps = torch.arange(width)[None]
    real = steps < lengths
    own = torch.where(real, starts + steps, 0)
    head = torch.arange(before)[None].expand(len(spans), -1)
    seen = torch.cat((head, own), 1)
    causal = (steps[..., None] >= steps[:, None]) & real[:, None]
    # a padded token sees what it would: nothing looks at it, and a softmax over nothing would be no number
    mask = torch.cat((begun[:, None].expand(-1, width, before), causal | torch.eye(width, dtype=torch.bool)), 2)
    places = real.flatten().nonzero().squeeze(1)
    return Block(*(part.to(device) for part in (own, real, places, own.flatten()[places], seen, mask)))


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **given: Any,
) -> tuple[Tensor, None]:
    """Attention [1, tokens, heads, width] of `query` [1, heads, tokens, width] to `key` and `value`, each row for itself.

    Outside `packing` it is torch's own, with its mask.
    """
    layout = _current.get()
    if layout is None:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, scaling=scaling, sliding_window=sliding_window, **given
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if layout.mask is not None:
        near = layout.mask
        if sliding_window is not None:
            near = near & (layout.places[0][:, None] - layout.places[0] < sliding_window)
        return sdpa_attention_forward(module, query, key, value, near, scaling=scale, **given)  # type: ignore[no-any-return]
    far = sliding_window if sliding_window is not None and sliding_window <= int(layout.places.max()) else None
    masks = [_near(block, layout.places[0], far) for block in layout.blocks]
    out: Tensor = _PackedAttention.apply(query[0], key[0], value[0], layout.blocks, masks, scale)  # type: ignore[no-untyped-call]
    return out.transpose(0, 1).unsqueeze(0), None


def _near(block: Block, places: Tensor, window: int | None) -> Tensor:
    """A block's mask, of tokens at most `window` back."""
    if window is None:
        return block.mask
    return block.mask & (places[block.own][..., None] - places[block.seen][:, None] < window)


class _PackedAttention(torch.autograd.Function):
    """Softmax attention in fp32, block by block; heads that share keys are taken together."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, blocks: Sequence[Block], masks: Sequence[Tensor], scale: float
    ) -> Tensor:  # [heads, tokens, width], twice [key heads, tokens, width]
        out = query.new_empty(query.shape[0], query.shape[1], value.shape[-1])
        kept = []
        for block, mask in zip(blocks, masks, strict=True):
            q, k, v = _of_rows(query, block.own, key.shape[0]), key[:, block.seen].float(), value[:, block.seen].float()
            scores = (q @ k.mT).mul_(scale)
            group = query.shape[0] // key.shape[0]
            scores.masked_fill_(~mask.repeat(1, group, 1), -torch.inf)
            shares = torch.softmax(scores, -1)
            out[:, block.tokens] = _to_tokens(shares @ v, block, query.shape[0]).to(out.dtype)
            kept.append(shares)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.blocks, ctx.scale = blocks, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        query, key, value, *kept = ctx.saved_tensors
        by_query = torch.zeros_like(query)
        by_key, by_value = torch.zeros_like(key, dtype=torch.float32), torch.zeros_like(value, dtype=torch.float32)
        for block, shares in zip(ctx.blocks, kept, strict=True):
            q, k, v = _of_rows(query, block.own, key.shape[0]), key[:, block.seen].float(), value[:, block.seen].float()
            pulled = grads[0][:, block.own] * block.real[..., None]
            grad = _grouped(pulled, key.shape[0]).float()
            by_share = grad @ v.mT
            by_score = shares * (by_share - (by_share * shares).sum(-1, keepdim=True)) * ctx.scale
            by_query[:, block.tokens] = _to_tokens(by_score @ k, block, query.shape[0]).to(query.dtype)
            seen = block.seen.reshape(-1)
            by_key.index_add_(1, seen, (by_score.mT @ q).flatten(1, 2))
            by_value.index_add_(1, seen, (shares.mT @ grad).flatten(1, 2))
        return by_query, by_key.to(key.dtype), by_value.to(value.dtype), None, None, None


def _of_rows(tokens: Tensor, where: Tensor, groups: int) -> Tensor:
    """[groups, rows, heads a group · own, width] in fp32 out of [heads, tokens, width]."""
    return _grouped(tokens[:, where], groups).float()


def _grouped(rows: Tensor, groups: int) -> Tensor:
    heads, count, own, width = rows.shape
    return rows.view(groups, heads // groups, count, own, width).transpose(1, 2).reshape(groups, count, -1, width)


def _to_tokens(rows: Tensor, block: Block, heads: int) -> Tensor:
    """[heads, real tokens, width] out of [groups, rows, heads a group · own, width]."""
    groups, count, _, width = rows.shape
    own = block.own.shape[1]
    apart = rows.view(groups, count, heads // groups, own, width).transpose(1, 2).reshape(heads, count * own, width)
    return apart[:, block.places]


def mask_of(*args: Any, **given: Any) -> Tensor | None:
    """The mask that transformers makes for `attend`: none for a packed sequence, whose rows say it themselves."""
    return None if _current.get() is not None else sdpa_mask(*args, **given)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, mask_of)
