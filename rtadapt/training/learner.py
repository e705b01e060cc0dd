"""The learner: one resident base model, and any number of feeds' adapters on it.

Owns the incumbent and the candidate of every open feed. `update` makes a candidate and leaves the incumbent alone;
`accept` and `reject` say which of them stays. Takes examples; gives updates, written text and files.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

import torch

from rtadapt.config import TrainSettings
from rtadapt.errors import NotFound
from rtadapt.judged import Answer, write_answers
from rtadapt.records import Example, Message, Update
from rtadapt.training import checkpoint, room
from rtadapt.training.adapter import AdapterState, Slot
from rtadapt.training.anchors import SLICE, Anchors, some
from rtadapt.training.generate import generate
from rtadapt.training.loss import BaseView, divergence, token_losses
from rtadapt.training.model import BaseModel
from rtadapt.training.packed import common
from rtadapt.training.rows import Encoder, Padded, Row, chunks, pad
from rtadapt.training.steps import Material, Steps, held_back, plan
from rtadapt.training.whitening import Whitening
from rtadapt.words import spoken_of

Who = Literal["candidate", "incumbent", "base"]

_MOST_ANCHORS = 128
_ANCHOR_TOKENS = 12
"""What the base would say is decided at the beginning of its answer: more beginnings hold it better than a few whole answers."""
_MOST_GENERAL, _GENERAL_TOKENS = 64, 24
"""What the base reads every day is measured on so many of its answers, so many tokens of each."""
_TOLD, _TOLD_TOKENS, _LONGEST_TOLD = 8, 16, 512
"""Of a candidate's answers so many are told to whoever serves it, so many tokens of each, to prompts of so many at most."""
_SHORT_UPDATE = 4.0
"""Times the rate that the formula gives for long runs: an update has a few dozen steps, and sees a row once or twice."""


@dataclass(slots=True)
class _Feed:
    """One feed's adapter as published, and what was learned on top of it, one update after the other."""

    incumbent: AdapterState
    candidates: list[AdapterState]

    @property
    def newest(self) -> AdapterState:
        return self.candidates[-1] if self.candidates else self.incumbent

    @property
    def below(self) -> AdapterState:
        """What the newest candidate was made from."""
        return self.candidates[-2] if len(self.candidates) > 1 else self.incumbent


