"""The system that a chaos run puts faults into: a real broker, two registry servers behind a relay, and real processes.

Owns every process: starts them, starts those that have ended again, and notes those that ended without having been told to.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis

from rtadapt.config import RegistrySettings, Settings, load_settings, to_environment
from rtadapt.registry.registry import Registry
from tests.chaos import injected
from tests.support.broken_wire import BrokenWire
from tests.support.kafka_broker import Broker
from tests.support.redis_server import RedisServer, free_port

START_SECONDS = 600.0
STOP_SECONDS = 180.0
_LAST_WORDS = 1500
_DISMISSED = (0, -signal.SIGTERM)
"""How a process ends that was told to; the latter before it could listen."""


@dataclass(slots=True)
class Member:
    """One process of the system. `wanted` says whether it is started again when it ends."""

    name: str
    command: list[str]
    settings: Settings
    pid: int = 0
    wanted: bool = True
    starts: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def runs(self) -> bool:
        return self.pid > 0 and not self.ended.is_set()


class Fleet:
    """Everything, in `folder`: its path should be short."""

    def __init__(
        self, folder: Path, *, workers: int, partitions: int = 8, changes: Mapping[str, dict[str, object]] | None = None
    ) -> None:
        """`changes` are to the settings of all, by section."""
        self.folder, self.partitions, self._changes = folder, partitions, changes or {}
        self.broker = Broker(self._made("kafka"))
        self.servers = [RedisServer(self._made(f"registry-{name}"), port=free_port()) for name in "ab"]
        self.wire = BrokenWire(0)
        self.members: dict[str, Member] = {}
        self.wrong: list[str] = []
        self.join_seconds: list[float] = []
        """From a worker's start to its first partition, while others work."""
        self.lock = threading.RLock()
        self._workers = 0
        self._nursery: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[int] = queue.Queue()
        self._stopping = threading.Event()
        self._add("api", ["api"])
        self._add("replica", ["replica"])
        for _ in range(workers):
            self.add_worker(start=False)

    # Life

    def start(self) -> None:
        """Start it all."""
        for place in ("armed", "artifacts"):
            self._made(place)
        with (self.folder / "nursery.log").open("ab") as out:
            self._nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.nursery", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
            )
        threading.Thread(target=self._listen, daemon=True).start()
        self.broker.start()
        for server in self.servers:
            server.start()
        self.follow_each_other()
        self._answers.get(timeout=START_SECONDS)
        threading.Thread(target=self._keep, daemon=True).start()
        self.wait_ready()

    def close(self) -> None:
        """End it all."""
        self._stopping.set()
        if self._nursery is not None and self._nursery.stdin is not None and self._nursery.stdout is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._nursery.stdin.close()  # its children end with it
                self._nursery.wait(timeout=30)
            self._nursery.kill()
            self._nursery.wait()
            self._nursery.stdout.close()
        self.wire.close()
        for server in self.servers:
            server.stop(signal.SIGKILL)
        self.broker.stop(signal.SIGKILL)

    def wait_ready(self) -> None:
        """Wait until the API and the replica answer and every partition has a reader."""
        for url in (f"{self.api}/readyz", f"{self.replica}/readyz"):
            until(lambda url=url: _status(url) == 200, START_SECONDS, f"{url} is not ready")  # type: ignore[misc]
        until(lambda: sum(map(self.owned, self.workers)) == self.partitions, START_SECONDS, "partitions without a reader")

    # Processes

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.members['api'].settings.api.port}"

    @property
    def replica(self) -> str:
        return f"http://127.0.0.1:{self.members['replica'].settings.serve.port}"

    @property
    def workers(self) -> list[Member]:
        with self.lock:
            return [member for member in self.members.values() if member.command == ["work"] and member.wanted]

    def add_worker(self, *, start: bool = True) -> Member:
        """One worker more."""
        with self.lock:
            self._workers += 1
            member = self._add(f"worker-{self._workers}", ["work"])
            if start:
                self._beget(member)
        return member

    def owned(self, worker: Member) -> int:
        """How many partitions a worker reads, by its own word; 0 while it says nothing."""
        with contextlib.suppress(httpx.HTTPError):
            said = httpx.get(f"http://127.0.0.1:{worker.settings.work.metrics_port}/metrics", timeout=2.0, trust_env=False).text
            for line in said.splitlines():
                if line.startswith("rtadapt_owned_partitions "):
                    return int(float(line.split()[1]))
        return 0

    def kill(self, member: Member, how: signal.Signals = signal.SIGKILL) -> None:
        """A signal, unless it has ended."""
        with self.lock:
            if member.runs:
                os.kill(member.pid, how)

    def dismiss(self, member: Member) -> None:
        """SIGTERM; it must end by itself, with status 0, and is not started again."""
        with self.lock:
            member.wanted = False
        self.kill(member, signal.SIGTERM)
        if not member.ended.wait(STOP_SECONDS):
            self.wrong.append(f"{member.name} had not ended {STOP_SECONDS:.0f} s after SIGTERM")
            self.kill(member)
            member.ended.wait(STOP_SECONDS)
        with self.lock:
            del self.members[member.name]

    # The registry's servers

    @property
    def primary(self) -> RedisServer:
        return self.servers[0]

    def registry(self) -> Registry:
        """The registry, seen from outside: not through the relay."""
        return Registry(RegistrySettings(url=self.primary.url, timeout_seconds=5.0))

    def follow_each_other(self) -> None:
        """Let the first server be the primary, the second its replica, and the relay lead to the first."""
        first, second = self.servers
        command(second, "REPLICAOF", "127.0.0.1", str(first.port))
        until(lambda: "master_link_status:up" in info(second), START_SECONDS, "the registry's replica does not follow")
        assert first.port is not None
        self.wire.target_port = first.port

    # Inside

    def _add(self, name: str, arguments: list[str]) -> Member:
        member = self.members[name] = Member(name, arguments, self._settings(name))
        return member

    def _settings(self, name: str) -> Settings:
        small = {"least_steps": 1, "most_steps": 1, "draws_per_fact": 1, "new_rows": 2, "replay_rows": 1, "anchor_rows": 1}
        anything = {"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9}
        sections: dict[str, dict[str, object]] = {
            "event_log": {"url": f"kafka://{self.broker.bootstrap}", "partitions": self.partitions, "timeout_seconds": 5.0},
            "registry": {"url": f"redis://127.0.0.1:{self.wire.port}/0", "timeout_seconds": 2.0, "keep_versions": 100_000},
            "artifacts": {"url": f"file://{self.folder / 'artifacts'}"},
            "admit": {"max_loss": 100.0},
            "batch": {"max_events": 4, "max_age_seconds": 0.3},
            "reading": {"by": "grammar"},
            "train": small | {"anchors": 2, "rank": 8, "threads": 1, "device": "cpu", "replay_draw": 8},
            "gate": anything | {"probes": 2, "replay_probes": 0, "anchor_probes": 1, "answer_tokens": 4},
            "serve": {"port": free_port(), "replica": "replica", "model_name": "tiny", "poll_seconds": 0.5},
            "api": {"port": free_port()},
            "work": {"metrics_port": free_port()},
        }
        for section, values in self._changes.items():
            sections[section] = sections.get(section, {}) | values
        return load_settings(model=str(self.folder / "model"), data_dir=self._made(f"data-{name}"), **sections)

    def _beget(self, member: Member) -> None:
        assert self._nursery is not None
        assert self._nursery.stdin is not None
        environment = to_environment(member.settings)
        self._nursery.stdin.write(json.dumps({"name": member.name, "command": member.command, "environment": environment}) + "\n")
        self._nursery.stdin.flush()
        member.ended = threading.Event()
        member.pid = self._answers.get(timeout=START_SECONDS)
        member.starts += 1

    def _listen(self) -> None:
        assert self._nursery is not None
        assert self._nursery.stdout is not None
        for line in self._nursery.stdout:
            said: dict[str, Any] = json.loads(line)
            if "ended" in said:
                self._note_end(said["ended"], said["status"])
            else:
                self._answers.put(said.get("begot", 0))

    def _note_end(self, pid: int, status: int) -> None:
        for member in list(self.members.values()):
            if member.pid == pid:
                told = status == -signal.SIGKILL or (not member.wanted and status in _DISMISSED)
                if not told and not self._stopping.is_set():
                    time.sleep(0.5)  # what it wrote last is under way to its file
                    last = (self.folder / f"{member.name}.log").read_text(errors="replace")[-_LAST_WORDS:]
                    self.wrong.append(f"{member.name} ended by itself with status {status}: {last}")
                member.ended.set()

    def _keep(self) -> None:
        """Start again what has ended."""
        while not self._stopping.wait(0.1):
            with self.lock:
                for member in self.members.values():
                    if member.wanted and not member.runs:
                        self._beget(member)

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


def command(server: RedisServer, *words: str) -> Any:
    """One command to a server itself."""
    with redis.Redis.from_url(server.url, decode_responses=True, socket_timeout=10.0) as client:
        return client.execute_command(*words)


def info(server: RedisServer) -> str:
    """What a server says of its replication."""
    return "\n".join(f"{name}:{value}" for name, value in command(server, "INFO", "replication").items())


def until(holds: Any, seconds: float, otherwise: str) -> None:
    """Wait until `holds()` is true. Raises TimeoutError with the words `otherwise`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.1)


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5.0, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


__all__ = ["Fleet", "Member", "command", "info", "injected", "until"]
