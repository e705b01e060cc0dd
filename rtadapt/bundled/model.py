"""A small Llama written for fast training on a CPU, with the parameter names of the published architecture.

Owns the forward pass and the weighted loss. Attention is plain matrix products, which beat the fused kernel on short
rows; rows are padded on the right, so the causal mask is the only one. Takes token ids, gives a loss per row.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model."""

    vocabulary: int = 3072
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    mlp: int = 768
    positions: int = 1024
    theta: float = 10000.0
    epsilon: float = 1e-5


class Norm(nn.Module):
    """RMSNorm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.hidden))
        self.epsilon = shape.epsilon

    def forward(self, x: Tensor) -> Tensor:  # [batch, seq, hidden]
        """Normalise in fp32."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return (wide * self.weight).to(x.dtype)


class Attention(nn.Module):
    """Causal self-attention with rotary positions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.width = shape.heads, shape.hidden // shape.heads
        self.q_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.o_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """x [batch, seq, hidden]; cos and sin [seq, width]; mask [seq, seq], added to the scores."""
        batch, seq, hidden = x.shape
        q, k, v = (
            layer(x).view(batch, seq, self.heads, self.width).transpose(1, 2) for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = (_rotate(part, cos, sin) for part in (q, k))
        scores = torch.matmul(q, k.transpose(-1, -2)).float() * self.width**-0.5 + mask
        mixed = torch.matmul(scores.softmax(-1).to(v.dtype), v)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, seq, hidden))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.down_proj = nn.Linear(shape.mlp, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, seq, hidden] to the same."""
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class Layer(nn.Module):
    """One block."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(shape), MLP(shape)
        self.input_layernorm, self.post_attention_layernorm = Norm(shape), Norm(shape)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """[batch, seq, hidden] to the same."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))  # type: ignore[no-any-return]


class Body(nn.Module):
    """Everything under the output layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)


class SmallLlama(nn.Module):
    """The model; its output layer is the embedding."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, self.model = shape, Body(shape)
        width = shape.hidden // shape.heads
        turns = torch.arange(shape.positions)[:, None] / shape.theta ** (torch.arange(0, width, 2) / width)
        self.register_buffer("cos", turns.cos().repeat(1, 2), persistent=False)
        self.register_buffer("sin", turns.sin().repeat(1, 2), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = (2 * shape.layers) ** -0.5 if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0
                nn.init.normal_(parameter, std=0.02 * scale if "embed" in name else scale * parameter.shape[1] ** -0.5 * 0.6)

    def forward(self, ids: Tensor, weights: Tensor) -> Tensor:
        """Weighted loss summed per row, [batch]. ids [batch, seq + 1]; weights [batch, seq], of the targets."""
        seq = ids.shape[1] - 1
        mask = torch.full((seq, seq), float("-inf")).triu(1)
        x = self.model.embed_tokens(ids[:, :-1]).to(torch.bfloat16)
        for layer in self.model.layers:
            x = layer(x, self.cos[:seq], self.sin[:seq], mask)
        logits = functional.linear(self.model.norm(x), self.model.embed_tokens.weight.to(x.dtype)).float()
        losses = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        return (losses.view_as(weights) * weights).sum(1)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions on [batch, heads, seq, width]."""
    left, right = x.float().chunk(2, -1)
    return (x.float() * cos + torch.cat((-right, left), -1) * sin).to(x.dtype)
