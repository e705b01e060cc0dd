"""What events say that may be taught: read, then verified.

Owns the order of readers and verification, and what is counted of it. Takes events without personal data; gives for each the
readings that its text bears out, and the sentences that may be taught as they stand. Event text goes into no log and no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtadapt.config import ReadingSettings
from rtadapt.observe import metrics
from rtadapt.reading.passages import Passage, passages
from rtadapt.reading.reader import Reader
from rtadapt.reading.readings import Reading
from rtadapt.reading.stated import stated
from rtadapt.records import Event
from rtadapt.verification.plain import plain
from rtadapt.verification.sources import teachable
from rtadapt.verification.verdicts import Reason
from rtadapt.verification.verify import Ask, verify_all
from rtadapt.words import flat, holds


@dataclass(frozen=True, slots=True)
class Told:
    """What one event says. `sentences` may be taught verbatim."""

    event: Event
    readings: tuple[Reading, ...]
    sentences: tuple[str, ...]


class Desk:
    """Reads and verifies. `ask` is the base model where it is able to check; None: parse and words alone decide."""

    def __init__(self, settings: ReadingSettings, reader: Reader, ask: Ask | None) -> None:
        self._settings = settings
        self._reader = reader
        self._ask = ask

    def read(self, events: Sequence[Event]) -> list[Told]:
        """What each event says, in their order. Raises Unavailable when a reader can't read now."""
        cut = [passage for number, event in enumerate(events) for passage in passages(event, self._settings, number)]
        found: list[list[tuple[Reading, Passage]]] = [
            [(reading, Passage(number, whole(event), whole(event))) for reading in stated(event)]
            for number, event in enumerate(events)
        ]
        for passage, readings in zip(cut, self._reader.read(cut) if cut else [], strict=True):
            found[passage.event] += [(reading, passage) for reading in readings]
        verdicts = iter(verify_all([pair for pairs in found for pair in pairs], self._ask))
        told = []
        for event, pairs in zip(events, found, strict=True):
            lines = teachable(event)
            kept: dict[str, Reading] = {}
            for reading, _ in pairs:
                reason = next(verdicts).reason
                if reason is None and not may_teach(reading, lines):
                    reason = Reason.SPEAKER
                if reason is not None:
                    metrics.READINGS_REFUSED.labels(event.feed, reason).inc()
                else:
                    kept.setdefault(flat(reading.question), reading)
            told.append(Told(event, tuple(kept.values()), tuple(plain(lines, event.text, spoken=bool(event.turns)))))
        return told


def whole(event: Event) -> str:
    """An event's text with its headline."""
    return event.text if not event.headline or event.headline in event.text else f"{event.headline}\n{event.text}"


def may_teach(reading: Reading, lines: Sequence[str]) -> bool:
    """Whether what a reading rests on was said by somebody who may teach: one of `lines` is, or is a part of, its sentence."""
    if not reading.sentence:
        return True
    return any(holds(line, reading.sentence) or holds(reading.sentence, line) for line in lines)
