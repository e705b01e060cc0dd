"""What must be true of the system whatever happened to it, looked at from outside: through the registry, the store and the API.

`Witness` looks all the time: nothing goes back. `verdict` looks once everything has come to rest: what was learned is what was
accepted and not refused, nothing twice, nothing covered before it was learned, and heads, states and artifacts agree.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import httpx

from rtadapt.curation.kept import read_memory
from rtadapt.errors import ArtifactDamaged, Unavailable
from rtadapt.records import Head, Token, Version
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from tests.chaos.fleet import Fleet
from tests.chaos.traffic import Pushed, Traffic

_LOOK_SECONDS = 0.3
_MANY = 1_000_000


class Witness:
    """Looks at every head again and again, and notes what went back."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._stop = threading.Event()
        self._last: dict[str, Head] = {}
        self.looks = 0
        self.wrong: list[str] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(timeout=30.0)

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            registry = self._fleet.registry()
            try:
                heads = registry.heads()
            except Unavailable:
                continue
            finally:
                registry.close()
            self.looks += 1
            for feed, before in self._last.items():
                self.wrong += gone_back(feed, before, heads.get(feed))
            self._last |= heads


def gone_back(feed: str, before: Head, now: Head | None) -> Iterator[str]:
    """How a head went back."""
    if now is None:
        yield f"{feed}: its head is gone"
        return
    for name, old, new in (("version", before.version, now.version), ("epoch", before.epoch, now.epoch)):
        if new < old:
            yield f"{feed}: its {name} went back from {old} to {new}"
    for partition, offset in before.positions.items():
        if now.positions.get(partition, 0) < offset:
            yield f"{feed}: its position in partition {partition} went back from {offset} to {now.positions.get(partition)}"


def unsettled(fleet: Fleet, traffic: Traffic) -> list[str]:
    """The feeds that have not decided every event yet, and the events that the replica does not answer from yet."""
    registry = fleet.registry()
    try:
        heads = registry.heads()
    except Unavailable:
        return ["the registry does not answer"]
    finally:
        registry.close()
    last = {one.feed: one for one in traffic.accepted()}
    late = {one.feed for one in traffic.accepted() if not covered(one, heads.get(one.feed))}
    late_words = [f"{feed} has not decided all of its events" for feed in sorted(late)]
    if late_words:
        return late_words
    with httpx.Client(timeout=15.0, trust_env=False) as client:
        return [f"{feed} is not served up to its last event" for feed, one in last.items() if not traffic.ask(client, one, 5.0)]


def covered(one: Pushed, head: Head | Version | None) -> bool:
    """Whether a head, or a version, covers an event by its token."""
    return head is not None and Token.parse(one.token).covered_by(head.positions)


def verdict(fleet: Fleet, traffic: Traffic, *, settled: bool) -> list[str]:
    """Everything that is not as it must be; while all is not `settled`, without what may still come."""
    registry, wrong = fleet.registry(), list(traffic.odd)
    store = ArtifactStore(fleet.members["api"].settings)
    pushed = traffic.accepted()
    try:
        for feed in traffic.feeds:
            mine = [one for one in pushed if one.feed == feed]
            head, versions = registry.head(feed), list(reversed(registry.versions(feed, _MANY)))
            if head is None:
                wrong += [f"{feed}: it has no head"] if mine else []
                continue
            learned = {event.id: version.number for version in versions for event in version.events}
            wrong += lineage(feed, head, versions)
            wrong += fates(registry, mine, learned) if settled else []
            wrong += coverage(mine, learned, versions)
            wrong += agreement(store, head, versions, set(learned))
            wrong += answers(traffic, {one.id for one in mine}, learned, {version.number: version for version in versions})
    finally:
        registry.close()
    return wrong


def lineage(feed: str, head: Head, versions: Sequence[Version]) -> Iterator[str]:
    """Versions follow one another without a gap up to the head, their positions only grow, and no event is in two."""
    numbers = [version.number for version in versions]
    if numbers != list(range(1, head.version + 1)):
        yield f"{feed}: the head is at {head.version}, and the versions are {numbers}"
    ids = [event.id for version in versions for event in version.events]
    for twice in {one for one in ids if ids.count(one) > 1}:
        yield f"{feed}: {twice} was learned twice"
    for before, after in pairwise(versions):
        if any(after.positions.get(partition, 0) < offset for partition, offset in before.positions.items()):
            yield f"{feed}: the positions of {after.name} lie behind those of {before.name}"


def fates(registry: Registry, pushed: Sequence[Pushed], learned: dict[str, int]) -> Iterator[str]:
    """Learned is what was accepted and may be; the rest is refused; and the status of each says so."""
    for one in pushed:
        status = registry.event_status(one.id)
        said = (
            "nothing is known of it"
            if status is None
            else f"{status.state} {status.version or ''} {status.reason} {status.detail}"
        )
        if one.consent and one.id not in learned:
            yield f"{one.feed}: {one.id} ({one.token}, {one.tries} tries) was accepted and not learned; its status: {said}"
        elif one.consent and (status is None or (status.state, status.version) != ("learned", learned[one.id])):
            yield f"{one.feed}: {one.id} was learned in version {learned[one.id]}; its status: {said}"
        elif not one.consent and (one.id in learned or status is None or (status.state, status.reason) != ("refused", "consent")):
            yield f"{one.feed}: {one.id} was to be refused; its status: {said}"
    for unknown in learned.keys() - {one.id for one in pushed}:
        yield f"{unknown} was learned and never acknowledged"


def coverage(pushed: Sequence[Pushed], learned: dict[str, int], versions: Sequence[Version]) -> Iterator[str]:
    """No version covers an event that a later one learned."""
    for one in pushed:
        first = next((version.number for version in versions if covered(one, version)), None)
        if one.id in learned and first is not None and first < learned[one.id]:
            yield f"{one.feed}: version {first} covers {one.id}, which version {learned[one.id]} learned"


def answers(traffic: Traffic, mine: set[str], learned: dict[str, int], versions: dict[int, Version]) -> Iterator[str]:
    """No answer that was to have learned an event came from a version before it."""
    for answered in traffic.answered:
        if answered.event in mine:
            number = int(answered.version.partition("@")[2])
            if number < learned.get(answered.event, 0):
                yield f"{answered.event}, which version {learned[answered.event]} learned, was answered for by {answered.version}"
            elif number not in versions and number > 0:
                yield f"{answered.event} was answered for by {answered.version}, which there is not"


def agreement(store: ArtifactStore, head: Head, versions: Sequence[Version], learned: set[str]) -> Iterator[str]:
    """The head's adapter and state are whole, and the state knows exactly the events of its lineage."""
    if not versions or versions[-1].number != head.version:
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            store.fetch(versions[-1].adapter, Path(scratch))
            state = store.fetch(versions[-1].state, Path(scratch))
            _, _, ledger = read_memory(state, _MANY)
        except ArtifactDamaged as error:
            yield f"{head.feed}: the artifacts of its head are damaged: {error}"
            return
    known = {event for fact in ledger.facts.values() for event in fact.events}
    if known != learned:
        yield f"{head.feed}: its state knows {sorted(known - learned)} too much and lacks {sorted(learned - known)}"
