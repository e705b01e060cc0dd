"""A real Redis-protocol server for tests: one for each session, started and stopped by its process id.

tests/conftest.py names this module as a plugin: take `redis_url` (a server that is empty when the test begins), or
start a `RedisServer` of your own where a test stops or kills it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from rtadapt.registry.embedded import find_server, server_command, server_url, wait_until_up

_CHOOSER = random.SystemRandom()
"""Hypothesis begins each example with the same random numbers."""


def free_port() -> int:
    """A loopback port that nobody has now. Of those below what Linux gives to connections, which come and go until it is used."""
    while True:
        port = _CHOOSER.randrange(15000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """A server process with its data in `folder`, on a Unix socket there or on a loopback port."""

    def __init__(self, folder: Path, *, port: int | None = None, bus_port: int | None = None, durable: bool = True) -> None:
        """With a `bus_port` it is one node of a cluster. `durable=False` spares a busy disk where no test needs it."""
        self.folder = folder
        self.socket = folder / "s" if port is None else None
        self.port = port
        self.bus_port = bus_port
        self.durable = durable
        self.url = server_url(port=port, socket=self.socket)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = server_command(find_server(), self.folder, port=self.port, socket=self.socket)
        cluster = ["--cluster-enabled", "yes", "--cluster-port", str(self.bus_port)] if self.bus_port else []
        hurry = [] if self.durable else ["--appendonly", "no"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *cluster, *hurry], stdout=log, stderr=log)
        wait_until_up(self.url, time.monotonic() + 30)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        os.kill(self.process.pid, how)
        self.process.wait(timeout=30)
        self.process = None


@pytest.fixture(scope="session")
def redis_session_server() -> Iterator[RedisServer]:
    """One server for the whole session. Its folder is short, because the path of a Unix socket must be."""
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = RedisServer(Path(folder), durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_cluster_session_servers() -> Iterator[list[RedisServer]]:
    """A cluster of three nodes: it refuses every command and script whose keys lie in two slots."""
    with ExitStack() as stack:
        servers = [_cluster_node(stack) for _ in range(3)]
        clients = [stack.enter_context(redis.Redis.from_url(server.url)) for server in servers]
        for number, client in enumerate(clients):
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * 5461, 16383 if number == 2 else number * 5461 + 5460)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", servers[0].port, servers[0].bus_port)
        deadline = time.monotonic() + 60
        while not all(_sees_all(client) for client in clients):
            assert time.monotonic() < deadline, "the cluster did not form"
            time.sleep(0.05)
        yield servers


def _cluster_node(stack: ExitStack) -> RedisServer:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rta-"))
    server = RedisServer(Path(folder), port=free_port(), bus_port=free_port(), durable=False)
    server.start()
    stack.callback(server.stop)
    return server


def _sees_all(client: redis.Redis) -> bool:
    info = str(client.execute_command("CLUSTER", "INFO"))
    return "cluster_state:ok" in info and "cluster_slots_ok:16384" in info


@pytest.fixture
def redis_url(redis_session_server: RedisServer) -> str:
    """The URL of a server that is empty when the test begins."""
    with redis.Redis.from_url(redis_session_server.url) as client:
        client.flushall()
    return redis_session_server.url
