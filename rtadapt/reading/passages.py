"""How an event's text is cut into the passages that are read at once.

Owns the cut, between sentences or turns, and what of a passage was spoken by people. Takes an event; gives passages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from rtadapt.config import ReadingSettings
from rtadapt.records import Event, Speaker
from rtadapt.words import sentences

_LEAST_PASSAGE_CHARS = 100


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of an event's text that is read at once. `spoken` is the part of it that no bot said."""

    event: int
    text: str
    spoken: str


def passages(event: Event, settings: ReadingSettings, number: int = 0) -> list[Passage]:
    """The event's text in passages of about `passage_chars`, cut between sentences or turns, the headline before each."""
    if event.turns:
        lines = [(f"{turn.speaker.value.capitalize()}: {turn.text}", turn.speaker is not Speaker.BOT) for turn in event.turns]
        joint = "\n"
    else:
        lines = [(sentence, True) for sentence in sentences(event.text)]
        joint = " "
    head = f"{event.headline}\n" if event.headline and event.headline not in event.text else ""
    found: list[Passage] = []
    for group in _packed(lines, max(_LEAST_PASSAGE_CHARS, settings.passage_chars - len(head))):
        text = event.text if group == lines else joint.join(line for line, _ in group)
        spoken = joint.join(line for line, by_person in group if by_person) if event.turns else text
        found.append(Passage(number, head + text, head + spoken))
    return found[: settings.max_passages]


def _packed(lines: Iterable[tuple[str, bool]], most_chars: int) -> list[list[tuple[str, bool]]]:
    """Lines in groups of at most `most_chars`; a longer line is cut between words."""
    groups: list[list[tuple[str, bool]]] = []
    length = 0
    for line, by_person in lines:
        for piece in [line] if len(line) <= most_chars else wrap(line, most_chars):
            if not groups or length + len(piece) + 1 > most_chars:
                groups.append([])
                length = 0
            groups[-1].append((piece, by_person))
            length += len(piece) + 1
    return groups


def without_labels(text: str) -> str:
    """A transcript's lines without who spoke them."""
    labels = tuple(f"{speaker.value.capitalize()}: " for speaker in Speaker)
    return "\n".join(line.partition(": ")[2] if line.startswith(labels) else line for line in text.splitlines())
