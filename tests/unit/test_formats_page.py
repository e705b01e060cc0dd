"""What docs/formats.md shows may be pushed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.config import IntakeSettings
from rtadapt.events.bodies import split
from rtadapt.events.envelope import parse
from rtadapt.records import Event, EventKind
from tests.support.event_bodies import NOW

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def shown() -> list[tuple[str, str]]:
    """Each example, with the content type that begins the last line before it that begins with one."""
    found: list[tuple[str, str]] = []
    media = ""
    for said, body in zip(*[iter([*PAGE.split("\n```"), ""])] * 2, strict=True):
        media = (re.findall(r"^`([a-z]+/[\w.+-]+)`", said, re.MULTILINE) or [media])[-1]
        found += [(media, body.partition("\n")[2])] if body else []
    return found


SHOWN = shown()


def events(media: str, body: str) -> Iterator[Event]:
    items = split(body.encode(), {"content-type": media}, IntakeSettings())
    for item in items.items:
        assert item.error is None
        yield parse(item.body, content_type=items.media_type, now=NOW, feed="news")


def test_every_format_has_an_example() -> None:
    assert len(SHOWN) == PAGE.count("```") / 2
    assert {"text/plain", "text/vtt", "application/vcon+json", "application/rss+xml"} <= {media for media, _ in SHOWN}


@pytest.mark.parametrize(("media", "body"), SHOWN, ids=[f"{number}-{media}" for number, (media, _) in enumerate(SHOWN)])
def test_an_example_becomes_events(media: str, body: str) -> None:
    found = list(events(media, body))
    assert len(found) == (2 if "ndjson" in media else 1)
    for event in found:
        spoken = event.kind is EventKind.TRANSCRIPT
        assert ("Hold reset for ten seconds" in event.text) == spoken
        assert len(event.turns) == (2 if spoken else 0)
    if '"facts"' in body:
        assert (len(found[0].facts), len(found[0].pairs)) == (1, 1)
