"""What an update minimises: cross-entropy on targets, and closeness to the base on rows that the base wrote.

Owns the two losses and the compact record of what the base itself would say. Takes logits at target positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_TOP = 64
_SMALLEST = 1e-6


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


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats of each target [n] under `logits` [n, vocabulary]."""
    return functional.cross_entropy(logits.float(), targets, reduction="none")


def divergence(logits: Tensor, base: BaseView) -> Tensor:
    """KL from the base to the model in nats at each position [n], over the kept tokens and the rest as one."""
    mine = functional.log_softmax(logits.float(), -1).gather(-1, base.tokens)
    kept = (base.log_probs.exp() * (base.log_probs - mine)).sum(-1)
    return kept + base.log_rest.exp() * (base.log_rest - _log_rest(mine))


def _log_rest(log_probs: Tensor) -> Tensor:
    """Log of the probability that kept tokens [n, k] leave over."""
    return (1.0 - log_probs.exp().sum(-1)).clamp_min(_SMALLEST).log()
