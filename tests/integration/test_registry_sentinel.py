"""The registry behind Redis Sentinel: it asks who the server is, and follows a failover by itself."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL

import pytest
import redis

from rtadapt.config import RegistrySettings, Settings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.registry.embedded import find_server, wait_until_up
from rtadapt.registry.registry import Registry
from rtadapt.shown import shown
from tests.support.redis_server import RedisServer, free_port
from tests.support.registry_steps import assert_soon, publish


@pytest.fixture
def servers() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A server and its replica."""
    with ExitStack() as stack:
        made = []
        for _ in range(2):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rta-"))
            server = RedisServer(Path(folder), port=free_port(), durable=False)
            server.start()
            stack.callback(server.stop)
            made.append(server)
        with redis.Redis.from_url(made[1].url) as client:
            client.replicaof("127.0.0.1", made[0].port)  # type: ignore[no-untyped-call]
            assert_soon(lambda: client.info("replication").get("master_link_status") == "up")
        yield made[0], made[1]


@pytest.fixture
def sentinel(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> Iterator[int]:
    """The port of one sentinel that watches them as `adapt`."""
    port = free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor adapt 127.0.0.1 {servers[0].port} 1\n"
        "sentinel down-after-milliseconds adapt 500\nsentinel failover-timeout adapt 2000\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([str(find_server()), str(conf), "--sentinel"], stdout=log, stderr=log)
    try:
        wait_until_up(f"redis://127.0.0.1:{port}", time.monotonic() + 30)
        with redis.Redis(port=port) as client:
            assert_soon(lambda: len(client.sentinel_slaves("adapt")) == 1)  # type: ignore[no-untyped-call]
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_after_a_failover_the_same_url_leads_to_the_new_server(servers: tuple[RedisServer, RedisServer], sentinel: int) -> None:
    nobody = free_port()
    url = f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel}/adapt/0"
    registry = Registry(RegistrySettings(url=url, timeout_seconds=2))
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    with redis.Redis.from_url(servers[1].url) as client:
        assert_soon(lambda: client.hget("rtadapt:{news}:head", "version") == b"1")
    servers[0].stop(SIGKILL)

    def follows() -> bool:
        try:
            registry.heartbeat("a", {})
        except Unavailable:
            return False
        return True

    assert_soon(follows, 60)
    assert publish(registry, 1, epoch=epoch).number == 2
    registry.close()


def test_a_service_that_nobody_knows_is_unavailable(sentinel: int) -> None:
    registry = Registry(RegistrySettings(url=f"redis+sentinel://127.0.0.1:{sentinel}/other", timeout_seconds=2))
    with pytest.raises(Unavailable):
        registry.ping()
    registry.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel:///adapt",
        "redis+sentinel://a:26379,/adapt",
        "redis+sentinel://a:port/adapt",
        "redis+sentinel://a/adapt/first",
        "redis+sentinel://a/adapt?db=1",
        "sentinel://a/adapt",
    ],
)
def test_a_url_that_names_no_sentinels_and_service_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Registry(RegistrySettings(url=url))
    assert caught.value.field == "registry.url"


def test_its_password_is_not_shown() -> None:
    url = "rediss+sentinel://me:se@cret@a:26379,b:26379/adapt/0"
    Registry(RegistrySettings(url=url))
    assert "cret" not in str(shown(Settings(registry=RegistrySettings(url=url))))
