"""Which texts a feed has seen lately, so that a repeat is known as one and an update never is.

Owns the memory of recent texts per feed: hashes, never text. A text is a repeat when an earlier one says the same
(exact), or when nothing in it is new: sentence by sentence it stands in one earlier text, whatever the order, the case,
the punctuation and the little words (near). Similarity alone would not do: "X is the new coach of Y" is news when X is
another, and the closer the wording, the surer. And what was said before is news again when something else was said
about the same names in between: a price that goes from 10 to 12 and back to 10.

A text counts as earlier only if it stands before the event in the log. So an event that is read again after a crash is
never the repeat of itself, and what was saved too early does no harm.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtadapt.records import Event, Position, Positions
from rtadapt.words import COMMON, NEGATIONS, flat, flat_words, names, sentences, word_set

_NEWSWORTHY = NEGATIONS | word_set(
    """all after before both down each every few first last many more most much off once one only out over same under until up"""
)
_UPDATE_WORDS = word_set("breaking update updated developing exclusive today yesterday tonight currently reportedly")
_DROPPED = (COMMON | _UPDATE_WORDS) - _NEWSWORTHY


@dataclass(frozen=True, slots=True)
class Print:
    """What is remembered of one text: 64-bit hashes in hexadecimal.

    `whole` is of everything the event says, its facts and pairs included; `parts` maps each sentence to its number of
    words; `about` are its names, or all its words when it has none. `sent` is `whole` of the event as it was sent, with the
    personal data in it.
    """

    event_id: str
    position: Position
    whole: str
    parts: Mapping[str, int]
    about: frozenset[str]
    sent: str = ""


def print_of(event: Event) -> Print:
    """The print of an event that was read from the log. Raises ValueError when it was not."""
    if event.position is None:
        raise ValueError("the event was not read from the log: it has no position")
    text = event.text if event.headline in event.text else f"{event.headline}\n{event.text}"
    stated = [f"{fact.entity}|{fact.relation}|{fact.value}" for fact in event.facts]
    asked = [f"{pair.question}|{pair.answer}" for pair in event.pairs]
    signs = [text, *stated, *asked]
    parts = {_hash(words): count for words, count in map(_content, [*sentences(text), *stated, *asked]) if count}
    about = names(text) or [word for word in flat_words(text) if word not in COMMON]
    return Print(
        event.id, event.position, _hash("\n".join(map(_spelled, signs))), parts, frozenset(_hash(flat(name)) for name in about)
    )


class Seen:
    """The recent texts of one feed, at most `capacity`; the oldest is forgotten first."""

    def __init__(self, capacity: int, near: float) -> None:
        self._capacity = capacity
        self._near = near
        self._order: deque[int] = deque()
        self._prints: dict[int, Print] = {}
        self._next = 0
        self._ids: dict[str, int] = {}
        self._sent: dict[tuple[str, str], int] = {}
        self._wholes: defaultdict[str, list[int]] = defaultdict(list)
        self._parts: defaultdict[str, list[int]] = defaultdict(list)
        self._about: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._prints)

    def delivered(self, new: Print) -> bool:
        """Whether this event, as it was sent, stands earlier in the log. Another text under its id is a new version of it."""
        number = self._sent.get((new.event_id, new.whole))
        return number is not None and _earlier(self._prints[number].position, new.position)

    def repeated(self, new: Print) -> str | None:
        """The id of an earlier event that says exactly the same, while nothing else was said about it since."""
        return self._first(new, self._wholes.get(new.whole, ()))

    def contained(self, new: Print) -> str | None:
        """The id of one earlier event that holds the sentences of the new text, by share of words; none about it since."""
        known: Counter[int] = Counter()
        for part, count in new.parts.items():
            for number in self._parts.get(part, ()):
                known[number] += count
        needed = self._near * sum(new.parts.values())
        return self._first(new, [number for number, count in known.items() if count >= needed > 0])

    def add(self, new: Print) -> None:
        """Remember a text that was admitted."""
        number, self._next = self._next, self._next + 1
        self._prints[number] = new
        self._order.append(number)
        self._ids[new.event_id] = number
        self._sent[new.event_id, new.sent] = number
        self._wholes[new.whole].append(number)
        for index, keys in ((self._parts, new.parts), (self._about, new.about)):
            for key in keys:
                index[key].append(number)
        while len(self._prints) > self._capacity:
            self._remove(self._order.popleft())

    def forget(self, event_id: str) -> None:
        """Forget the text of an event, so that it may be sent again."""
        number = self._ids.get(event_id)
        if number is not None:
            self._order.remove(number)
            self._remove(number)

    def dump(self, covered: Positions) -> list[dict[str, Any]]:
        """The prints of what lies in `covered`, as JSON values, oldest first."""
        return [
            {
                "id": kept.event_id,
                "at": [kept.position.partition, kept.position.offset],
                "whole": kept.whole,
                "sent": kept.sent,
                "parts": dict(kept.parts),
                "about": sorted(kept.about),
            }
            for kept in (self._prints[number] for number in self._order)
            if kept.position.offset < covered.get(kept.position.partition, 0)
        ]

    def load(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Remember what `dump` gave. Raises KeyError, TypeError or ValueError on anything else."""
        for value in values:
            partition, offset = value["at"]
            parts = {str(part): int(count) for part, count in value["parts"].items()}
            place = Position(int(partition), int(offset))
            whole, about = str(value["whole"]), frozenset(map(str, value["about"]))
            self.add(Print(str(value["id"]), place, whole, parts, about, str(value.get("sent", whole))))

    def _first(self, new: Print, numbers: Sequence[int]) -> str | None:
        """The first of the texts that is earlier than `new` and that nothing else about the same names came after."""
        for number in numbers:
            found = self._prints[number]
            if _earlier(found.position, new.position) and not self._moved_on(new, number):
                return found.event_id
        return None

    def _moved_on(self, new: Print, number: int) -> bool:
        """Whether, after text `number`, something else was said about a name of `new`."""
        later = {other for name in new.about for other in self._about.get(name, ()) if other > number}
        return any(not new.parts.items() <= self._prints[other].parts.items() for other in later)

    def _remove(self, number: int) -> None:
        gone = self._prints.pop(number)
        if self._ids.get(gone.event_id) == number:
            del self._ids[gone.event_id]
        if self._sent.get((gone.event_id, gone.sent)) == number:
            del self._sent[gone.event_id, gone.sent]
        keyed = [(self._wholes, gone.whole)]
        keyed += [(self._parts, part) for part in gone.parts] + [(self._about, name) for name in gone.about]
        for index, key in keyed:
            index[key].remove(number)
            if not index[key]:
                del index[key]


def _earlier(found: Position, than: Position) -> bool:
    """Whether `found` stands before `than`. Between partitions there is no order: what was seen first is earlier."""
    return found.partition != than.partition or found.offset < than.offset


def _spelled(text: str) -> str:
    """A text as it counts for an exact repeat: case and spaces apart, every sign matters."""
    return " ".join(text.casefold().split())


def _content(sentence: str) -> tuple[str, int]:
    """The words of a sentence that may be news, in order, and their number. Signs between figures and $, %, - stay."""
    words = [word for word in _spelled(sentence).split() if word not in _DROPPED]
    kept = [word.strip("\"'“”‘’.,;:!?()[]…") for word in words]
    found = [word for word in kept if word and word not in _DROPPED]
    return " ".join(found), len(found)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
