"""Two pieces of a network that transformers and PEFT make of many operations, each made of few.

Owns the LoRA product and the RMS norm, with backward passes of their own: on a CPU a pass over the tokens' states costs a good
part of a matrix product, and each of the libraries' passes makes another tensor. The numbers are theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class _LowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float) -> Tensor:
        low = x @ a.t()
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scale = scale
        return functional.linear(x, weight, bias).addmm_(low, b.t(), alpha=scale)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (grad,) = grads
        x, weight, a, b, low = ctx.saved_tensors
        by_low = (grad @ b).mul_(ctx.scale)
        by_x = (grad @ weight).addmm_(by_low, a) if ctx.needs_input_grad[0] else None
        return by_x, None, None, by_low.t() @ x, (grad.t() @ low).mul_(ctx.scale), None


def low_rank(x: Tensor, layer: nn.Linear, a: Tensor, b: Tensor, scale: float) -> Tensor:
    """[..., outputs] of a frozen `layer` of x [..., inputs], and scale·B·A of it added; A [rank, inputs], B [outputs, rank]."""
    y: Tensor = _LowRank.apply(x.reshape(-1, x.shape[-1]), layer.weight, layer.bias, a, b, scale)  # type: ignore[no-untyped-call]
    return y.view(*x.shape[:-1], -1)


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        wide = x.float()
        size = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        by = size.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, by)
        return (wide * by if wide is x else wide.mul_(by)).to(x.dtype).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        x, weight, by = ctx.saved_tensors
        grad, normed = (grads[0] * weight).float(), x.float() * by
        along = (grad * normed).mean(-1, keepdim=True)
        return grad.addcmul_(normed, along, value=-1).mul_(by).to(x.dtype), None, None


def norms(net: nn.Module) -> int:
    """Let the RMS norms of a frozen `net` take fewer passes, those that are proven to be that and no more; how many these are."""
    found = [(module, epsilon) for module in net.modules() if (epsilon := _epsilon(module)) is not None]
    for module, epsilon in found:
        module.forward = _with(module, epsilon)
    return len(found)


def _with(module: nn.Module, epsilon: float) -> Callable[[Tensor], Tensor]:
    def forward(x: Tensor) -> Tensor:
        return _Norm.apply(x, module.weight, epsilon)  # type: ignore[no-any-return, no-untyped-call]

    return forward


@torch.no_grad()
def _epsilon(module: nn.Module) -> float | None:
    """What an RMS norm adds to the square, where made-up states leave `module` as they leave `_Norm`."""
    weight = getattr(module, "weight", None)
    epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    if not type(module).__name__.endswith("RMSNorm") or not isinstance(weight, Tensor) or not isinstance(epsilon, float):
        return None
    draws = torch.Generator().manual_seed(0)
    x = (1 + torch.randn(4, weight.shape[-1], generator=draws)) * epsilon**0.5 * torch.tensor([[0.1], [1.0], [10.0], [1e4]])
    x = x.to(weight.device, weight.dtype)
    try:
        theirs, ours = module(x), _Norm.apply(x, weight, epsilon)  # type: ignore[no-untyped-call]
        torch.testing.assert_close(ours, theirs)
    except (AssertionError, RuntimeError, TypeError, ValueError):
        return None
    return epsilon
