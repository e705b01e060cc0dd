"""The bundled stream: what is pushed, and what is asked about it.

Owns reading `stream.jsonl`: a line holds the body that is posted to `/v1/events` and the questions it answers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STREAM = Path(__file__).with_name("stream.jsonl")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the answer that the pushed event gives."""

    ask: str
    answer: str

    def answered_by(self, text: str) -> bool:
        """Whether `text` gives the answer, as whole words, whatever the case and punctuation."""
        return f" {_plain(self.answer)} " in f" {_plain(text)} "


@dataclass(frozen=True, slots=True)
class Item:
    """One event of the stream."""

    body: dict[str, Any]
    questions: tuple[Question, ...]

    @property
    def feed(self) -> str:
        """The feed it is pushed to, which is also the alias that is asked."""
        inner = self.body.get("data")
        return str(inner["feed"] if isinstance(inner, dict) and "feed" in inner else self.body["feed"])

    @property
    def content_type(self) -> str:
        """What it is posted as."""
        return "application/cloudevents+json" if "specversion" in self.body else "application/json"


def read_stream(path: Path = STREAM) -> list[Item]:
    """The items, in the order in which they are pushed."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Item(line["body"], tuple(Question(**question) for question in line["questions"])) for line in lines]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
