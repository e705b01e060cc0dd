"""What a worker holds of a feed, and when it lets go of it."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

from rtadapt.config import Settings
from rtadapt.records import Head, Position
from rtadapt.work.sessions import Sessions


def test_a_feed_of_which_only_what_is_decided_was_read_goes_with_its_partition_too(tmp_path: Path) -> None:
    registry = Mock(claim=lambda *_: 1, head=lambda feed: Head(feed, 0, {3: 9}, 1))
    parts = {"registry": registry, "store": Mock(), "learner": Mock(), "admission": Mock()}
    sessions = Sessions(Settings(data_dir=tmp_path), "worker", **parts)
    assert not sessions.of("news").is_new(Position(3, 8))
    sessions.drop_partition(2)
    assert "news" in sessions
    sessions.drop_partition(3)
    assert "news" not in sessions
