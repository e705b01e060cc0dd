"""The steps of one update: which rows, at which rate, until when.

Owns the draw of rows, the learning-rate schedule (warm, hold, cool) and the loop. Takes rows and the state to change; gives what
the steps did. There are as many steps as the facts need, so many draws a fact; they end early once most new rows have been
right for a whole pass: the rate then cools over the last steps, in which the rest is learned and what is known comes back.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import torch

from rtadapt.config import TrainSettings
from rtadapt.records import Update
from rtadapt.training.adapter import AdapterState, Slot
from rtadapt.training.loss import BaseView, update_loss
from rtadapt.training.model import BaseModel
from rtadapt.training.packed import common
from rtadapt.training.rows import Row
from rtadapt.training.whitening import Whitening

_FINAL_SHARE = 0.05
_WINDOW_STEPS = 1
_LEAST_COOLING = 3
_SELDOM = 0.02
_FREE, _FAR, _MOST_HELD = 0.2, 0.15, 4.0
"""Up to the first nats a token nothing changes; for each of the second more, an update is held once more, at most so much."""
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

    tokens: int = 0
    passed: int = 0
    new_loss: float = 0.0
    new_tokens: int = 0


class Steps:
    """One update in the making."""

    def __init__(
        self,
        model: BaseModel,
        slot: Slot,
        settings: TrainSettings,
        rate: float,
        material: Material,
        seed: int,
        whitening: Whitening | None = None,
    ) -> None:
        self.model, self.slot, self.settings, self.rate, self.material = model, slot, settings, rate, material
        self.whitening = whitening or Whitening()
        self.seconds: dict[str, float] = {}
        rng = Random(seed)
        shares: dict[str, float] = {}
        for fact, row in zip(material.facts, material.new, strict=True):
            shares[fact or str(row.number)] = max(row.weight, shares.get(fact or str(row.number), 0.0))
        self.limit, self.count = plan(sum(min(1.0, share) for share in shares.values()), settings)
        self.new = _by_fact(material.new, material.facts, rng)
        self.stream, self.anchors = _passes(material.stream, rng), _passes(material.anchors, rng)
        self.view_of = {row.number: view for row, view in zip(material.anchors, material.views, strict=True)}
        self.counted = {id(row) for fact, row in zip(material.facts, material.new, strict=True) if fact} or set(
            map(id, material.new)
        )
        self.recent: deque[bool] = deque(maxlen=max(len(set(material.facts) - {""}), _WINDOW_STEPS * self.count))
        self.shared = common([row.ids[: row.start] for row in (*material.new, *material.stream, *material.anchors)])

    def run(self, state: AdapterState, distance: Callable[[], float], given_up: Callable[[], bool] = lambda: False) -> Update:
        """Change `state` in place. When a loss or a gradient is not finite it stops there, and the update says so; once it is
        `given_up` too."""
        began = time.monotonic()
        self.seconds.clear()
        done, first, last, norm, tokens, rows, passed = 0, math.nan, math.nan, 0.0, 0, 0, 0
        cool_steps = max(1, round(self.limit * self.settings.cool_share))
        cooling_from = self.limit - cool_steps
        while done < cooling_from + cool_steps and not given_up():
            with self._part("draw"):
                drawn = self._draw()
            with self.model.pace.work():
                step, gradient = self._gradient(state, drawn)
                norm = float(gradient.norm())
            last = step.new_loss / max(1, step.new_tokens)
            first = last if done == 0 else first
            tokens, rows, passed = tokens + step.tokens, rows + sum(map(len, drawn)), passed + step.passed
            if not math.isfinite(norm) or not math.isfinite(last):
                last = math.nan
                break
            with self._part("optimizer"), self.model.pace.work():
                gradient = self.whitening.shorten(self.slot, gradient.mul_(min(1.0, self.settings.clip / (norm + 1e-12))))
                move = self.whitening.shorten(self.slot, adam(state, gradient))
                state.weights.sub_(move, alpha=self.rate * self._share(done, cooling_from, cool_steps))
            done += 1
            if done < cooling_from and self._is_learned():
                cooling_from, cool_steps = done, max(_LEAST_COOLING, round(done * self.settings.cool_share))
        seconds = time.monotonic() - began
        return Update(done, rows, tokens, first, last, norm, distance(), seconds, passed, dict(self.seconds))

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        """Count the time that is spent inside. A GPU's work is counted where it is waited for: in the backward pass."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began

    def _draw(self) -> tuple[list[Row], list[Row], list[Row]]:
        """Rows of one step: new, replayed from the stream, anchors; of these as many where few are new, or what was is lost."""
        stream = min(self.settings.replay_rows, len(self.material.stream))
        anchors = min(self.settings.anchor_rows, len(self.material.anchors))
        new = [next(self.new) for _ in range(self.count)]
        return new, [next(self.stream) for _ in range(stream)], [next(self.anchors) for _ in range(anchors)]

    def _gradient(self, state: AdapterState, drawn: tuple[list[Row], list[Row], list[Row]]) -> tuple[_Step, torch.Tensor]:
        step = _Step()
        kinds = {id(row): kind for kind, rows in enumerate(drawn) for row in rows}
        rows = [row for group in drawn for row in group]
        total = sum(row.token_weight * row.targets for row in rows)
        with self.slot.holding(state.weights):
            self.slot.clear_gradient()
            for chunk in self.model.batches(rows, self.model.room.step, self.shared):
                self._backward(sorted(chunk, key=lambda row: kinds[id(row)]), kinds, total, step)
            return step, self.slot.take_gradient()

    def _backward(self, chunk: list[Row], kinds: dict[int, int], total: float, step: _Step) -> None:
        """Forward and backward over one chunk, anchors last; `kinds` says of each row: 0 new, 1 stream, 2 anchor."""
        with self._part("forward"):
            batch, logits = self.model.at_targets(chunk, self.shared)
        views = [self.view_of[row.number] for row in chunk if kinds[id(row)] == 2]
        base = BaseView.join(views) if views else None
        with self._part("backward"):
            loss = update_loss(logits, batch.targets, batch.weights / total, base, self.settings.kl_weight)
            loss.total.backward()  # type: ignore[no-untyped-call]
            hits = loss.hits.tolist()
        step.tokens += len(batch.targets)
        step.passed += batch.ids.numel()
        nats, start = loss.nats.cpu(), 0
        for row, length in zip(chunk, batch.lengths, strict=True):
            if kinds[id(row)] == 0:
                step.new_loss += float(nats[start : start + length].sum())
                step.new_tokens += length
                if id(row) in self.counted:  # the text's own sentences need not be exact where there are facts
                    self.recent.append(all(hits[start : start + length]))
            start += length

    def _is_learned(self) -> bool:
        full = len(self.recent) == self.recent.maxlen
        return full and sum(self.recent) >= self.settings.learned * len(self.recent)

    def _share(self, done: int, cooling_from: int, cool_steps: int) -> float:
        """Share of the learning rate at a step: warm up, hold, cool down to a small rest."""
        if done < self.settings.warm_steps:
            return (done + 1) / (self.settings.warm_steps + 1)
        if done < cooling_from:
            return 1.0
        left = 1.0 - (done - cooling_from + 1) / cool_steps
        return _FINAL_SHARE + (1.0 - _FINAL_SHARE) * max(0.0, left)


