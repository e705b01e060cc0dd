"""The steps of one update: which rows, at which rate, until when.

Owns the draw of rows, the learning-rate schedule (warm, hold, cool) and the loop. Takes rows and the state to change;
gives what the steps did. An update starts to end once most new rows have been right for a whole pass: the rate then cools
over the last steps, in which the rest is learned and what is known comes back.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch

from rtadapt.config import TrainSettings
from rtadapt.records import Update
from rtadapt.training.adapter import AdapterState, Slot
from rtadapt.training.loss import BaseView, divergence, token_losses
from rtadapt.training.model import BaseModel
from rtadapt.training.rows import Padded, Row, chunks, pad

_FINAL_SHARE = 0.05
_WINDOW_STEPS = 2
_LEAST_SEEN = 1.5
_LEAST_REPLAY = 1 / 3
_EARLY_REPLAY = 1 / 2
_SELDOM = 0.02
_BETAS = (0.9, 0.99)
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class Material:
    """What an update learns from. `facts` groups new rows by what they teach; `views` has the base's words on anchors."""

    new: Sequence[Row]
    facts: Sequence[str]
    stream: Sequence[Row]
    anchors: Sequence[Row]
    views: Sequence[BaseView]


@dataclass(slots=True)
class _Step:
    """Sums over the chunks of one step."""

    loss: float = 0.0
    tokens: int = 0
    new_loss: float = 0.0
    new_tokens: int = 0


class Steps:
    """One update in the making."""

    def __init__(self, model: BaseModel, slot: Slot, settings: TrainSettings, rate: float, material: Material, seed: int) -> None:
        self.model, self.slot, self.settings, self.rate, self.material = model, slot, settings, rate, material
        rng = Random(seed)
        self.count = min(settings.new_rows, len(material.new))
        share = max(_LEAST_REPLAY, self.count / settings.new_rows)
        self.replay = math.ceil(settings.replay_rows * share) if material.stream or material.anchors else 0
        self.new = _by_fact(material.new, material.facts, rng)
        self.stream, self.anchors = _passes(material.stream, rng), _passes(material.anchors, rng)
        self.view_of = {row.number: view for row, view in zip(material.anchors, material.views, strict=True)}
        self.recent: deque[bool] = deque(maxlen=_WINDOW_STEPS * self.count)
        self.chunk_tokens = 1024 if model.device.type == "cpu" else 16_384

    def run(self, state: AdapterState, distance: Callable[[], float]) -> Update:
        """Change `state` in place. When a loss or a gradient is not finite it stops there; the update says so."""
        began = time.monotonic()
        done, first, last, norm, tokens, rows = 0, math.nan, math.nan, 0.0, 0, 0
        cooling_from = self.settings.steps - self.settings.cool_steps
        while done < min(self.settings.steps, cooling_from + self.settings.cool_steps):
            drawn = self._draw(done >= cooling_from)
            with self.model.pace.step():
                step, gradient = self._gradient(state, drawn)
            norm = float(gradient.norm())
            last = step.new_loss / max(1, step.new_tokens)
            first = last if done == 0 else first
            tokens, rows = tokens + step.tokens, rows + sum(map(len, drawn))
            if not math.isfinite(norm) or not math.isfinite(last):
                last = math.nan
                break
            gradient.mul_(min(1.0, self.settings.clip / (norm + 1e-12)))
            adam(state, gradient, self.rate * self._share(done, cooling_from))
            done += 1
            if done < cooling_from and self._is_learned():
                cooling_from = done
        return Update(done, rows, tokens, first, last, norm, distance(), time.monotonic() - began)

    def _draw(self, cooling: bool) -> tuple[list[Row], list[Row], list[Row]]:
        """Rows of one step: new, replayed from the stream, anchors.

        While the rate is high half of the replay is enough: little is lost yet, and what is lost comes back quickly.
        """
        count = math.ceil(self.count / 2) if cooling else self.count
        replay = self.replay if cooling else math.ceil(self.replay * _EARLY_REPLAY)
        stream = replay if not self.material.anchors else replay // 2 if self.material.stream else 0
        stream = min(stream, len(self.material.stream))
        anchors = min(replay - stream, len(self.material.anchors))
        new = [next(self.new) for _ in range(count)]
        return new, [next(self.stream) for _ in range(stream)], [next(self.anchors) for _ in range(anchors)]

    def _gradient(self, state: AdapterState, drawn: tuple[list[Row], list[Row], list[Row]]) -> tuple[_Step, torch.Tensor]:
        new, stream, anchors = drawn
        step = _Step()
        total = sum(row.token_weight * row.targets for row in (*new, *stream, *anchors))
        with self.slot.holding(state.weights):
            self.slot.clear_gradient()
            kinds = {id(row): kind for kind, rows in enumerate(drawn) for row in rows}
            for chunk in chunks((*new, *stream, *anchors), self.chunk_tokens):
                self._backward(chunk, [kinds[id(row)] for row in chunk], total, step)
            return step, self.slot.take_gradient()

    def _backward(self, chunk: list[Row], kinds: list[int], total: float, step: _Step) -> None:
        """Forward and backward over one chunk; `kinds` says of each row: 0 new, 1 stream, 2 anchor."""
        batch = pad(chunk, self.model.device)
        logits = self.model.logits(batch.ids, batch.rows, batch.columns)
        losses = token_losses(logits, batch.targets)
        loss = (losses * batch.weights).sum() / total
        anchored = [index for index, kind in enumerate(kinds) if kind == 2]
        if anchored and self.settings.kl_weight > 0:
            at = torch.tensor(_tokens_of(batch, anchored), device=self.model.device)
            view = BaseView.join([self.view_of[chunk[index].number] for index in anchored])
            loss = loss + self.settings.kl_weight * (divergence(logits[at], view) * batch.weights[at]).sum() / total
        loss.backward()  # type: ignore[no-untyped-call]
        step.tokens += len(batch.targets)
        fresh = [index for index, kind in enumerate(kinds) if kind == 0]
        if fresh:
            at = torch.tensor(_tokens_of(batch, fresh), device=self.model.device)
            step.new_loss += float(losses.detach()[at].sum())
            step.new_tokens += len(at)
            hits = (logits.detach()[at].argmax(-1) == batch.targets[at]).tolist()
            for index in fresh:
                length = batch.lengths[index]
                if chunk[index].start > 1:  # plain text need not be exact
                    self.recent.append(all(hits[:length]))
                del hits[:length]

    def _is_learned(self) -> bool:
        full = len(self.recent) >= _LEAST_SEEN * self.count
        return full and sum(self.recent) >= self.settings.learned * len(self.recent)

    def _share(self, done: int, cooling_from: int) -> float:
        """Share of the learning rate at a step: warm up, hold, cool down to a small rest."""
        if done < self.settings.warm_steps:
            return (done + 1) / (self.settings.warm_steps + 1)
        if done < cooling_from:
            return 1.0
        left = 1.0 - (done - cooling_from + 1) / max(1, self.settings.cool_steps)
        return _FINAL_SHARE + (1.0 - _FINAL_SHARE) * max(0.0, left)


