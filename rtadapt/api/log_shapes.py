"""What the control plane answers about the log and its dead letters, as models; shapes.py has all others."""

from __future__ import annotations

from pydantic import Field

from rtadapt.api.shapes import Answer


class Letter(Answer):
    """One event, or what should have been one, that was refused after it was accepted."""

    place: str = Field(examples=["0.41"], description="partition and offset in the log; the letter's name")
    event_id: str
    feed: str
    reason: str = Field(examples=["gate"])
    detail: str


class LetterShown(Letter):
    """A dead letter with its event."""

    record: str | None = Field(description="the record in the log; null: the log does not have it any more")


class Letters(Answer):
    """Dead letters, newest first."""

    dead_letters: list[Letter]


class Replayed(Answer):
    """An event was appended again."""

    id: str
    token: str


class Dropped(Answer):
    """A dead letter is gone."""

    place: str
    dropped: bool


class LogPartition(Answer):
    """One partition of the event log."""

    partition: int
    end: int = Field(description="the offset that the next event gets")
    floor: int = Field(description="everything before it is decided")
    behind: int = Field(description="events that no worker has read yet")
    lost: bool = Field(description="whether it ends before what counts as decided")


class LogAnswer(Answer):
    """The event log."""

    identity: str
    number: int = Field(description="0 for the first log that the registry met, and so on")
    partitions: list[LogPartition]
