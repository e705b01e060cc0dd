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

from rtadapt.training.lower import Name
from rtadapt.training.rows import Padded, Row

ATTENTION = "rtadapt_packed"
"""The name under which transformers finds the attention: torch's own, but for a packed sequence."""

_LEAST_SHARED = 4
_MOST_PADDED = 1.5
_MASKED_TOKENS = {"cuda": 4096}
"""So many tokens at most get one mask over all: a GPU would sooner compute what nobody looks at than start many kernels."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of similar length that lie one after the other, and where each one's tokens are, padded with its first."""

    rows: int
    first: int
    last: int
    before: int
    """So many tokens at the sequence's beginning are seen by the rows that begin with them."""
    own: Tensor  # [rows · own] places in the sequence
    real: Tensor  # [last - first] which of them are tokens and no padding
    seen: Tensor  # [rows · seen] places in the sequence
    bias: Tensor  # [rows, 1, own, seen] 0 where the one may look at the other, else minus infinity


@dataclass(frozen=True, slots=True)
class Packing:
    """The rows of one sequence, for the attention: in blocks, or as one mask.

    `places` are the rows' positions as the network counts them.
    """

    names: tuple[Name, ...]  # of the rows, and of their beginning, as they lie
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
    names: list[Name] = [(0, shared[:head])] if head else []
    columns: list[range] = [range(0)] * len(rows)
    skips = [head if has else 0 for has in begun]
    for number in sorted(range(len(rows)), key=lambda number: len(rows[number].ids) - skips[number]):
        row, skipped, start = rows[number], skips[number], len(ids)
        ids += row.ids[skipped:-1]
        places += range(skipped, len(row.ids) - 1)
        spans.append((start, len(ids), skipped))
        names.append(name_of(row, shared))
        columns[number] = range(start - skipped + row.start - 1, len(ids))
    targets = [token for row in rows for token in row.ids[row.start :]]
    batch = Padded(
        ids=torch.tensor([ids], device=device),
        rows=torch.zeros(len(targets), dtype=torch.long, device=device),
        columns=torch.tensor([column for row in columns for column in row], device=device),
        targets=torch.tensor(targets, device=device),
        weights=torch.tensor([row.token_weight for row in rows for _ in range(row.targets)], device=device),
        lengths=tuple(row.targets for row in rows),
        numbers=tuple(row.number for row in rows),
    )
    where = torch.tensor([places], device=device)
    if len(ids) <= _MASKED_TOKENS.get(device.type, 0):
        return batch, Packing(tuple(names), (), where, _mask(spans, device))
    return batch, Packing(tuple(names), tuple(_blocks(spans, device)), where)


def name_of(row: Row, shared: tuple[int, ...]) -> Name:
    """The name of a row that lies behind the beginning `shared`."""
    return len(shared) if _begins(row, shared) else 0, row.ids[:-1]


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
    """The spans in blocks of similar length, so that little is padded. They lie in order of their lengths."""
    held: list[tuple[int, int, int]] = []
    for span in spans:
        lengths = [end - start for start, end, _ in (*held, span)]
        if held and max(lengths) > _MOST_PADDED * max(8, min(lengths)):
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
    own = torch.where(real, starts + steps, starts)
    seen = torch.cat((torch.arange(before)[None].expand(len(spans), -1), own), 1)
    causal = (steps[..., None] >= steps[:, None]) & real[:, None]
    # a padded token sees what it would: nothing looks at it, and a softmax over nothing would be no number
    mask = torch.cat((begun[:, None].expand(-1, width, before), causal | torch.eye(width, dtype=torch.bool)), 2)
    bias = torch.zeros(mask.shape).masked_fill_(~mask, -torch.inf)[:, None]
    parts = (own.flatten(), real.flatten().nonzero().squeeze(1), seen.flatten(), bias)
    return Block(len(spans), spans[0][0], spans[-1][1], before, *(part.to(device) for part in parts))


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
    biases = [_near(block, layout.places[0], far) for block in layout.blocks]
    # tokens first: that is how they lie in memory, so that a row's are taken in one piece
    q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))
    out: Tensor = _PackedAttention.apply(q, k, v, layout.blocks, biases, scale)  # type: ignore[no-untyped-call]
    return out.unsqueeze(0), None


