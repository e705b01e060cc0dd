"""A body of every format that events arrive in, and how the tests read them."""

from __future__ import annotations

from typing import Any

import pytest

from rtadapt.errors import InvalidEvent
from rtadapt.events.envelope import parse
from rtadapt.events.log import LogRecord
from rtadapt.records import Event

NOW = 1_795_000_000.0

PLAIN: dict[str, Any] = {"feed": "news", "text": "Marla Tindle coaches Corvin Rovers."}

CLOUD: dict[str, Any] = {"specversion": "1.0", "id": "42", "source": "/newsroom", "type": "story.published"}

TURNS: dict[str, Any] = {
    "feed": "support",
    "turns": [{"speaker": "caller", "text": "It beeps."}, {"speaker": "AI", "text": "Oh."}],
}

NINJS2: dict[str, Any] = {
    "uri": "urn:newsml:wire.example:2026:1",
    "version": "3",
    "standard": {"name": "ninjs", "version": "2.1"},
    "type": "text",
    "pubstatus": "usable",
    "versioncreated": "2026-11-24T09:30:00Z",
    "headlines": [{"role": "teaser", "value": "Read this"}, {"role": "main", "value": "New coach"}],
    "bodies": [
        {"contenttype": "text/html", "value": "<p>Marla</p>"},
        {"contenttype": "text/plain", "value": "Marla Tindle is the coach."},
    ],
    "infosources": [{"name": "Wire"}],
}

VCON: dict[str, Any] = {
    "vcon": "0.0.2",
    "uuid": "018e-77",
    "created_at": "2026-11-24T09:00:00Z",
    "subject": "Beeping router",
    "parties": [{"tel": "+15550100", "role": "customer"}, {"name": "Ann", "role": "agent"}, {"role": "virtual-assistant"}],
    "dialog": [
        {"type": "text", "start": "2026-11-24T09:00:01Z", "parties": [0, 1], "body": "It beeps.", "mediatype": "text/plain"},
        {"type": "recording", "parties": [0], "url": "https://example.com/a.wav"},
        {"type": "text", "parties": [0, 2], "originator": 2, "body": "SSBhbSBhIGJvdC4", "encoding": "base64url"},
        {"type": "text", "parties": 1, "body": "Press reset.", "encoding": "none"},
    ],
}


def read(body: object, **options: Any) -> Event:
    return parse(body, now=NOW, **options)


def fault(body: object, **options: Any) -> str | None:
    with pytest.raises(InvalidEvent) as caught:
        read(body, **options)
    return caught.value.field


def record(value: bytes, key: str = "news") -> LogRecord:
    return LogRecord(1, 7, key, value, NOW + 5)
