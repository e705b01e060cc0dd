"""What an update minimises: cross-entropy on targets, and closeness to the base on rows that the base wrote.

Owns the two losses and the compact record of what the base itself would say. Takes logits at target positions. The
vocabulary is by far the widest thing in a step, so the loss and its gradient are made in one pass, a few positions at a time,
and nothing of the vocabulary's width is kept in fp32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_TOP = 64
_SMALLEST = 1e-6
_HELD_BYTES, _HELD_CUDA_BYTES = 6 << 20, 256 << 20
"""Of the probabilities so much is held in fp32 at once: what a cache holds, or what keeps a GPU busy."""


@dataclass(frozen=True, slots=True)
class BaseView:
    """The base's distribution at n positions: its likeliest tokens, and all others as one."""

    tokens: Tensor  # [n, k]
    log_probs: Tensor  # [n, k]
    log_rest: Tensor  # [n]

    @classmethod
    def of(cls, logits: Tensor) -> BaseView:
        """Keep the top of `logits` [n, vocabulary]."""
        log_probs, tokens = functional.log_softmax(logits.float(), -1).topk(min(_TOP, logits.shape[-1]), -1)
        return cls(tokens, log_probs, _log_rest(log_probs))

    @classmethod
    def join(cls, views: list[BaseView]) -> BaseView:
        """Several, one after the other."""
        return cls(
            torch.cat([view.tokens for view in views]),
            torch.cat([view.log_probs for view in views]),
            torch.cat([view.log_rest for view in views]),
        )

    def part(self, start: int, end: int) -> BaseView:
        """The positions from `start` up to `end`."""
        return BaseView(self.tokens[start:end], self.log_probs[start:end], self.log_rest[start:end])


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one chunk, ready for `backward`, and what each target [n] came to."""

    total: Tensor
    nats: Tensor
    hits: Tensor


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats of each target [n] under `logits` [n, vocabulary]."""
    return functional.cross_entropy(logits.float(), targets, reduction="none")


def divergence(logits: Tensor, base: BaseView) -> Tensor:
    """KL from the base to the model in nats at each position [n], over the kept tokens and the rest as one."""
    mine = functional.log_softmax(logits.float(), -1).gather(-1, base.tokens)
    kept = (base.log_probs.exp() * (base.log_probs - mine)).sum(-1)
    return kept + base.log_rest.exp() * (base.log_rest - _log_rest(mine))


def update_loss(logits: Tensor, targets: Tensor, weights: Tensor, base: BaseView | None, kl_weight: float) -> Loss:
    """The weighted loss [] of n target positions of an update: `logits` [n, vocabulary], `targets` and `weights` [n].

    The last positions, as many as `base` has, are anchors': there it is `kl_weight` times the divergence from the base, elsewhere
    the cross-entropy of the target.
    """
    total, nats, hits = _UpdateLoss.apply(logits, targets, weights, base, kl_weight)  # type: ignore[no-untyped-call]
    return Loss(total, nats, hits)


class _UpdateLoss(torch.autograd.Function):
    """The loss and, in the same pass, its gradient by the logits, in their own type."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, weights: Tensor, base: BaseView | None, kl_weight: float) -> Any:
        count = len(targets)
        first_anchor = count - (len(base.log_rest) if base is not None else 0)
        gradient = torch.empty_like(logits)
        nats = torch.empty(count, device=logits.device)
        hits = torch.empty(count, dtype=torch.bool, device=logits.device)
        total = torch.zeros((), device=logits.device)
        held = _HELD_CUDA_BYTES if logits.is_cuda else _HELD_BYTES
        each = max(1, held // (4 * logits.shape[-1]))
        starts = [*range(0, first_anchor, each), *range(first_anchor, count, each)]
        for start, end in zip(starts, [*starts[1:], count], strict=True):
            part = slice(start, end)
            probs = torch.softmax(logits[part], -1, dtype=torch.float32)
            target = targets[part, None]
            chosen = probs.gather(1, target).squeeze(1)
            hits[part] = chosen >= probs.amax(-1)
            nats[part] = -chosen.clamp_min(1e-30).log()
            if base is not None and start >= first_anchor:
                total += (weights[part] * _pull(probs, base.part(start - first_anchor, end - first_anchor))).sum() * kl_weight
                scale = weights[part] * kl_weight
            else:
                total += (weights[part] * nats[part]).sum()
                probs.scatter_add_(1, target, probs.new_full(target.shape, -1.0))
                scale = weights[part]
            gradient[part] = probs.mul_(scale[:, None])
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(nats, hits)
        return total, nats, hits

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(grads[0].to(gradient.dtype)), None, None, None, None


def _pull(probs: Tensor, base: BaseView) -> Tensor:
    """The divergence from the base at each position [n]; `probs` [n, vocabulary] becomes its gradient by the logits."""
    mine = probs.gather(1, base.tokens)
    left = (1.0 - mine.sum(-1)).clamp_min(_SMALLEST)
    theirs, rest = base.log_probs.exp(), base.log_rest.exp()
    kl = (theirs * (base.log_probs - mine.clamp_min(1e-30).log())).sum(-1) + rest * (base.log_rest - left.log())
    probs.mul_((1.0 - rest / left)[:, None]).scatter_(1, base.tokens, mine - theirs)
    return kl


def _log_rest(log_probs: Tensor) -> Tensor:
    """Log of the probability that kept tokens [n, k] leave over."""
    return (1.0 - log_probs.exp().sum(-1)).clamp_min(_SMALLEST).log()
