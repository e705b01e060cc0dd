"""Events as they are read from the log, for tests of curation."""

from __future__ import annotations

from rtadapt.records import Event, EventKind, Fact, Pair, Position, Speaker, Turn


def story(
    offset: int,
    text: str,
    *,
    feed: str = "news",
    event_id: str = "",
    partition: int = 0,
    consent: bool = True,
    headline: str = "",
    facts: tuple[Fact, ...] = (),
    pairs: tuple[Pair, ...] = (),
) -> Event:
    """A story at an offset of the log."""
    return Event(
        id=event_id or f"event-{partition}-{offset}",
        feed=feed,
        kind=EventKind.STORY,
        text=text,
        accepted_at=0.0,
        time=0.0,
        consent=consent,
        headline=headline,
        facts=facts,
        pairs=pairs,
        position=Position(partition, offset),
    )


def transcript(offset: int, *turns: str, feed: str = "support") -> Event:
    """A transcript at an offset of the log; each turn is written as `customer: Hello`."""
    spoken = []
    for turn in turns:
        speaker, _, text = turn.partition(": ")
        spoken.append(Turn(Speaker(speaker), text))
    text = "\n".join(f"{turn.speaker.value.capitalize()}: {turn.text}" for turn in spoken)
    position = Position(0, offset)
    return Event(f"event-0-{offset}", feed, EventKind.TRANSCRIPT, text, 0.0, 0.0, turns=tuple(spoken), position=position)
