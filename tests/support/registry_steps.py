"""Steps that the registry's contract is told in: publish a version, move on without one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rtadapt.config import RegistrySettings
from rtadapt.records import Artifact, Candidate, EventStatus, LearnedEvent, Route, Version
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry

A, B, C = "replica-a", "replica-b", "replica-c"

Settings = Callable[..., RegistrySettings]


def candidate(parent: int, feed: str = "news") -> Candidate:
    adapter = Artifact(f"{parent:064x}", f"adapter/{feed}/{parent}", 10)
    state = Artifact(f"{parent + 1000:064x}", f"state/{feed}/{parent}", 20)
    return Candidate(feed, parent, adapter, state, {}, ())


def publish(registry: Registry, parent: int, *, epoch: int = 1, feed: str = "news", offset: int | None = None) -> Version:
    version = registry.commit(
        feed,
        epoch=epoch,
        parent=parent,
        positions={0: parent + 1 if offset is None else offset},
        candidate=candidate(parent, feed),
        events=[LearnedEvent(f"event-{parent}", time.time())],
        measures={"gain": 0.25},
        statuses=[],
    )
    assert version is not None
    return version


def move_on(registry: Registry, *, epoch: int, parent: int, offset: int, statuses: tuple[EventStatus, ...] = ()) -> None:
    assert (
        registry.commit(
            "news",
            epoch=epoch,
            parent=parent,
            positions={0: offset},
            candidate=None,
            events=[],
            measures={},
            statuses=statuses,
        )
        is None
    )


def assert_soon(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """`holds()` becomes true before long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def mark_ready(registry: Registry, feed: str, number: int, replica: str, live: Sequence[str]) -> Route:
    """`replica` holds this version too."""
    before = registry.holdings(feed).get(replica, Holding())
    return registry.report(feed, replica, Holding(before.held | {number}, before.failed - {number}), live)[0]


def mark_failed(registry: Registry, feed: str, number: int, replica: str, live: Sequence[str]) -> Route:
    """`replica` can't load this version."""
    before = registry.holdings(feed).get(replica, Holding())
    return registry.report(feed, replica, Holding(before.held - {number}, before.failed | {number}), live)[0]


def could_not(registry: Registry, number: int) -> set[str]:
    """The replicas that could not load this version of news."""
    return {replica for replica, holding in registry.holdings("news").items() if number in holding.failed}


def flipped(registry: Registry, versions: int) -> None:
    """A feed whose route went through all of `versions`."""
    epoch = registry.claim("news", "worker")
    for parent in range(versions):
        publish(registry, parent, epoch=epoch)
        mark_ready(registry, "news", parent + 1, A, [A])
