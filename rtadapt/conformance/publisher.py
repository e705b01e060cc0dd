"""Publishes copies of adapters as new versions of a feed, the way a worker does: artifact first, then the head.

For the conformance suite, load tests and the tests of serving: real versions without training. Takes any folder with a PEFT
adapter.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rtadapt.config import Settings
from rtadapt.errors import NotFound
from rtadapt.records import Artifact, Candidate, EventStatus, Head, LearnedEvent, Positions, Version
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry


class Publisher:
    """Owns one feed while it lasts: it takes a new epoch, so a worker on the same feed stops committing.

    Its versions say that they learned events of `partition`. On a system with a log of its own it must not be one of that log's.
    """

    def __init__(self, settings: Settings, feed: str, partition: int = 0) -> None:
        self.feed = feed
        self.partition = partition
        self.registry = Registry(settings.registry)
        self.store = ArtifactStore(settings)
        self.registry.ensure_feed(feed)
        self.claim()

    def claim(self) -> None:
        """Take the feed over; again after a rewind."""
        self._epoch = self.registry.claim(self.feed, "publisher")

    def head(self) -> Head:
        """Where the feed stands."""
        head = self.registry.head(self.feed)
        if head is None:
            raise NotFound(f"feed {self.feed} was deleted meanwhile", field="feed")
        return head

    def store_adapter(self, adapter: Path) -> Artifact:
        """The adapter in `adapter` as an artifact that no version names yet."""
        with tempfile.TemporaryDirectory(prefix="rtadapt-publish-") as scratch:
            folder = Path(scratch)
            for file in ("adapter_config.json", "adapter_model.safetensors", "judged.json"):
                if (adapter / file).exists():
                    (folder / file).write_bytes((adapter / file).read_bytes())
            return self.store.put("adapter", self.feed, folder)

    def publish(self, adapter: Path | Artifact, events: int = 1) -> Version:
        """A new version from an adapter's folder or artifact, which has learned `events` more events."""
        artifact = adapter if isinstance(adapter, Artifact) else self.store_adapter(adapter)
        head = self.head()
        offset = head.positions.get(self.partition, 0)
        learned = tuple(LearnedEvent(f"{self.feed}-{offset + number}", time.time()) for number in range(events))
        positions: Positions = {self.partition: offset + events}
        candidate = Candidate(self.feed, head.version, artifact, artifact, positions, tuple(event.id for event in learned))
        version = self._commit(head, positions, candidate, learned)
        if version is None:
            raise RuntimeError("a commit of a candidate gives a version")
        return version

    def reject(self, events: int = 1) -> Positions:
        """Move the feed on by `events` events without a new version, as when the gate rejects them."""
        head = self.head()
        positions = {self.partition: head.positions.get(self.partition, 0) + events}
        self._commit(head, positions, None, ())
        return positions

    def close(self) -> None:
        """Close the connections."""
        self.registry.close()

    def _commit(
        self, head: Head, positions: Positions, candidate: Candidate | None, learned: tuple[LearnedEvent, ...]
    ) -> Version | None:
        statuses: tuple[EventStatus, ...] = ()
        return self.registry.commit(
            self.feed,
            epoch=self._epoch,
            parent=head.version,
            number=head.next_number,
            positions=positions,
            candidate=candidate,
            events=learned,
            measures={},
            statuses=statuses,
        )
