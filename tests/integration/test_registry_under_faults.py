"""The registry when the server is killed, hangs, forgets its scripts, or its answers get lost."""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from rtadapt.config import RegistrySettings
from rtadapt.errors import HeadMoved, StaleEpoch, Unavailable
from rtadapt.records import Artifact, Candidate, EventState, EventStatus, Version
from rtadapt.registry.embedded import find_server, server_command, server_url, wait_until_up
from rtadapt.registry.registry import Registry
from tests.support.broken_wire import BrokenWire, Loss
from tests.support.redis_server import RedisServer, free_port
from tests.support.registry_steps import mark_ready

PATIENCE = 3.0
"""Seconds an answer is waited for: a commit is written to the disk first, which can take a second where others write too."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = RedisServer(Path(folder), port=free_port())
        server.start()
        yield server
        server.stop()


@pytest.fixture
def registry(server: RedisServer) -> Iterator[Registry]:
    registry = Registry(RegistrySettings(url=server.url, timeout_seconds=PATIENCE, keep_versions=100_000))
    yield registry
    registry.close()


@pytest.fixture
def wire(server: RedisServer) -> Iterator[BrokenWire]:
    assert server.port is not None
    wire = BrokenWire(server.port)
    yield wire
    wire.close()


def publish(registry: Registry, epoch: int, parent: int, accepted: bool = True) -> Version | None:
    artifact = Artifact(f"{parent:064x}", "x", 1)
    candidate = Candidate("news", parent, artifact, artifact, {}, ()) if accepted else None
    return registry.commit(
        "news",
        epoch=epoch,
        parent=parent,
        positions={0: parent + 1},
        candidate=candidate,
        events=[],
        measures={"gain": 1.0},
        statuses=[EventStatus(f"event-{parent}", "news", EventState.LEARNED)],
    )


def assert_whole(registry: Registry, acknowledged: int, attempted: int) -> None:
    """Head, records, positions and statuses tell one story, and nothing that was acknowledged is missing."""
    head = registry.head("news")
    assert head is not None
    assert acknowledged <= head.version <= attempted
    assert head.positions == {0: head.version}
    numbers = list(range(head.version, 0, -1))
    assert [version.number for version in registry.versions("news", limit=100_000)] == numbers
    for number in numbers:
        with redis.Redis.from_url(registry.settings.url, decode_responses=True) as client:
            assert f'"version":{number}' in str(client.hget("rtadapt:{news}:statuses", f"event-{number - 1}"))


def test_a_killed_server_keeps_every_acknowledged_commit(server: RedisServer, registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    acknowledged = 0
    for _ in range(3):
        attempted = acknowledged
        killer = threading.Timer(0.15, server.stop, args=(signal.SIGKILL,))
        killer.start()
        with suppress(Unavailable):
            while True:
                attempted += 1
                publish(registry, epoch, attempted - 1)
                acknowledged = attempted
        killer.join()
        server.start()
        assert acknowledged > 0
        assert_whole(registry, acknowledged, attempted)
        head = registry.head("news")
        assert head is not None and head.epoch == epoch
        acknowledged = head.version


def test_a_log_that_was_cut_off_within_a_commit_loses_that_commit_whole(server: RedisServer, registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    for parent in range(5):
        publish(registry, epoch, parent)
    (appended,) = server.folder.glob("appendonlydir/*.incr.aof")
    before = len(appended.read_bytes())
    publish(registry, epoch, 5)
    server.stop(signal.SIGKILL)
    content = appended.read_bytes()
    heads = []
    for end in range(before, len(content), 41):
        appended.write_bytes(content[:end])
        server.start()
        head = registry.head("news")
        assert head is not None
        assert_whole(registry, head.version, head.version)
        heads.append(head.version)
        server.stop(signal.SIGKILL)
    assert heads == sorted(heads) and set(heads) == {5, 6}


def test_a_restarted_server_that_forgot_the_scripts_gets_them_again(server: RedisServer, registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, epoch, 0)
    server.stop()
    server.start()
    assert publish(registry, epoch, 1) is not None
    with redis.Redis.from_url(server.url) as client:
        client.script_flush()
    assert publish(registry, epoch, 2) is not None
    registry.heartbeat("replica", {})
    assert list(registry.live_replicas()) == ["replica"]


def test_without_a_server_everything_is_unavailable_and_nothing_waits_for_ever(server: RedisServer, registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    place, _ = registry.changes("")
    server.stop(signal.SIGKILL)
    calls = [
        registry.ping,
        registry.feeds,
        registry.heads,
        registry.routes,
        registry.live_replicas,
        registry.live_workers,
        lambda: registry.note_worker("a", {}),
        lambda: registry.ensure_feed("news"),
        lambda: registry.claim("news", "other"),
        lambda: publish(registry, epoch, 0),
        lambda: registry.route("news"),
        lambda: registry.versions("news"),
        lambda: registry.retire("news", 1),
        lambda: registry.change_route("news", "pause"),
        lambda: mark_ready(registry, "news", 1, "a", ["a"]),
        lambda: registry.heartbeat("a", {}),
        lambda: registry.forget("a"),
        lambda: registry.changes(place, 30),
        lambda: registry.note_events([EventStatus("e", "news", EventState.ACCEPTED)]),
        lambda: registry.event_status("e"),
        lambda: registry.floor(0),
        lambda: registry.set_floor(0, 1, 1),
    ]
    for call in calls:
        with pytest.raises(Unavailable):
            call()
    server.start()
    registry.ping()
    assert publish(registry, epoch, 0) is not None


def test_a_server_that_hangs_is_unavailable(server: RedisServer) -> None:
    registry = Registry(RegistrySettings(url=server.url, timeout_seconds=0.3))
    patient = Registry(RegistrySettings(url=server.url, timeout_seconds=PATIENCE))
    epoch = patient.claim("news", "worker")
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("CLIENT", "PAUSE", 2_000, "ALL")
    with pytest.raises(Unavailable):
        publish(registry, epoch, 0)
    wait_until_up(server.url, time.monotonic() + 30)
    # What was sent in the meantime may have run by now: the head says so, and the worker goes on from there.
    head = patient.head("news")
    assert head is not None
    assert publish(patient, epoch, head.version) is not None
    registry.close()
    patient.close()


def test_an_address_that_never_answers_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = Registry(RegistrySettings(url=f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2))
        with pytest.raises(Unavailable) as caught:
            registry.head("news")
        assert "127.0.0.1" not in str(caught.value)
        registry.close()


def test_a_cluster_that_is_not_there_is_unavailable_and_found_later() -> None:
    registry = Registry(RegistrySettings(url=f"redis://127.0.0.1:{free_port()}", cluster=True, timeout_seconds=PATIENCE))
    for _ in range(2):
        with pytest.raises(Unavailable):
            registry.head("news")
    registry.close()


@pytest.mark.parametrize("accepted", [True, False])
def test_a_commit_whose_answer_was_lost_happens_once(server: RedisServer, wire: BrokenWire, accepted: bool) -> None:
    registry = Registry(RegistrySettings(url=server_url(port=wire.port), timeout_seconds=5))
    epoch = registry.claim("news", "worker")
    publish(registry, epoch, 0)
    wire.lose("cut", b"EVALSHA")
    version = publish(registry, epoch, 1, accepted)
    assert wire.lost == 1
    assert (version.number if version else None) == (2 if accepted else None)
    head = registry.head("news")
    assert head is not None and (head.version, head.positions) == ((2 if accepted else 1), {0: 2})
    registry.close()


def test_a_commit_that_ran_but_timed_out_shows_in_the_head_and_cannot_run_again(server: RedisServer, wire: BrokenWire) -> None:
    registry = Registry(RegistrySettings(url=server_url(port=wire.port), timeout_seconds=PATIENCE))
    epoch = registry.claim("news", "worker")
    publish(registry, epoch, 0)
    wire.lose("silence", b"EVALSHA")
    with pytest.raises(Unavailable):
        publish(registry, epoch, 1)
    head = registry.head("news")
    assert head is not None and head.version == 2
    with pytest.raises(HeadMoved):
        publish(registry, epoch, 1)
    registry.close()


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_a_rollback_whose_answer_was_lost_goes_back_once(server: RedisServer, wire: BrokenWire, how: Loss) -> None:
    registry = Registry(RegistrySettings(url=server_url(port=wire.port), timeout_seconds=PATIENCE))
    epoch = registry.claim("news", "worker")
    for parent in range(3):
        publish(registry, epoch, parent)
        mark_ready(registry, "news", parent + 1, "a", ["a"])
    registry.change_route("news", "resume")  # the script is known to the server from here on
    wire.lose(how, b"EVALSHA")
    with suppress(Unavailable):
        registry.change_route("news", "rollback")
    route = registry.route("news")
    assert wire.lost == 1
    assert route is not None and route.stable == 2
    registry.close()


def test_news_that_could_not_be_told_do_not_undo_a_commit(server: RedisServer, wire: BrokenWire) -> None:
    registry = Registry(RegistrySettings(url=server_url(port=wire.port), timeout_seconds=PATIENCE))
    epoch = registry.claim("news", "worker")
    publish(registry, epoch, 0)
    wire.lose("silence", b"XADD")
    version = publish(registry, epoch, 1)
    assert version is not None and version.number == 2
    registry.close()


def test_a_worker_that_was_taken_over_while_it_slept_cannot_commit(server: RedisServer, registry: Registry) -> None:
    mine = registry.claim("news", "slow")
    publish(registry, mine, 0)
    theirs = registry.claim("news", "quick")
    publish(registry, theirs, 1)
    for parent in (0, 1, 2):
        with pytest.raises(StaleEpoch):
            publish(registry, mine, parent)


def test_a_full_disk_or_memory_is_unavailable(server: RedisServer, registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(Unavailable):
            publish(registry, epoch, 0)
        client.config_set("maxmemory", 0)
    assert publish(registry, epoch, 0) is not None


def test_the_server_comes_back_on_its_unix_socket_after_a_kill() -> None:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        registry = Registry(RegistrySettings(url=server.url))
        registry.ensure_feed("news", {"a": 1})
        assert server.socket is not None and server.socket.stat().st_mode & 0o077 == 0
        server.stop(signal.SIGKILL)
        server.start()
        assert registry.feed_config("news") == {"a": 1}
        registry.close()
        server.stop()


def test_waiting_for_a_server_that_does_not_come_ends() -> None:
    with pytest.raises(Unavailable):
        wait_until_up(server_url(port=free_port()), time.monotonic() + 0.1)


def test_the_server_listens_on_loopback_only(server: RedisServer) -> None:
    command = server_command(find_server(), server.folder, port=1)
    assert command[command.index("--bind") + 1] == "127.0.0.1"
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
