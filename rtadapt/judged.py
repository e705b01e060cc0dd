"""What the learner got from an adapter, written beside it for whoever serves it.

Owns two files, both in token ids. `judged.json` lies in every version's adapter: some of its own probes, and what the learner's
greedy answer to each was. `fit.json` lies in an adapter that is tried before anything is learned: chats as the learner writes
them, where answers end, and what the adapter changes. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Message

JUDGED, FIT = "judged.json", "fit.json"
_FORMAT = 1
_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What an adapter answers to a prompt, greedily: its first tokens, with the one that ends it if that is among them."""

    prompt: tuple[int, ...]
    said: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as the learner writes it; no `ids` where it has no template. `about` says what is particular to it.

    With `thinking` the template lets the model think.
    """

    about: str
    messages: tuple[Message, ...]
    thinking: bool
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """What the adapter changes: log probabilities of `tokens` after `prompt`, of the base and with the adapter."""

    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    base: tuple[float, ...]
    adapted: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """What an engine is held against. `ends` are the tokens at which answers end; `dtype` is the learner's compute type."""

    chats: tuple[Chat, ...]
    ends: tuple[int, ...]
    shifts: tuple[Shift, ...]
    dtype: str


def write_answers(folder: Path, answers: Sequence[Answer]) -> None:
    """Write `judged.json` into an adapter's folder."""
    _write(folder / JUDGED, {"answers": [asdict(answer) for answer in answers]})


def read_answers(folder: Path) -> list[Answer]:
    """What is written there; nothing where nothing is. Raises ArtifactDamaged."""
    told = _read(folder / JUDGED)
    try:
        return [Answer(_ids(one["prompt"]), _ids(one["said"])) for one in told["answers"]] if told else []
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactDamaged(f"{JUDGED} of the adapter can't be read") from error


def write_fit(folder: Path, fit: Fit) -> None:
    """Write `fit.json` into an adapter's folder."""
    _write(folder / FIT, asdict(fit))


def read_fit(folder: Path) -> Fit:
    """What is written there. Raises ArtifactDamaged."""
    told = _read(folder / FIT)
    try:
        return Fit(
            chats=tuple(_chat(one) for one in told["chats"]),
            ends=_ids(told["ends"]),
            shifts=tuple(_shift(one) for one in told["shifts"]),
            dtype=str(told["dtype"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactDamaged(f"{FIT} of the adapter can't be read") from error


def _chat(told: dict[str, Any]) -> Chat:
    messages = tuple(Message(str(one["role"]), str(one["content"])) for one in told["messages"])
    return Chat(str(told["about"]), messages, bool(told["thinking"]), _ids(told["ids"]))


def _shift(told: dict[str, Any]) -> Shift:
    base, adapted = (tuple(float(value) for value in told[name]) for name in ("base", "adapted"))
    return Shift(_ids(told["prompt"]), _ids(told["tokens"]), base, adapted)


def _ids(told: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(number) for number in told)


def _write(file: Path, told: dict[str, Any]) -> None:
    file.write_text(json.dumps({"format": _FORMAT, **told}), "utf-8")


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    if file.stat().st_size > _MOST_BYTES:
        raise ArtifactDamaged(f"{file.name} of the adapter is larger than any that we write")
    try:
        told = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArtifactDamaged(f"{file.name} of the adapter can't be read") from error
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise ArtifactDamaged(f"{file.name} of the adapter is of another release: it has format {_FORMAT} here")
    return told
