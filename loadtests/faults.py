"""Faults for replicas that are asked while versions come. For faulty_swaps.py.

A registry that stands still, is killed, emptied, set back to an older copy, or fails over to a server that lacks the last
writes; a replica that stands still or is killed, or its engine alone; an artifact store that is away, slow or full; whoever
publishes is killed, or stands still and comes back when another has taken over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator

import redis

from loadtests.other_publisher import OtherPublisher
from loadtests.replicas import SMALL, System
from loadtests.slow_store import MARKER
from loadtests.troubles import EVERYWHERE, FEED, Commit, Excuse, Run, Trouble
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import RtadaptError
from tests.support.full_disk import full_disk
from tests.support.redis_server import RedisServer, free_port

_SLOW_SECONDS = 0.3
"""That each file takes which is read from a slow store; an artifact has three."""
_NO_ROOM_BYTES = 16


class Faults:
    """A system with one publisher, and the faults that can be put into it."""

    def __init__(self, system: System, options: argparse.Namespace) -> None:
        self.system, self.options, self.run = system, options, Run()
        assert system.server is not None
        self.server = system.server
        self._older = system.folder / "older"
        self._servers: list[RedisServer] = []
        # Replicas find the store by a link, which can be taken away from them alone.
        self.store, self.kept = system.folder / "data" / "artifacts", system.folder / "kept"
        self.kept.mkdir()
        shutil.rmtree(self.store, ignore_errors=True)
        self.store.symlink_to(self.kept)
        artifacts = system.settings.artifacts.model_copy(update={"url": f"file://{self.kept}"})
        self.settings = system.settings.model_copy(update={"artifacts": artifacts})
        self.publisher = Publisher(self.settings, FEED)

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
    def trouble(self, kind: str, url: str = EVERYWHERE, excuse: Excuse = "all") -> Iterator[None]:
        """Note a fault, which lasts as long as the block."""
        noted = Trouble(kind, url, time.monotonic(), excuse=excuse)
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
            self.be_trusted()

    def registry_goes_back(self) -> None:
        """An older copy of its data, as from a backup; in the end an operator says so."""
        with self.trouble("the registry goes back"):
            with self.run.lock:
                self.server.stop(signal.SIGKILL)
                shutil.rmtree(self.server.folder / "appendonlydir")
                shutil.copytree(self._older, self.server.folder / "appendonlydir")
                self.server.start()
                self.run.begin_life(self.publisher.head().version)
                self.publisher.claim()
            self.last()
            self.be_trusted()

    def registry_fails_over(self) -> None:
        """To a server that followed it and was cut off some versions ago, at the same address; in the end an operator says so."""
        second = self.follower()
        with self.trouble("the registry fails over and has lost writes"):
            with redis.Redis.from_url(second.url) as client:
                cut, _ = self.publisher.head().version, client.replicaof("NO", "ONE")
            while self.publisher.head().version < cut + 2:
                time.sleep(self.options.every / 2)
            with self.run.lock:
                self.server.stop(signal.SIGKILL)
                assert self.server.socket is not None
                assert second.socket is not None
                second.socket = second.socket.rename(self.server.socket)
                second.url, self.server = self.server.url, second
                self.run.begin_life(self.publisher.head().version)
                self.publisher.claim()
            self.last()
            self.be_trusted()

    def follower(self) -> RedisServer:
        """A second server, which has all that the registry has."""
        port, folder = free_port(), self.system.folder / f"registry-{len(self.run.troubles)}"
        folder.mkdir()
        second = RedisServer(folder)
        second.start()
        self._servers.append(second)
        with redis.Redis.from_url(self.server.url) as first, redis.Redis.from_url(second.url) as client:
            first.config_set("bind", "127.0.0.1")
            first.config_set("port", port)
            client.replicaof("127.0.0.1", port)
            while client.info("replication")["master_link_status"] != "up":
                time.sleep(0.05)
        return second

    def be_trusted(self) -> None:
        """Replicas say by themselves that they do not follow the registry any more, an operator says that it is right, and then
        they do."""
        self.wait_said(True)
        self.publisher.registry.change_route(FEED, "trust")
        self.wait_said(False)

    def wait_said(self, lost: bool) -> None:
        """Return once every replica says, or does not say, in /readyz and in its metrics that it does not follow the feed."""
        deadline = time.monotonic() + self.options.still
        for replica in self.system.replicas:
            while (said := replica.says_lost(FEED)) != (lost, lost):
                if time.monotonic() > deadline:
                    kind = self.run.troubles[-1].kind
                    told = f"/readyz and the metric of a replica say {said} and not {lost}"
                    self.run.problems.append(f"{kind}: whether the feed is not followed, {told}")
                    break
                time.sleep(0.1)

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
        with self.trouble("the artifact store is away", excuse="standing still"):
            self.store.unlink()
            self.last()
            self.store.symlink_to(self.kept)

    def store_is_slow(self) -> None:
        """Each file takes its time; routes go on all the same."""
        marker = self.store.with_name(MARKER)
        with self.trouble("the artifact store is slow", excuse="nothing"):
            marker.write_text(str(_SLOW_SECONDS))
            self.last()
            marker.unlink()

    def store_is_full(self) -> None:
        """Whoever publishes can write no file: nothing is published meanwhile, and all goes on afterwards."""
        with self.trouble("the artifact store is full", excuse="nothing"), full_disk(_NO_ROOM_BYTES):
            with self.run.lock:
                before = self.publisher.head().version
            self.last()
            after = self.publisher.head().version
            if after != before:
                self.run.problems.append(f"the artifact store is full: {after - before} versions were published")

    def publisher_is_killed(self) -> None:
        """Another one publishes in place of ours, SIGKILL, and ours takes over."""
        with self.trouble("whoever publishes is killed", excuse="nothing"), self.run.lock, self.other() as other:
            self.last()
            other.send(signal.SIGKILL)
            self.take_over(other)

    def publisher_stands_still(self) -> None:
        """Another one publishes in place of ours, SIGSTOP, ours takes over, SIGCONT: it must not publish any more, and end."""
        with self.trouble("whoever publishes stands still", excuse="nothing"), self.other() as other:
            with self.run.lock:
                self.last()
                other.send(signal.SIGSTOP)
                self.take_over(other)
            self.last()
            other.send(signal.SIGCONT)
            if not other.has_ended_as_stale():
                self.run.problems.append("who published before, and was taken over from, did not end")

    def other(self) -> OtherPublisher:
        """One in a process of its own, which lasts as long as a block."""
        return OtherPublisher(self.system.folder, self.settings, self.system.adapters, self.options.every, self.run.life)

    def take_over(self, other: OtherPublisher) -> None:
        """Our own publisher has the feed again. What the other one committed is noted, also what it could not tell of."""
        self.publisher.claim()
        life, head, told = self.run.life, self.publisher.head(), {commit.number: commit for commit in other.commits()}
        known = max((commit.number for commit in self.run.commits if commit.life == life), default=self.run.floors[life])
        for number in range(known + 1, head.version + 1):
            self.run.commits.append(told.get(number) or Commit(time.monotonic(), number, life))

    def close(self) -> None:
        """End what was begun here."""
        self.publisher.close()
        for server in self._servers:
            server.stop()

    def last(self) -> None:
        """As long as a fault does."""
        time.sleep(self.options.lasts)

    def put_in(self) -> None:
        """One fault after another, each after a time in which nothing is wrong."""
        faults: tuple[Callable[[], None], ...] = (
            *(self.registry_stands_still, self.registry_is_killed, self.replica_stands_still, self.replica_is_killed),
            *((self.engine_stands_still, self.engine_is_killed) if self.options.model != SMALL else ()),
            *(self.store_is_away, self.store_is_slow, self.store_is_full, self.publisher_is_killed, self.publisher_stands_still),
            *(self.registry_goes_back, self.registry_fails_over, self.registry_is_emptied),
        )
        for _ in range(self.options.rounds):
            for fault in faults:
                time.sleep(self.options.rest)
                if fault == self.registry_stands_still:
                    with self.run.lock:
                        shutil.rmtree(self._older, ignore_errors=True)
                        shutil.copytree(self.server.folder / "appendonlydir", self._older)
                fault()
        time.sleep(self.options.rest)
