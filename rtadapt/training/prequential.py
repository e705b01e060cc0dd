"""How much examples surprise a feed's versions, as they were published: the loss before anything is learned of them.

Owns nothing but the arithmetic. Takes the state of a version, which need not be the one that the learner goes on from, and
examples; gives nats a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from rtadapt.records import Example
from rtadapt.training import checkpoint
from rtadapt.training.learner import Learner
from rtadapt.training.loss import token_losses
from rtadapt.training.packed import common


@torch.no_grad()
def losses(learner: Learner, state: Path | None, examples: Sequence[Example]) -> list[float]:
    """Nats a target token of each example under the adapter of a state; None is the base.

    Raises WrongBase and ArtifactDamaged.
    """
    model, slot = learner.model, learner.slot
    weights = None if state is None else checkpoint.load_state(state, slot, model.digest, model.device).weights
    rows = learner.encoder.encode(examples)
    shared = common([row.ids[: row.start] for row in rows])
    found = [0.0] * len(rows)
    with slot.holding(weights):
        for chunk in model.batches(rows, model.room.read, shared):
            batch, logits = model.at_targets(chunk, shared)
            parts = torch.split(token_losses(logits, batch.targets), list(batch.lengths))
            for number, part in zip(batch.numbers, parts, strict=True):
                found[number] = float(part.mean())
    return found
