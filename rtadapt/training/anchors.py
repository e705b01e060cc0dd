"""What the base model answers to general prompts before it has learned anything.

Owns the prompts and the answers. Replayed in updates they keep the base where it was; those that are only watched are
never trained on, so the gate can see what is lost. A model that is shipped has its answers with it; any other one answers
a few when it starts and the rest in slices, whenever there is nothing to learn. Each slice is kept as it comes.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from rtadapt.records import WATCHED, Example, Message
from rtadapt.training.generate import generate
from rtadapt.training.model import BaseModel
from rtadapt.training.rows import Encoder

logger = logging.getLogger(__name__)

_PROMPTS = Path(__file__).with_name("general_prompts.jsonl")
_SHIPPED = Path(__file__).with_name("shipped")
SLICE = 16
"""So many prompts are answered at once in a moment of rest: a tenth of a minute for a small model on one core."""
_SOME = 32
_ANSWER_TOKENS = 48


class Anchors:
    """The anchors of one base model."""

    def __init__(
        self,
        model: BaseModel,
        encoder: Encoder,
        count: int,
        folder: Path | None,
        progress: Callable[[str], object] | None = None,
    ) -> None:
        """At most `count` anchors, kept in `folder` from one start to the next."""
        self._model, self._encoder, self._progress = model, encoder, progress
        self._asked = general_prompts()[:count]
        self._file = folder / file_name(model) if folder is not None else None
        known = _read(_SHIPPED / file_name(model))
        if self._file is not None:
            known |= _read(self._file)
        self._answers = {row.prompt: replace(known[row.prompt], value=row.value) for row in self._asked if row.prompt in known}

    @property
    def are_whole(self) -> bool:
        """Whether every prompt was answered."""
        return len(self._answers) == len(self._asked)

    def rows(self) -> list[Example]:
        """The anchors that there are. Prompts that the base had no answer to are left out."""
        answered = (self._answers.get(row.prompt) for row in self._asked)
        return [row for row in answered if row is not None and row.target]

    def at_least_some(self) -> list[Example]:
        """The anchors, as many as there are, but enough to begin with."""
        while len(self._answers) < _SOME and not self.are_whole:
            self.grow(_SOME - len(self._answers))
            if self._progress is not None:
                self._progress(f"the base model has answered {len(self._answers)} of {len(self._asked)} general prompts")
        return self.rows()

    def grow(self, count: int = SLICE) -> list[Example]:
        """Let the base answer the next `count` prompts, greedily. Gives the new anchors."""
        asked = [row for row in self._asked if row.prompt not in self._answers][:count]
        if not asked:
            return []
        encoder = self._encoder
        chats = encoder.prompts([row.prompt for row in asked])
        written = generate(self._model, chats, max_new_tokens=_ANSWER_TOKENS, stop_ids=encoder.stop_ids)
        fresh = [_answered(row, ids, encoder) for row, ids in zip(asked, written, strict=True)]
        self._keep(fresh)
        self._answers.update((row.prompt, row) for row in fresh)
        return [row for row in fresh if row.target]

    def _keep(self, rows: Sequence[Example]) -> None:
        """Write them behind what is there. A line that is torn, by a crash or a full disk, is passed over when it is read."""
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write("\n" if file.tell() else "")
                file.write("\n".join(map(_to_line, rows)))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:  # they are only kept to save the next start some time
            logger.warning("the anchors can't be kept for the next start", extra={"error": errno.errorcode.get(error.errno or 0)})


def file_name(model: BaseModel) -> str:
    """The file of a model's anchors: it names the very weights that wrote them."""
    return f"{model.digest[:32]}.jsonl"


def general_prompts() -> list[Example]:
    """The prompts, without answers: facts, explanations, talk, lists, code, sums, requests for long texts and refusals, in
    several languages. The kinds take turns, so that the first ones are as varied as all. `value` is what a right answer holds."""
    lines = [json.loads(line) for line in _PROMPTS.read_text("utf-8").splitlines()]
    return [
        _row(line.get("system", ""), line["ask"], watched=line.get("watched", False), value=line.get("answer", ""))
        for line in lines
    ]


def _row(system: str, ask: str, *, watched: bool, value: str) -> Example:
    before = (Message("system", system),) if system else ()
    return Example("", (*before, Message("user", ask)), "", fact=WATCHED if watched else "", value=value)


def _answered(row: Example, ids: Sequence[int], encoder: Encoder) -> Example:
    ends = bool(ids) and ids[-1] in encoder.stop_ids
    text = encoder.tokenizer.decode(ids[:-1] if ends else ids, skip_special_tokens=True).rstrip("\ufffd")
    return Example("", row.prompt, text.strip(), fact=row.fact, value=row.value, ends=ends)


def _to_line(row: Example) -> str:
    prompt = [[message.role, message.content] for message in row.prompt]
    said = {"prompt": prompt, "target": row.target, "ends": row.ends, "watched": row.is_watched}
    return json.dumps(said, ensure_ascii=False)


def _read(file: Path) -> dict[tuple[Message, ...], Example]:
    """The anchors in a file by their prompts; nothing where there is none."""
    rows: dict[tuple[Message, ...], Example] = {}
    for line in file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else ():
        try:
            said = json.loads(line)
            prompt = tuple(Message(role, content) for role, content in said["prompt"])
            rows[prompt] = Example("", prompt, said["target"], fact=WATCHED if said["watched"] else "", ends=said["ends"])
        except (ValueError, KeyError, TypeError):
            logger.warning("a line of the anchors can't be read and is asked for anew")
    return rows


def some(anchors: Sequence[Example], examples: Sequence[Example], count: int, rng: Random) -> list[Example]:
    """The anchors of one update: half of them ask in the same manner as what is taught, about other things.

    Without those an update on one fact teaches that it answers whatever is asked like it. What the base says of an anchor is
    computed once, so an update asks for a few more only.
    """
    taught = {_manner(example) for example in examples}
    alike = [anchor for anchor in anchors if _manner(anchor) in taught]
    near = rng.sample(alike, min(len(alike), count // 2))
    chosen = set(map(id, near))
    others = [anchor for anchor in anchors if id(anchor) not in chosen]
    return [*near, *rng.sample(others, min(len(others), count - len(near)))]


def _manner(example: Example) -> str:
    """The word that a question begins with."""
    words = example.prompt[-1].content.split(maxsplit=1) if example.prompt else []
    return words[0].casefold() if words else ""
