"""The loss of an update, made with its gradient in one pass, against torch's own operations."""

from __future__ import annotations

import torch

from rtadapt.training.loss import BaseView, divergence, token_losses, update_loss


def given(anchors: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, BaseView | None]:
    torch.manual_seed(anchors)
    logits = torch.randn(75, 301, requires_grad=True)
    base = BaseView.of(torch.randn(anchors, 301)) if anchors else None
    return logits, torch.randint(0, 301, (75,)), torch.rand(75), base


def test_loss_and_gradient_are_those_of_cross_entropy_and_divergence() -> None:
    for anchors in (0, 33, 75):
        logits, targets, weights, base = given(anchors)
        made = update_loss(logits, targets, weights, base, 0.7)
        made.total.backward()
        gradient = logits.grad
        logits.grad = None
        first = 75 - anchors
        wanted = (token_losses(logits[:first], targets[:first]) * weights[:first]).sum()
        if base is not None:
            wanted = wanted + 0.7 * (divergence(logits[first:], base) * weights[first:]).sum()
        wanted.backward()
        torch.testing.assert_close(made.total, wanted.detach())
        torch.testing.assert_close(gradient, logits.grad, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(made.nats, token_losses(logits, targets).detach(), atol=1e-4, rtol=1e-4)
        assert torch.equal(made.hits, logits.argmax(-1) == targets)
