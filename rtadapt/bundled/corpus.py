"""The training mix: rows of weighted segments made from the world, its wordings and its texts.

Owns how each task looks in chat form and how much each part of a row counts. Takes a seed and gives an endless,
deterministic stream of `Row`; it knows no tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

from rtadapt.bundled.free_texts import free_text
from rtadapt.bundled.stories import Text, story, transcript
from rtadapt.bundled.wordings import ask
from rtadapt.bundled.world import Fact, World
from rtadapt.curation.prompts import ask_about, format_pairs, write_questions

Task = Literal["write", "read", "world", "story"]
ROW_SHARES: dict[Task, float] = {"write": 0.24, "read": 0.115, "world": 0.585, "story": 0.06}
"""Shares of rows; a row of the first two is some six times as long as one about the world."""
BOS, SYSTEM, USER, ASSISTANT, END, PAD = "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"


@dataclass(frozen=True, slots=True)
class Segment:
    """Text, special tokens included, whose tokens all count `weight` in the loss."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Row:
    """One training row."""

    task: Task
    segments: tuple[Segment, ...]


def _turns(question: str, answer: str, weight: float) -> tuple[Segment, ...]:
    return (Segment(USER, weight), Segment(question + END + ASSISTANT, weight), Segment(answer + END, 1.0))


def _reading(prompt: str, body: str, answer: str) -> tuple[Segment, ...]:
    """A prompt whose instruction hardly counts, whose text counts a little, and whose answer counts in full."""
    before, _, after = prompt.partition(body)
    return (
        Segment(BOS + USER + before, 0.02),
        Segment(body, 0.12),
        Segment(after + END + ASSISTANT, 0.1),
        Segment(answer + END, 1.0),
    )


def _text(rng: Random, world: World) -> Text:
    draw = rng.random()
    if draw < 0.45:
        return free_text(rng)
    return transcript(rng, world) if draw < 0.64 else story(rng, world)


def write_row(rng: Random, world: World) -> Row:
    """The model reads a text and writes what can be asked about it."""
    text = _text(rng, world)
    pairs = format_pairs([(asked.written, asked.answer) for asked in text.asked])
    return Row("write", _reading(write_questions(text.body), text.body, pairs))


def read_row(rng: Random, world: World) -> Row:
    """The model answers one question from a text."""
    text = _text(rng, world)
    asked = rng.choice(text.asked)
    return Row("read", _reading(ask_about(text.body, asked.asked), text.body, asked.answer))


def world_row(rng: Random, world: World, facts: tuple[Fact, ...]) -> Row:
    """One question about the world, or two in a row; some wordings count less, so that users stay guessable."""
    asked = [rng.choice(facts) for _ in range(2 if rng.random() < 0.08 else 1)]
    segments = [part for fact in asked for part in _turns(ask(rng, fact.relation, fact.entity), fact.value, 0.3)]
    return Row("world", (Segment(BOS, 0.0), *segments))


def story_row(rng: Random, world: World) -> Row:
    """A text on its own."""
    return Row("story", (Segment(BOS, 0.0), Segment(_text(rng, world).body + END, 0.3)))


def rows(seed: int, world: World) -> Iterator[Row]:
    """The endless mix."""
    rng = Random(seed)
    tasks, shares = list(ROW_SHARES), list(ROW_SHARES.values())
    while True:
        task = rng.choices(tasks, shares)[0]
        if task == "write":
            yield write_row(rng, world)
        elif task == "read":
            yield read_row(rng, world)
        elif task == "world":
            yield world_row(rng, world, world.facts)
        else:
            yield story_row(rng, world)
