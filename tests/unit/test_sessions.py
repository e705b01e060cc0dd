"""What a worker holds of a feed, and when it lets go of it."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from rtadapt.config import RegistrySettings, Settings
from rtadapt.errors import ArtifactDamaged
from rtadapt.observe import metrics
from rtadapt.records import Head, Position
from rtadapt.registry.signing import Signatures
from rtadapt.work.floors import Floors
from rtadapt.work.sessions import Sessions
from tests.unit.test_signing import key_files


def sessions(folder: Path, last: int = 0, **registry_settings: Path) -> Sessions:
    signatures = Signatures(RegistrySettings(**registry_settings))
    registry = Mock(claim=lambda *_: 1, head=lambda feed: Head(feed, 0, {3: 9}, 1, last=last), signatures=signatures)
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


def test_a_feed_whose_head_says_more_than_was_signed_is_not_taken_over(tmp_path: Path) -> None:
    trusted = key_files(tmp_path, "ours")[1]
    assert sessions(tmp_path, trusted_keys_file=trusted).of("news").head.positions == {3: 9}  # it was made again
    held = sessions(tmp_path, last=1, trusted_keys_file=trusted)
    with pytest.raises(ArtifactDamaged, match="head"):  # else the events before would never be read
        held.of("news")
    assert "news" not in held
