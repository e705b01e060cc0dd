"""What an update is held against: plain libraries on the same rows, and the rate at which this machine multiplies matrices.

Owns both measurements. Takes a learner; gives seconds and rates. Nothing that learns or serves depends on it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import cycle

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from rtadapt.config import TrainSettings
from rtadapt.records import Example, Update
from rtadapt.training import families
from rtadapt.training.learner import _ANCHOR_TOKENS, Learner
from rtadapt.training.rows import Row

_RATE_SECONDS = 0.3
_IGNORED = -100


class Plain:
    """transformers and PEFT as their manuals have it: padded batches, labels, AdamW."""

    def __init__(self, train: TrainSettings, model: str, revision: str | None, learner: Learner) -> None:
        self._learner, self._settings = learner, train
        net = families.load(model, revision, learner.model.dtype).to(learner.model.device)
        targets = families.targets(net, train.lowest_layer)
        config = LoraConfig(
            r=train.rank,
            lora_alpha=train.alpha,
            use_rslora=train.rslora,
            target_modules=list(targets.modules),
            task_type="CAUSAL_LM",
        )
        self._net: nn.Module = get_peft_model(net, config)
        weights = [weight for weight in self._net.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(weights, lr=learner.rate)

    def take(self, examples: Sequence[Example], anchors: Sequence[Example], update: Update) -> tuple[float, int]:
        """Seconds and rows of as many steps as `update` had, each with as many rows, taken from the same ones in turn."""
        encoder, steps = self._learner.encoder, max(1, update.steps)
        beside = min(self._settings.anchor_rows, len(anchors))
        beginnings = [row.cut(_ANCHOR_TOKENS) for row in encoder.encode(anchors)]
        new, old = cycle(encoder.encode(examples)), cycle(beginnings)
        each = max(1, round(update.rows / steps) - beside)
        began, rows = time.monotonic(), 0
        for _ in range(steps):
            drawn = [next(new) for _ in range(each)] + [next(old) for _ in range(beside)]
            rows += len(drawn)
            with self._learner.model.pace.work():
                self._step(drawn)
        return time.monotonic() - began, rows

    def _step(self, rows: Sequence[Row]) -> None:
        ids, mask, labels = _batch(rows, self._learner.model.device)
        loss = self._net(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        float(loss.detach())
        self._optimizer.step()
        self._optimizer.zero_grad()


def block_weights(learner: Learner) -> int:
    """Weights of the matrices that every token passes: those of the blocks, without what the adapter adds."""
    inner = learner.slot.peft.get_base_model()
    output, words = inner.get_output_embeddings().weight, inner.get_input_embeddings().weight
    named = inner.named_parameters()
    matrices = [weight for name, weight in named if weight.ndim == 2 and ".lora_" not in name]
    return sum(weight.numel() for weight in matrices if weight is not output and weight is not words)


def products_per_second(learner: Learner) -> float:
    """Floating-point operations a second of matrix products of a step's size, on the threads that a step would have now."""
    config = learner.model.net.config.get_text_config()
    wide = int(getattr(config, "intermediate_size", 4 * config.hidden_size))
    tokens, products = (1024, 1) if learner.model.device.type == "cpu" else (learner.model.room.step, 16)
    left = torch.randn(tokens, config.hidden_size, dtype=learner.model.dtype, device=learner.model.device)
    right = torch.randn(config.hidden_size, wide, dtype=learner.model.dtype, device=learner.model.device)
    best = 0.0
    with learner.model.pace.work():
        ends = time.monotonic() + _RATE_SECONDS
        while time.monotonic() < ends:
            began = time.perf_counter()
            made = [left @ right for _ in range(products)]
            float(made[-1][0, 0])  # waits for a GPU
            best = max(best, 2 * products * left.numel() * wide / (time.perf_counter() - began))
    return best


def _batch(rows: Sequence[Row], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and labels, each [batch, seq], padded on the right to the longest row."""
    longest = max(len(row.ids) for row in rows)
    ids = [[*row.ids, *([0] * (longest - len(row.ids)))] for row in rows]
    mask = [[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in rows]
    labels = [[_IGNORED] * row.start + list(row.ids[row.start :]) + [_IGNORED] * (longest - len(row.ids)) for row in rows]
    made = [torch.tensor(part, device=device) for part in (ids, mask, labels)]
    return made[0], made[1], made[2]
