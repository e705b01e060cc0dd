"""What a worker removes because it is not kept any more: artifacts, what is left of deleted feeds, old events of the log.

Owns when that is looked for. Takes what the registry and the settings say is kept; gives nothing. What it does not get to,
a later commit or a later look removes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rtadapt.config import Settings
from rtadapt.curation.batcher import Batcher
from rtadapt.events.log import EventLog
from rtadapt.observe import metrics
from rtadapt.records import Artifact
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.work.sessions import Sessions

_SECONDS = 10.0


class Tidying:
    """One worker's. Used from one thread."""

    def __init__(self, settings: Settings, *, log: EventLog, registry: Registry, store: ArtifactStore) -> None:
        self._keep = settings.artifacts
        self._log, self._registry, self._store = log, registry, store
        self._at = time.monotonic()

    def stored(self, feed: str) -> list[Artifact]:
        """What the store holds of a feed."""
        return [*self._store.list("adapter", feed), *self._store.list("state", feed)]

    def prune(self, feed: str, before: Sequence[Artifact]) -> None:
        """Remove what was in the store `before` a commit and is kept no longer: old versions, lost candidates."""
        kept = self._registry.retire(feed, self._keep.keep_adapters, self._keep.keep_states)
        for artifact in before:
            if artifact.digest not in kept.digests:
                self._store.remove(artifact)

    def look(self, batcher: Batcher, sessions: Sessions) -> None:
        """Now and then: remove events that are decided and old, and what was made of feeds that were deleted."""
        if time.monotonic() - self._at < _SECONDS:
            return
        for feed in self._registry.deleted_feeds():
            if self._registry.head(feed) is None:
                batcher.drop_feed(feed)
                sessions.drop(feed)
                metrics.HEAD_VERSION.remove_by_labels({"feed": feed})
                for artifact in self.stored(feed):
                    self._store.remove(artifact)
            self._registry.forget_deleted(feed)
        if not self._log.trim(self._registry.floor):
            self._at = time.monotonic()
