"""The registry when its server is demoted behind the same address, or refuses the login."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from rtadapt.config import RegistrySettings
from rtadapt.errors import Unavailable
from rtadapt.registry.registry import Registry
from tests.support.broken_wire import BrokenWire
from tests.support.redis_server import RedisServer, free_port
from tests.support.registry_steps import publish


def started(folder: str) -> RedisServer:
    server = RedisServer(Path(folder), port=free_port(), durable=False)
    server.start()
    return server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = started(folder)
        yield server
        server.stop()


def test_after_a_demotion_the_next_command_finds_the_new_server_behind_the_same_address(server: RedisServer) -> None:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        successor = started(folder)
        assert server.port is not None and successor.port is not None
        wire = BrokenWire(server.port)
        registry = Registry(RegistrySettings(url=f"redis://127.0.0.1:{wire.port}", timeout_seconds=1))
        registry.claim("news", "worker")
        [left] = registry.connection.redis.connection_pool._available_connections
        with redis.Redis.from_url(server.url) as client:
            client.replicaof("127.0.0.1", successor.port)  # type: ignore[no-untyped-call]
        wire.target_port = successor.port
        with pytest.raises(Unavailable, match="takes no writes"):
            registry.heartbeat("a", {})
        assert left._sock is None
        epoch = registry.claim("news", "worker")
        publish(registry, 0, epoch=epoch)
        registry.heartbeat("a", {})
        assert list(registry.live_replicas()) == ["a"]
        registry.close()
        wire.close()
        successor.stop()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}", "redis://someone:wrong@127.0.0.1:{port}"])
def test_a_login_that_is_refused_is_called_that(server: RedisServer, url: str) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.config_set("requirepass", "secret")
    registry = Registry(RegistrySettings(url=url.format(port=server.port), timeout_seconds=1))
    for call in (registry.ping, registry.feeds, lambda: registry.heartbeat("a", {})):
        with pytest.raises(Unavailable, match="refuses the login") as caught:
            call()
        assert "wrong" not in str(caught.value)
    registry.close()


def test_a_command_that_the_user_may_not_run_is_a_login_refused(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "SETUSER", "reader", "on", ">word", "~*", "+@read", "+@connection")  # type: ignore[no-untyped-call]
    registry = Registry(RegistrySettings(url=f"redis://reader:word@127.0.0.1:{server.port}", timeout_seconds=1))
    assert registry.feeds() == []
    with pytest.raises(Unavailable, match="refuses the login"):
        registry.heartbeat("a", {})
    registry.close()
