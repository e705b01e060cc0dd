"""What a worker holds of a feed, and when it lets go of it."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

from rtadapt.config import Settings
from rtadapt.observe import metrics
from rtadapt.records import Head, Position
from rtadapt.work.floors import Floors
from rtadapt.work.sessions import Sessions


def sessions(folder: Path) -> Sessions:
    registry = Mock(claim=lambda *_: 1, head=lambda feed: Head(feed, 0, {3: 9}, 1))
    parts = {"registry": registry, "store": Mock(), "learner": Mock(), "admission": Mock(), "floors": Floors(registry)}
    return Sessions(Settings(data_dir=folder), "worker", **parts)


def test_a_feed_of_which_only_what_is_decided_was_read_goes_with_its_partition_too(tmp_path: Path) -> None:
    held = sessions(tmp_path)
    assert not held.of("news").is_new(Position(3, 8))
    held.drop_partition(2)
    assert "news" in held
    held.drop_partition(3)
    assert "news" not in held


def test_what_was_measured_of_a_feed_that_is_let_go_is_not_shown_any_more(tmp_path: Path) -> None:
    held = sessions(tmp_path)
    for feed in ("letgo", "stays"):
        held.of(feed)
        metrics.GATE_MEASURE.labels(feed, "drift", "nats").set(0.1)
    held.drop("letgo")
    shown = {sample.labels["feed"] for family in metrics.GATE_MEASURE.collect() for sample in family.samples}
    assert "letgo" not in shown
    assert "stays" in shown
