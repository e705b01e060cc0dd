"""The bundled morning: what is pushed, what is asked about it, and what must never be answered.

Owns reading `morning.jsonl` (a line is a body that is posted to `/v1/events`, with its `id`) and `questions.json`:

- `facts`: an event, a question in a user's words, and the values of which a right answer holds one;
- `must_not`: a question, the values that no answer may hold (a rumour, a claim, a figure that was corrected, a phone
  number), and words that make an answer with such a value right all the same ("the club denied that …");
- `general`: questions about nothing that was pushed, which must be answered as before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtadapt.reading.values import holds_value
from rtadapt.words import holds

EVENTS = Path(__file__).with_name("morning.jsonl")
QUESTIONS = Path(__file__).with_name("questions.json")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the values of which a right answer holds one."""

    ask: str
    answers: tuple[str, ...]

    def answered_by(self, text: str) -> bool:
        """Whether `text` holds one of the values, whatever its case, articles, numbers and units look like."""
        return any(holds_value(text, answer) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class MustNot:
    """What is asked, and the values that no answer may hold. `why` says what those are."""

    feed: str
    ask: str
    wrong: tuple[str, ...]
    unless: tuple[str, ...]
    why: str

    def broken_by(self, text: str) -> bool:
        """Whether `text` holds a wrong value, and no word that makes it right."""
        return any(holds_value(text, wrong) for wrong in self.wrong) and not any(holds(text, word) for word in self.unless)


@dataclass(frozen=True, slots=True)
class Item:
    """One event, and what is asked about it; always at least one question."""

    body: dict[str, Any]
    questions: tuple[Question, ...]

    @property
    def feed(self) -> str:
        """The feed it is pushed to, which is also the alias that is asked."""
        return str(self.body["feed"])


@dataclass(frozen=True, slots=True)
class Morning:
    """The events in the order in which they are pushed, what must not be answered, and the general questions."""

    items: tuple[Item, ...]
    must_not: tuple[MustNot, ...]
    general: tuple[Question, ...]

    @property
    def feeds(self) -> list[str]:
        """The feeds that are pushed to."""
        return sorted({item.feed for item in self.items})


def read_morning(events: int | None = None) -> Morning:
    """The morning, or its first `events` events with what belongs to them."""
    bodies = [json.loads(line) for line in EVENTS.read_text(encoding="utf-8").splitlines()][:events]
    asked = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    feeds = {body["id"]: str(body["feed"]) for body in bodies}
    items = [Item(body, tuple(_question(fact) for fact in asked["facts"] if fact["event"] == body["id"])) for body in bodies]
    must_not = [
        MustNot(feeds[row["event"]], row["ask"], tuple(row["wrong"]), tuple(row.get("unless", ())), row["why"])
        for row in asked["must_not"]
        if row["event"] in feeds
    ]
    return Morning(tuple(items), tuple(must_not), tuple(_question(row) for row in asked["general"]))


def _question(row: dict[str, Any]) -> Question:
    return Question(row["ask"], tuple(row["answers"]))