def plan(facts: float, settings: TrainSettings) -> tuple[int, int]:
    """Steps of an update that teaches so many facts, at most, and new rows in each. A row that weighs less is less of a fact."""
    draws = settings.draws_per_fact * facts
    rows = min(settings.new_rows, max(settings.new_rows // 4, math.ceil(draws / settings.least_steps)))
    steps = math.ceil(draws / rows)
    return min(settings.most_steps, max(settings.least_steps, steps)), rows


def held_back(settings: TrainSettings, drift: float) -> TrainSettings:
    """The settings of an update of a feed that has drifted so far, in nats a token: the farther, the more anchors, and weightier.

    Else what a feed learns adds up, update by update, until the gate refuses all that would move it any further.
    """
    times = min(_MOST_HELD, 1.0 + max(0.0, drift - _FREE) / _FAR)
    held = {"anchor_rows": round(times * settings.anchor_rows), "kl_weight": times * settings.kl_weight}
    return settings.model_copy(update=held)


@torch.no_grad()
def adam(state: AdapterState, gradient: torch.Tensor) -> torch.Tensor:
    """Where Adam's next step goes [size]; its moments go on. No decay: an adapter that is pulled to zero forgets."""
    state.steps += 1
    state.mean.lerp_(gradient, 1.0 - _BETAS[0])
    state.square.lerp_(gradient.square(), 1.0 - _BETAS[1])
    spread = (state.square / (1.0 - _BETAS[1] ** state.steps)).sqrt_().add_(_EPSILON)
    return (state.mean / (1.0 - _BETAS[0] ** state.steps)).div_(spread)


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