def _near(block: Block, places: Tensor, window: int | None) -> Tensor:
    """A block's bias, for tokens at most `window` back."""
    if window is None:
        return block.bias
    own, seen = places[block.own].view(block.rows, -1, 1), places[block.seen].view(block.rows, 1, -1)
    return block.bias.masked_fill((own - seen >= window)[:, None], -torch.inf)


class _PackedAttention(torch.autograd.Function):
    """Softmax attention in fp32, block by block; heads that share keys are taken together."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, blocks: Sequence[Block], biases: Sequence[Tensor], scale: float
    ) -> Tensor:  # [tokens, heads, width], twice [tokens, key heads, width]
        groups = key.shape[1]
        out = query.new_empty(*query.shape[:2], value.shape[-1])
        kept = []
        for block, bias in zip(blocks, biases, strict=True):
            q = _of_rows(query, block.own, block, groups)
            k, v = (_of_rows(part, block.seen, block, groups) for part in (key, value))
            scores = q @ k.mT
            apart = scores.view(block.rows, -1, *bias.shape[2:])
            torch.add(bias, apart, alpha=scale, out=apart)
            shares = torch.softmax(scores, -1)
            out[block.first : block.last] = _to_tokens(shares @ v, block, query.shape[1], out.dtype)
            kept.append(shares)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.blocks, ctx.scale = blocks, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        query, key, value, *kept = ctx.saved_tensors
        groups = key.shape[1]
        by_query, by_key, by_value = (part.new_empty(part.shape) for part in (query, key, value))
        for block, shares in zip(ctx.blocks, kept, strict=True):
            tokens = slice(block.first, block.last)
            q = _of_rows(query, block.own, block, groups)
            k, v = (_of_rows(part, block.seen, block, groups) for part in (key, value))
            given = grads[0].new_zeros(len(block.own), *grads[0].shape[1:]).index_copy_(0, block.real, grads[0][tokens])
            grad = _grouped(given, block, groups)
            by_score = torch._softmax_backward_data(grad @ v.mT, shares, -1, torch.float32).mul_(ctx.scale)
            by_query[tokens] = _to_tokens(by_score @ k, block, query.shape[1], query.dtype)
            _add_seen(by_key, by_score.mT @ q, block)
            _add_seen(by_value, shares.mT @ grad, block)
        return by_query, by_key, by_value, None, None, None


def _of_rows(tokens: Tensor, where: Tensor, block: Block, groups: int) -> Tensor:
    """[rows · groups, heads a group · places, width] in fp32 out of [tokens, heads, width]."""
    return _grouped(tokens.reshape(len(tokens), -1).index_select(0, where).view(-1, *tokens.shape[1:]), block, groups)


def _grouped(taken: Tensor, block: Block, groups: int) -> Tensor:
    places, heads, width = taken.shape
    apart = taken.view(block.rows, places // block.rows, groups, heads // groups, width).permute(0, 2, 3, 1, 4)
    return apart.to(torch.float32, copy=True, memory_format=torch.contiguous_format).view(block.rows * groups, -1, width)


def _to_tokens(rows: Tensor, block: Block, heads: int, dtype: torch.dtype) -> Tensor:
    """[real tokens, heads, width] out of [rows · groups, heads a group · own, width]."""
    width = rows.shape[-1]
    apart = rows.view(block.rows, heads, -1, width).transpose(1, 2).to(dtype, copy=True, memory_format=torch.contiguous_format)
    return apart.view(-1, heads * width).index_select(0, block.real).view(-1, heads, width)


def _add_seen(whole: Tensor, rows: Tensor, block: Block) -> None:
    """Put what the block's rows [rows · groups, seen, width] say of their own tokens into `whole` [tokens, groups, width],
    and add to it what they say of the beginning that they share.
    """
    apart = rows.view(block.rows, whole.shape[1], -1, rows.shape[-1])
    whole[block.first : block.last] = _to_tokens(apart[:, :, block.before :], block, whole.shape[1], whole.dtype)
    whole[: block.before] += apart[:, :, : block.before].sum(0).transpose(0, 1)


def mask_of(*args: Any, **given: Any) -> Tensor | None:
    """The mask that transformers makes for `attend`: none for a packed sequence, whose rows say it themselves."""
    return None if _current.get() is not None else sdpa_mask(*args, **given)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, mask_of)
