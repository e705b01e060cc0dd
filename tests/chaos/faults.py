"""The kinds of faults, each something that happens to real processes, servers and files.

A fault is a context: it begins on entry and is over on exit; what it needs of time between is the caller's. Two faults whose
targets differ may happen at once.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaProducer
from kafka.errors import KafkaError
from redis.exceptions import ResponseError

from tests.chaos import injected
from tests.chaos.fleet import Fleet, Member, command, info, until
from tests.support.full_disk import SMALL_FILE_BYTES, limit_files

_JOIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind. `longest` is for how many seconds it may last."""

    kind: str
    target: str
    longest: float
    begin: Callable[[Fleet, random.Random], AbstractContextManager[None]]


FAULTS: list[Fault] = []


def fault(kind: str, target: str, longest: float = 4.0) -> Callable[[Callable[[Fleet, random.Random], Iterator[None]]], None]:
    """Enter a function among the kinds."""

    def enter(function: Callable[[Fleet, random.Random], Iterator[None]]) -> None:
        FAULTS.append(Fault(kind, target, longest, contextmanager(function)))

    return enter


def some_worker(fleet: Fleet, chooser: random.Random) -> Member:
    """Any of the workers."""
    return chooser.choice(fleet.workers)


@fault("a process kills itself at a named point", "worker", 6.0)
def crash_point(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    armed = injected.arm(fleet.folder, chooser.choice(list(injected.POINTS)))
    yield
    with contextlib.suppress(TimeoutError):
        until(lambda: not armed.exists(), 10.0, "nobody came by")
    armed.unlink(missing_ok=True)


@fault("a worker is killed", "worker")
def worker_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.kill(some_worker(fleet, chooser))
    yield


@fault("all workers are killed at once", "worker")
def workers_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    for worker in fleet.workers:
        fleet.kill(worker)
    yield


@fault("a worker stands still and comes back", "worker", 25.0)
def worker_stopped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    worker = some_worker(fleet, chooser)
    fleet.kill(worker, signal.SIGSTOP)
    yield
    fleet.kill(worker, signal.SIGCONT)


@fault("a worker is ended and another one begins", "worker")
def worker_replaced(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.add_worker()
    fleet.dismiss(some_worker(fleet, chooser))
    yield


@fault("a worker joins and leaves", "worker", 8.0)
def worker_joins(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    began, worker = time.monotonic(), fleet.add_worker()
    with contextlib.suppress(TimeoutError):  # the registry or the broker may be away at the same time
        until(lambda: fleet.owned(worker) > 0, _JOIN_SECONDS, "it got no partition")
        fleet.join_seconds.append(time.monotonic() - began)
    yield
    fleet.dismiss(worker)


@fault("a worker's disk is full", "worker", 6.0)
def disk_full(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    workers = [worker for worker in fleet.workers if worker.runs]
    pids = [worker.pid for worker in workers]
    for pid in pids:
        limit_files(pid, SMALL_FILE_BYTES)
    yield
    for pid in pids:
        limit_files(pid, resource.RLIM_INFINITY)


@fault("a worker's clock is stepped", "worker")
def clock_stepped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    worker = some_worker(fleet, chooser)
    injected.set_clock(fleet.folder, worker.name, chooser.choice((-86400.0, -600.0, 600.0, 86400.0)))
    yield
    injected.set_clock(fleet.folder, worker.name, 0.0)


@fault("the API is killed", "api", 2.0)
def api_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.kill(fleet.members["api"])
    yield


@fault("the API stands still", "api")
def api_stopped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.kill(fleet.members["api"], signal.SIGSTOP)
    yield
    fleet.kill(fleet.members["api"], signal.SIGCONT)


@fault("the API's clock is stepped", "api")
def api_clock_stepped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    injected.set_clock(fleet.folder, "api", chooser.choice((-86400.0, -600.0, 600.0, 86400.0)))
    yield
    injected.set_clock(fleet.folder, "api", 0.0)


@fault("the replica is killed", "replica", 2.0)
def replica_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.kill(fleet.members["replica"])
    yield


@fault("what the replica wrote down is torn", "replica", 2.0)
def replica_torn(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.kill(fleet.members["replica"])
    tear(fleet.members["replica"].settings.data_dir, chooser)
    yield


@fault("what a worker wrote down is torn", "worker", 2.0)
def worker_torn(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    worker = some_worker(fleet, chooser)
    fleet.kill(worker)
    tear(worker.settings.data_dir, chooser)
    yield


@fault("what is half written lies in the store", "worker", 2.0)
def store_torn(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    """As a crash of the machine may leave it, where the file system's order of writing is not ours."""
    whole = [folder for folder in (fleet.folder / "artifacts").glob("*/*/*") if folder.is_dir()]
    for folder in chooser.sample(whole, min(2, len(whole))):
        torn = folder.with_name(f"{chooser.getrandbits(256):064x}")
        torn.mkdir()
        with contextlib.suppress(OSError):  # one that is being removed
            for file in folder.iterdir():
                (torn / file.name).write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    yield


@fault("the broker is killed", "broker", 3.0)
def broker_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.broker.stop(signal.SIGKILL)
    yield
    fleet.broker.start()


@fault("the broker is started again", "broker", 1.0)
def broker_restarted(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.broker.stop()
    yield
    fleet.broker.start()


@fault("the broker stands still", "broker", 8.0)
def broker_stopped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    with standing_still(fleet.broker.process.pid if fleet.broker.process else 0):
        yield


@fault("the broker is slow", "broker", 8.0)
def broker_slow(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    pid, over = fleet.broker.process.pid if fleet.broker.process else 0, threading.Event()

    def stutter() -> None:
        while not over.is_set():
            with standing_still(pid):
                time.sleep(0.4)
            time.sleep(0.1)

    thread = threading.Thread(target=stutter)
    thread.start()
    yield
    over.set()
    thread.join()


@fault("rubbish is written into the topic", "topic", 1.0)
def rubbish(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    topic = fleet.members["api"].settings.event_log.topic
    with contextlib.suppress(KafkaError, OSError):
        producer = KafkaProducer(bootstrap_servers=fleet.broker.bootstrap, max_block_ms=3000, bootstrap_timeout_ms=3000)
        for value in (chooser.randbytes(64), b"{", b"[]", b'{"feed": "feed-0"}', None):
            producer.send(topic, key=f"feed-{chooser.randrange(4)}".encode(), value=value)
        producer.close(timeout=5)
    yield


@fault("the registry is killed", "registry", 3.0)
def registry_killed(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.primary.stop(signal.SIGKILL)
    yield
    fleet.primary.start()


@fault("the registry stands still", "registry", 6.0)
def registry_stopped(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    with standing_still(fleet.primary.process.pid if fleet.primary.process else 0):
        yield


@fault("the registry is slow", "registry", 6.0)
def registry_slow(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.wire.delay_seconds = chooser.choice((0.05, 0.3, 1.2))
    yield
    fleet.wire.delay_seconds = 0.0


@fault("the registry's answers to commits are lost", "registry")
def answer_lost(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    from rtadapt.registry.connection import _SCRIPTS

    fleet.wire.lose(chooser.choice(("cut", "silence")), _SCRIPTS["commit"][1].encode())
    yield


@fault("the registry's connections are cut", "registry", 1.0)
def registry_cut(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    fleet.wire.cut()
    yield


@fault("the registry is full", "registry")
def registry_full(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    command(fleet.primary, "CONFIG", "SET", "maxmemory", "1")
    yield
    command(fleet.primary, "CONFIG", "SET", "maxmemory", "0")


@fault("the registry's disk is full", "registry", 2.0)
def registry_disk_full(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    """A server that must not lose a write ends when it can't write: it is started again with room."""
    process = fleet.primary.process
    assert process is not None
    limit_files(process.pid, max(file.stat().st_size for file in fleet.primary.folder.rglob("*") if file.is_file()))
    yield
    fleet.primary.stop(signal.SIGKILL)
    fleet.primary.start()


@fault("the registry fails over", "registry", 3.0)
def registry_failed_over(fleet: Fleet, chooser: random.Random) -> Iterator[None]:
    """Its replica takes over with all that was written; the old one lives on, read-only, and so do connections to it."""
    first, second = fleet.servers

    def is_handed_over() -> bool:
        with contextlib.suppress(ResponseError):  # the replica has only just come back, or it is under way
            command(first, "FAILOVER", "TO", "127.0.0.1", str(second.port), "TIMEOUT", "20000")
        return "role:master" in info(second) and "role:slave" in info(first)

    until(is_handed_over, 120.0, "the registry did not fail over")
    fleet.servers.reverse()
    yield
    fleet.follow_each_other()


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """SIGSTOP, and SIGCONT in the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def tear(folder: Path, chooser: random.Random) -> None:
    """Cut every file below `folder` somewhere, and put rubbish behind some."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        rest = content[: chooser.randrange(len(content) + 1)]
        file.write_bytes(rest + (os.urandom(20) if chooser.random() < 0.3 else b""))
