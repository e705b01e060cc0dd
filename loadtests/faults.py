"""Faults for replicas that are asked while versions come, and the record of what was done and seen. For faulty_swaps.py.

A registry that stands still, is killed, emptied, set back to an older copy; a replica that stands still or is killed, or its
engine alone; an artifact store that is away.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import redis

from loadtests.many_swaps import Answer
from loadtests.replicas import SMALL, System
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import RtadaptError

FEED = "faulty"
EVERYWHERE = ""


@dataclass(slots=True)
class Asked:
    """One request: of which caller, at which replica, from when to when; what came, or why nothing did."""

    caller: int
    url: str
    began: float
    ended: float = 0.0
    answer: Answer | None = None
    problem: str = ""


@dataclass(slots=True)
class Commit:
    """A version, and in which life of the registry it was published."""

    moment: float
    number: int
    life: int


@dataclass(slots=True)
class Trouble:
    """One fault: what, at which replica or EVERYWHERE, from when until when all was put right."""

    kind: str
    url: str
    began: float
    ended: float = float("inf")

    def concerns(self, one: Asked, after: float = 0.0) -> bool:
        """Whether it fell into a request, or into the time `after` it."""
        return self.url in (one.url, EVERYWHERE) and self.began <= one.ended and one.began <= self.ended + after


@dataclass(slots=True)
class Run:
    """Everything that was done and seen. In each `life` of the registry a number means another adapter."""

    asked: list[Asked] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    lives: dict[str, int] = field(default_factory=dict)
    said: dict[tuple[int, str], str] = field(default_factory=dict)
    floors: list[int] = field(default_factory=lambda: [0])
    """For each life: up to which number its versions are those of the life before."""
    life: int = 0
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin_life(self, floor: int) -> None:
        """From now on versions above `floor` are other ones than before."""
        self.life += 1
        self.floors.append(floor)

    def adapter_of(self, incarnation: str, number: int, many: int) -> int:
        """Which of so many adapters a version is; `many` for the base model, -1 where nobody knows of the incarnation."""
        if number == 0:
            return many
        life = self.lives.get(incarnation)
        if life is None:
            return -1
        while number <= self.floors[life] and life:
            life -= 1
        return (number + life) % many


class Faults:
    """A system with one publisher, and the faults that can be put into it."""

    def __init__(self, system: System, options: argparse.Namespace) -> None:
        self.system, self.options, self.run = system, options, Run()
        assert system.server is not None
        self.server = system.server
        self._older = system.folder / "older"
        # Replicas find the store by a link, which can be taken away from them alone.
        self.store, self.kept = system.folder / "data" / "artifacts", system.folder / "kept"
        self.kept.mkdir()
        shutil.rmtree(self.store, ignore_errors=True)
        self.store.symlink_to(self.kept)
        artifacts = system.settings.artifacts.model_copy(update={"url": f"file://{self.kept}"})
        self.publisher = Publisher(system.settings.model_copy(update={"artifacts": artifacts}), FEED)

    def publish(self) -> str:
        """The next version; which adapter it is follows from its number and the registry's life."""
        with self.run.lock:
            head = self.publisher.head()
            self.run.lives.setdefault(head.incarnation[:8], self.run.life)
            adapters = self.system.adapters
            version = self.publisher.publish(adapters[(head.next_number + self.run.life) % len(adapters)])
            self.run.commits.append(Commit(time.monotonic(), version.number, self.run.life))
            return version.name

    def keep_publishing(self) -> None:
        """Until it is over. What does not work is tried again."""
        while not self.run.over:
            with contextlib.suppress(RtadaptError, OSError):
                self.publish()
            time.sleep(self.options.every)

    @contextlib.contextmanager
    def trouble(self, kind: str, url: str = EVERYWHERE) -> Iterator[None]:
        """Note a fault, which lasts as long as the block."""
        noted = Trouble(kind, url, time.monotonic())
        self.run.troubles.append(noted)
        yield
        noted.ended = time.monotonic()

    def registry_stands_still(self) -> None:
        """SIGSTOP, SIGCONT."""
        assert self.server.process is not None
        with self.trouble("the registry stands still"):
            self.server.process.send_signal(signal.SIGSTOP)
            self.last()
            self.server.process.send_signal(signal.SIGCONT)

    def registry_is_killed(self) -> None:
        """SIGKILL, and started again."""
        with self.trouble("the registry is killed"):
            self.server.stop(signal.SIGKILL)
            self.last()
            self.server.start()

    def registry_is_emptied(self) -> None:
        """FLUSHALL; the feed is made anew, and in the end an operator says so."""
        with self.trouble("the registry is emptied"):
            with self.run.lock, redis.Redis.from_url(self.server.url) as client:
                client.flushall()
                self.run.begin_life(0)
                self.publisher.registry.ensure_feed(FEED)
                self.publisher.claim()
            self.last()
            self.publisher.registry.change_route(FEED, "trust")

    def registry_goes_back(self) -> None:
        """An older copy of its data, as a restored backup or a failover that lost writes; in the end an operator says so."""
        with self.trouble("the registry goes back"):
            with self.run.lock:
                self.server.stop(signal.SIGKILL)
                shutil.rmtree(self.system.folder / "appendonlydir")
                shutil.copytree(self._older, self.system.folder / "appendonlydir")
                self.server.start()
                self.run.begin_life(self.publisher.head().version)
                self.publisher.claim()
            self.last()
            self.publisher.registry.change_route(FEED, "trust")

    def replica_stands_still(self) -> None:
        """SIGSTOP, SIGCONT, of all its processes."""
        replica = self.system.replicas[-1]
        with self.trouble("a replica stands still", replica.url):
            replica.send(signal.SIGSTOP)
            self.last()
            replica.send(signal.SIGCONT)

    def replica_is_killed(self) -> None:
        """SIGKILL of all its processes, the engine's too, and started again."""
        replica = self.system.replicas[-1]
        with self.trouble("a replica is killed", replica.url):
            replica.send(signal.SIGKILL)
            self.last()
            replica.start_again()

    def engine_stands_still(self) -> None:
        """SIGSTOP, SIGCONT, of a replica's engine alone: the replica itself goes on to say that it is there."""
        replica = self.system.replicas[-1]
        engine = replica.engine()
        with self.trouble("an engine stands still", replica.url):
            os.kill(engine, signal.SIGSTOP)
            self.last()
            os.kill(engine, signal.SIGCONT)

    def engine_is_killed(self) -> None:
        """SIGKILL; its replica ends by itself, and is started again."""
        replica = self.system.replicas[-1]
        with self.trouble("an engine is killed", replica.url):
            os.kill(replica.engine(), signal.SIGKILL)
            self.last()
            replica.start_again()

    def store_is_away(self) -> None:
        """Replicas can't fetch what is published."""
        with self.trouble("the artifact store is away"):
            self.store.unlink()
            self.last()
            self.store.symlink_to(self.kept)

    def last(self) -> None:
        """As long as a fault does."""
        time.sleep(self.options.lasts)

    def put_in(self) -> None:
        """One fault after another, each after a time in which nothing is wrong."""
        faults: tuple[Callable[[], None], ...] = (
            *(self.registry_stands_still, self.registry_is_killed, self.replica_stands_still, self.replica_is_killed),
            *((self.engine_stands_still, self.engine_is_killed) if self.options.model != SMALL else ()),
            *(self.store_is_away, self.registry_goes_back, self.registry_is_emptied),
        )
        for _ in range(self.options.rounds):
            for fault in faults:
                time.sleep(self.options.rest)
                if fault == self.registry_stands_still:
                    with self.run.lock:
                        shutil.rmtree(self._older, ignore_errors=True)
                        shutil.copytree(self.system.folder / "appendonlydir", self._older)
                fault()
        time.sleep(self.options.rest)