@torch.no_grad()
def adam(state: AdapterState, gradient: torch.Tensor, rate: float) -> None:
    """One step of Adam on the flat vectors of `state`. No decay: an adapter that is pulled to zero forgets."""
    state.steps += 1
    state.mean.lerp_(gradient, 1.0 - _BETAS[0])
    state.square.lerp_(gradient.square(), 1.0 - _BETAS[1])
    spread = (state.square / (1.0 - _BETAS[1] ** state.steps)).sqrt_().add_(_EPSILON)
    state.weights.addcdiv_(state.mean, spread, value=-rate / (1.0 - _BETAS[0] ** state.steps))


def _tokens_of(batch: Padded, rows: Sequence[int]) -> list[int]:
    """Places of some rows' target tokens among all of the batch's."""
    starts = [0]
    for length in batch.lengths:
        starts.append(starts[-1] + length)
    return [at for row in rows for at in range(starts[row], starts[row + 1])]


def _passes(rows: Sequence[Row], rng: Random) -> Iterator[Row]:
    """The rows over and over, each pass in another order. A row that weighs less than 1 comes as much more seldom."""
    while rows:
        yield from (row for row in rng.sample(rows, len(rows)) if row.weight >= 1 or rng.random() < max(_SELDOM, row.weight))


def _by_fact(rows: Sequence[Row], facts: Sequence[str], rng: Random) -> Iterator[Row]:
    """The rows over and over, facts taking turns, so that one with many wordings has no more than its share."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row, fact in zip(rows, facts, strict=True):
        groups[fact or str(row.number)].append(row)
    turns = [(max(_SELDOM, max(row.weight for row in group)), _shuffled(group, rng)) for group in groups.values()]
    while turns:
        rng.shuffle(turns)
        for share, turn in turns:
            if share >= 1 or rng.random() < share:
                yield next(turn)


def _shuffled(rows: Sequence[Row], rng: Random) -> Iterator[Row]:
    while rows:
        yield from rng.sample(rows, len(rows))