class Learner:
    """Everything that needs the base model in memory. Used from one thread."""

    def __init__(
        self,
        settings: TrainSettings,
        model: str,
        revision: str | None = None,
        *,
        cache: Path | None = None,
        progress: Callable[[str], object] | None = None,
    ) -> None:
        """Load the base. `cache` is where anchors are kept from one start to the next; None asks for them anew.

        Raises InvalidSettings when the model can't be loaded or adapted.
        """
        self.settings = settings
        self.model = BaseModel(settings, model, revision)
        generation = self.model.net.generation_config
        stops = generation.eos_token_id if generation is not None and generation.eos_token_id is not None else []
        limit = min(settings.max_tokens, self.model.max_positions)
        self.encoder = Encoder(self.model.tokenizer, limit, stops if isinstance(stops, list) else [stops])
        self.slot = Slot(self.model.net, settings.rank, settings.alpha, settings.lowest_layer, settings.rslora)
        self.model.keep_lower(min(self.slot.depths()))
        self.model.room = room.plan(self.model, self.slot, limit)
        self.rate = settings.learning_rate or _SHORT_UPDATE * learning_rate(self.model.family, self.model.hidden_size)
        self._feeds: dict[str, _Feed] = {}
        self._anchors = Anchors(self.model, self.encoder, settings.anchors, cache, progress)
        self._views: dict[Example, BaseView] = {}
        self._whitening, self._whitened_by = Whitening(), 0

    # What the base itself can do

    def write(self, chats: Sequence[Sequence[Message]], max_new_tokens: int, *, feed: str | None = None) -> list[str]:
        """What the base, or the incumbent of `feed`, answers to each chat, greedily."""
        return self._said(chats, None if feed is None else self._of(feed).incumbent, max_new_tokens)

    @torch.no_grad()
    def losses(self, texts: Sequence[str]) -> list[float]:
        """Nats per token of plain texts under the base."""
        found = [0.0] * len(texts)
        with self.slot.holding(None):
            for chunk in chunks(self.encoder.plain(texts), self.model.room.read):
                batch = pad(chunk, self.model.device)
                losses = token_losses(self.model.logits(batch.ids, batch.rows, batch.columns), batch.targets)
                for number, loss in zip(batch.numbers, torch.split(losses, list(batch.lengths)), strict=True):
                    found[number] = float(loss.mean())
        return found

    def anchors(self) -> list[Example]:
        """What the base itself answers to general prompts, as far as it was asked; their `event_id` is empty.

        The first call answers some, where none are kept from an earlier start.
        """
        rows = self._anchors.at_least_some()
        self._whiten([row for row in rows if not row.is_watched][:_MOST_GENERAL])
        return rows

    def grow_anchors(self, count: int = SLICE) -> bool:
        """Let the base answer `count` more of the general prompts, in a moment of rest. Gives whether there are more.

        Where all are answered, what it says on so many of its answers is looked at before an update asks.
        """
        fresh = self._anchors.grow(count) or [row for row in self._anchors.rows() if row not in self._views][:count]
        self._view(fresh)
        return not self._anchors.are_whole

    def tells(self, word: str) -> float:
        """How seldom a word is, by the places of its tokens in the vocabulary: common words come early and are whole."""
        return self.encoder.rarity(word)

    # Feeds

    def open(self, feed: str, state: Path | None) -> None:
        """Take a feed up from a folder that `save_state` wrote, or fresh. Raises WrongBase, ArtifactDamaged."""
        if state is None:
            made = self.slot.fresh(self.settings.seed + zlib.crc32(feed.encode()))
        else:
            made = checkpoint.load_state(state, self.slot, self.model.digest, self.model.device)
        self._feeds[feed] = _Feed(made, [])

    def close_feed(self, feed: str) -> None:
        """Let a feed go."""
        self._feeds.pop(feed, None)

    def update(
        self,
        feed: str,
        examples: Sequence[Example],
        replay: Sequence[Example],
        given_up: Callable[[], bool] = lambda: False,
    ) -> Update:
        """Learn `examples` in a few steps, mixed with `replay`; the result is a candidate on top of what the feed has.

        Replay rows without an event id are anchors; those that speak of what is being learned, and those that are only
        watched, are left out. A loss or gradient that is not finite ends the update: its `last_loss` is NaN then, and the
        candidate is what it was made from. Once it is `given_up`, which is asked before each step, there are no more steps.
        """
        held = self._of(feed)
        before, state = held.newest, held.newest.copy()
        if not state.steps:
            self._whitening.shorten(self.slot, state.weights)
        state.updates += 1
        seed = self.settings.seed + zlib.crc32(f"{feed} {state.updates}".encode())
        settings = held_back(self.settings, before.drift)
        material = self._material(examples, replay, seed, settings)
        steps = Steps(self.model, self.slot, settings, self.rate, material, seed, self._whitening)
        done = steps.run(state, lambda: self.slot.distance(state.weights, before.weights), given_up)
        held.candidates.append(state if done.last_loss == done.last_loss else before.copy())
        return done

    def accept(self, feed: str) -> None:
        """The newest candidate becomes the incumbent."""
        held = self._of(feed)
        self._candidate(feed)
        held.incumbent, held.candidates = held.newest, []

    def stacked(self, feed: str) -> int:
        """How many candidates stand on the incumbent, one made on the other."""
        return len(self._of(feed).candidates)

    def reject(self, feed: str, *, keep: int | None = None) -> None:
        """The newest candidate is forgotten, its optimizer state too, or every one but the first `keep`."""
        held = self._of(feed)
        held.candidates = held.candidates[: -1 if keep is None else keep]

    def scale(self, feed: str, factor: float) -> None:
        """Shorten the newest candidate's step: its weights become before + factor · (candidate − before)."""
        self._candidate(feed).shorten(self._of(feed).below.weights, factor)

    def step_norm(self, feed: str) -> float:
        """Frobenius norm of what the newest candidate changes in the effective weights."""
        return self.slot.distance(self._candidate(feed).weights, self._of(feed).below.weights)

    def answers(self, feed: str, examples: Sequence[Example], who: Who, max_new_tokens: int) -> list[str]:
        """What a model answers to the prompts of `examples`, greedily. What a candidate says is written beside its adapter."""
        state = self._state(feed, who)
        heard = state.said if state is not None and who == "candidate" else None
        expected = [row.ids[row.start :] for row in self.encoder.encode(examples)]
        return self._said([example.prompt for example in examples], state, max_new_tokens, expected, heard)

    def drift(self, feed: str, anchors: Sequence[Example], who: Who) -> float:
        """Mean divergence of a model from the base on the base's own answers, in nats per token."""
        state = self._state(feed, who)
        if state is None or not anchors or not state.updates:
            return 0.0
        if tuple(anchors) not in state.drifts:
            state.drift = self._drift(state, anchors)
            state.drifts = {tuple(anchors): state.drift}
        return state.drifts[tuple(anchors)]

    def save_adapter(self, feed: str, folder: Path) -> None:
        """Write what is served, of the candidate if there is one, in PEFT's format into a folder that is there.

        What it was heard to answer is written beside it, as far as it was.
        """
        held = self._of(feed)
        checkpoint.save_adapter(folder, held.newest, self.slot)
        if answers := _a_few(held.newest):
            write_answers(folder, answers)

    def save_state(self, feed: str, folder: Path) -> None:
        """Write what learning goes on from, of the candidate if there is one, into a folder that is there."""
        held = self._of(feed)
        checkpoint.save_state(folder, held.newest, self.slot, self.model.digest)

    # Inside

    def _said(
        self,
        chats: Sequence[Sequence[Message]],
        state: AdapterState | None,
        max_new_tokens: int,
        expected: Sequence[Sequence[int]] | None = None,
        heard: dict[tuple[int, ...], tuple[int, ...]] | None = None,
    ) -> list[str]:
        prompts, stops = self.encoder.prompts(chats), self.encoder.stop_ids
        with self.slot.holding(None if state is None else state.weights):
            made = generate(self.model, prompts, max_new_tokens=max_new_tokens, stop_ids=stops, expected=expected)
        if heard is not None:
            heard.update(zip(map(tuple, prompts), map(tuple, made), strict=True))
        return [str(text).strip() for text in self.model.tokenizer.batch_decode(made, skip_special_tokens=True)]

    def _of(self, feed: str) -> _Feed:
        if feed not in self._feeds:
            raise NotFound(f"feed {feed} is not open in this learner")
        return self._feeds[feed]

    def _candidate(self, feed: str) -> AdapterState:
        held = self._of(feed)
        if not held.candidates:
            raise NotFound(f"feed {feed} has no candidate")
        return held.newest

    def _state(self, feed: str, who: Who) -> AdapterState | None:
        if who == "base":
            return None
        return self._candidate(feed) if who == "candidate" else self._of(feed).incumbent

    def _drift(self, state: AdapterState, anchors: Sequence[Example]) -> float:
        total, count = 0.0, 0
        views = self._view(anchors)
        with torch.no_grad(), self.slot.holding(state.weights):
            for batch, logits in self._at_targets(anchors):
                total += float(divergence(logits, BaseView.join([views[number] for number in batch.numbers])).sum())
                count += len(batch.targets)
        return total / count

    def _material(
        self, examples: Sequence[Example], replay: Sequence[Example], seed: int = 0, settings: TrainSettings | None = None
    ) -> Material:
        settings = settings or self.settings
        questions = {example.prompt for example in examples if example.prompt}
        free = [row for row in replay if row.prompt not in questions]
        stream = [row for row in free if not row.is_anchor]
        trained = [row for row in free if row.is_anchor and not row.is_watched]
        spoken = spoken_of([row.text for row in trained], (example.entity for example in examples if example.entity))
        kept = [row for place, row in enumerate(trained) if place not in spoken]
        steps, _ = plan(len({example.fact for example in examples}), settings)
        kept = some(kept, examples, min(_MOST_ANCHORS, steps * settings.anchor_rows), Random(seed))
        return Material(
            new=self.encoder.encode(examples),
            facts=[example.fact for example in examples],
            stream=self.encoder.encode(stream),
            anchors=self._compared(kept),
            views=self._view(kept),
        )

    def _whiten(self, general: Sequence[Example]) -> None:
        """Measure what general text is read and said by, from twice as much of it than the last time or more."""
        if len(general) < max(1, 2 * self._whitened_by):
            return
        rows = [row.cut(_GENERAL_TOKENS) for row in self.encoder.encode(general)]
        self._whitening = Whitening.of(self.slot, partial(self._batches, rows, self.model.room.step))
        self._whitened_by = len(general)

    @torch.no_grad()
    def _view(self, examples: Sequence[Example]) -> list[BaseView]:
        """What the base says on anchors, computed once for each."""
        missing = [example for example in examples if example not in self._views]
        with self.slot.holding(None):
            for batch, logits in self._at_targets(missing):
                view, start = BaseView.of(logits), 0
                for number, length in zip(batch.numbers, batch.lengths, strict=True):
                    self._views[missing[number]] = view.part(start, start + length)
                    start += length
        return [self._views[example] for example in examples]

    def _at_targets(self, examples: Sequence[Example]) -> Iterator[tuple[Padded, torch.Tensor]]:
        """Examples in batches, each with the logits at its targets."""
        return self._batches(self._compared(examples), self.model.room.read)

    def _compared(self, anchors: Sequence[Example]) -> list[Row]:
        """Anchors as far as they are compared with what the base says: those that are trained on at their beginnings."""
        rows = self.encoder.encode(anchors)
        return [row if anchor.is_watched else row.cut(_ANCHOR_TOKENS) for row, anchor in zip(rows, anchors, strict=True)]

    def _batches(self, rows: Sequence[Row], most_tokens: int) -> Iterator[tuple[Padded, torch.Tensor]]:
        shared = common([row.ids[: row.start] for row in rows])
        for chunk in self.model.batches(rows, most_tokens, shared):
            with self.model.pace.work():  # what is done with them, too
                yield self.model.at_targets(chunk, shared)


def _a_few(state: AdapterState) -> list[Answer]:
    """Some of what an adapter was heard to answer: mostly what is new, which was asked first, and some of what it knew before."""
    short = [Answer(prompt, said[:_TOLD_TOKENS]) for prompt, said in state.said.items() if len(prompt) <= _LONGEST_TOLD]
    return [*short[: _TOLD - 2], *short[_TOLD - 2 :][-2:]]


def learning_rate(family: str, hidden_size: int) -> float:
    """A LoRA rate from the base's family and width, after Thinking Machines' fit: 5e-4 · (2000 / width)^P."""
    power = 0.0775 if family.startswith("qwen") else 0.781 if family.startswith("llama") else 0.43
    return float(5e-4 * (2000 / hidden_size) ** power)
