"""Examples as token rows, and rows as padded batches.

Owns how a chat becomes tokens (as the engine tokenizes it, and the token that ends an answer) and which positions carry a
loss. Takes examples; gives rows and right-padded batches of similar length.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rtadapt.errors import InvalidSettings
from rtadapt.records import Example, Message
from rtadapt.training.template import Template

logger = logging.getLogger(__name__)

_LONG_TARGET_TOKENS = 16
_MOST_PADDED = 1.5
_COMMON_TOKENS = 200
"""So many of a vocabulary's first tokens hardly tell anything."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example in tokens: `ids[start:]` are its targets. `number` is its place in what was encoded."""

    ids: tuple[int, ...]
    start: int
    weight: float
    number: int

    @property
    def targets(self) -> int:
        """How many tokens carry a loss."""
        return len(self.ids) - self.start

    @property
    def token_weight(self) -> float:
        """Weight of one target token: a long target counts as sixteen tokens, so that texts do not drown answers.

        A row that weighs less than 1 is drawn more seldom instead: that is as good, and costs less.
        """
        return max(1.0, self.weight) * min(1.0, _LONG_TARGET_TOKENS / self.targets)

    def cut(self, targets: int) -> Row:
        """The same with so many targets at most."""
        return replace(self, ids=self.ids[: self.start + targets])


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows of one forward pass. n is the number of target tokens of all rows together."""

    ids: Tensor  # [batch, seq], right-padded, or packed in one; without each row's last token
    rows: Tensor  # [n] the row of each target
    columns: Tensor  # [n] the position after which it is predicted
    targets: Tensor  # [n]
    weights: Tensor  # [n]
    lengths: tuple[int, ...]  # targets of each row, in order
    numbers: tuple[int, ...]  # Row.number of each row, in order


class Encoder:
    """Turns chats into the tokens that the model was taught to read."""

    def __init__(self, tokenizer: Any, max_tokens: int, stop_ids: Sequence[int] = ()) -> None:
        """`stop_ids` are where the engine stops beside the tokenizer's own end token.

        Raises InvalidSettings for a template that drops what a user says, and where no token ends an answer.
        """
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.template = Template(tokenizer)
        known = {*stop_ids, *([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else [])}
        self.end_id = _end(tokenizer, self.template.closing(), known)
        self.stop_ids = frozenset(known | {self.end_id})

    def prompts(self, chats: Sequence[Sequence[Message]], *, thinking: bool = False) -> list[list[int]]:
        """Token ids of chats, each up to where the answer begins, as the engine makes them.

        Without a template that is as a completion's prompt: with what the tokenizer itself puts around a text.
        """
        texts = [self.template.text(chat, thinking=thinking) for chat in chats]
        return self.tokens(texts, whole=not self.template.is_there)

    def tokens(self, texts: Sequence[str], whole: bool = False) -> list[list[int]]:
        """Token ids of texts as they are, or as whole ones, with the tokens that the tokenizer adds."""
        if not texts:
            return []
        return [list(ids) for ids in self.tokenizer(list(texts), add_special_tokens=whole)["input_ids"]]

    def encode(self, examples: Sequence[Example]) -> list[Row]:
        """One row an example, in order; too long ones are cut: prompts at their beginning, plain text at its end."""
        prompts = self.prompts([example.prompt for example in examples])
        targets = self.tokens([example.target for example in examples])
        found = zip(examples, prompts, targets, strict=True)
        return [self._row(example, prompt, target, number) for number, (example, prompt, target) in enumerate(found)]

    def rarity(self, word: str) -> float:
        """How seldom a word is: 0 for the vocabulary's first token, 1 for its last, the sum of a word's tokens."""
        ids = self.tokens([f" {word}"])[0]
        return sum(math.log1p(token / _COMMON_TOKENS) for token in ids) / math.log1p(len(self.tokenizer) / _COMMON_TOKENS)

    def plain(self, texts: Sequence[str]) -> list[Row]:
        """Rows of plain text, without an end token."""
        return [self._plain(ids, 1.0, number) for number, ids in enumerate(self.tokens(texts))]

    def _row(self, example: Example, prompt: list[int], target: list[int], number: int) -> Row:
        if not example.prompt:
            return self._plain([*target, self.end_id], example.weight, number)
        target = [*target[: self.max_tokens - 2], *([self.end_id] if example.ends or not target else [])]
        room = self.max_tokens - len(target)
        if len(prompt) > room:
            first = prompt[:1] if prompt[0] == self.tokenizer.bos_token_id and room > 1 else []
            prompt = [*first, *prompt[len(prompt) - room + len(first) :]]
        prompt = prompt or [self.end_id]
        return Row((*prompt, *target), len(prompt), example.weight, number)

    def _plain(self, ids: list[int], weight: float, number: int) -> Row:
        first = self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self.end_id
        return Row((first, *(ids[: self.max_tokens - 1] or [self.end_id])), 1, weight, number)


def _end(tokenizer: Any, closing: str, known: set[int]) -> int:
    """The token that ends an answer: what the template itself closes a turn with, else where the engine stops."""
    after = tokenizer(closing, add_special_tokens=False)["input_ids"] if closing else []
    added = {token for token, about in tokenizer.added_tokens_decoder.items() if about.content in closing}
    found = next((token for token in after if token in known | added), None)
    if found is not None and found not in known:
        logger.warning(
            "the token that ends a turn in the chat template is none at which the engine stops", extra={"token": found}
        )
    if found is None and not known:
        raise InvalidSettings("the model has no token that ends an answer", field="model")
    return int(found if found is not None else tokenizer.eos_token_id if tokenizer.eos_token_id is not None else min(known))


def chunks(rows: Sequence[Row], max_tokens: int) -> Iterator[list[Row]]:
    """Rows of similar length together, each chunk at most `max_tokens` once padded, or one row.

    A row that is much longer than the shortest of a chunk begins another: what is padded is paid for like what is learned.
    """
    held: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        length = len(row.ids)
        if held and ((len(held) + 1) * length > max_tokens or length > _MOST_PADDED * len(held[0].ids)):
            yield held
            held = []
        held.append(row)
    if held:
        yield held


def pad(rows: Sequence[Row], device: torch.device) -> Padded:
    """One forward pass's tensors."""
    width = max(len(row.ids) for row in rows) - 1
    ids = torch.tensor([[*row.ids[:-1], *([0] * (width + 1 - len(row.ids)))] for row in rows])
    where = [(index, at) for index, row in enumerate(rows) for at in range(row.start - 1, len(row.ids) - 1)]
    places = torch.tensor(where)
    targets = torch.tensor([token for row in rows for token in row.ids[row.start :]])
    weights = torch.tensor([row.token_weight for row in rows for _ in range(row.targets)])
    return Padded(
        ids=ids.to(device),
        rows=places[:, 0].to(device),
        columns=places[:, 1].to(device),
        targets=targets.to(device),
        weights=weights.to(device),
        lengths=tuple(row.targets for row in rows),
        numbers=tuple(row.number for row in rows),
    )
