"""A real serving replica for tests: `rtadapt serve` over a registry server of its own, with a random base model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from rtadapt.config import Settings, load_settings, to_environment
from rtadapt.conformance.publisher import Publisher
from tests.support.redis_server import RedisServer, free_port
from tests.support.running import Process


class ServedFeed:
    """One replica that can be stopped and started again, a registry, and a publisher of versions."""

    def __init__(self, folder: Path, model: Path, **serve: Any) -> None:
        """`folder` should have a short path: a Unix socket is made in it."""
        self.folder = folder
        (folder / "r").mkdir()
        self.redis = RedisServer(folder / "r")
        self.redis.start()
        self.settings: Settings = load_settings(
            model=str(model),
            data_dir=folder / "data",
            registry={"url": self.redis.url, "timeout_seconds": 1.0},
            serve={"port": free_port(), "poll_seconds": 0.5, "max_cpu_loras": 32, "keep_loaded": 16} | serve,
        )
        self.url = f"http://127.0.0.1:{self.settings.serve.port}"
        self.publisher = Publisher(self.settings, "news")
        self.process: Process | None = None

    def start(self) -> None:
        """Start the replica and wait until it is ready. One that a failed test left running is stopped first."""
        self.stop()
        self.process = Process(self.folder, "serve", to_environment(self.settings) | {"OMP_NUM_THREADS": "1"})
        self.process.wait_ready(f"{self.url}/readyz")

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        process, self.process = self.process, None
        return process.stop() if process is not None else 0

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.publisher.close()
        self.redis.stop()

    def log(self) -> str:
        """What the replica wrote since it was started last."""
        return (self.folder / "serve.out").read_text(errors="replace")

    def ask(self, model: str, prompt: str = "the council", tokens: int = 16, **headers: str) -> httpx.Response:
        """A greedy completion; header names with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
        return httpx.post(f"{self.url}/v1/completions", json=body, headers=named, timeout=60.0, trust_env=False)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = httpx.get(f"{self.url}/metrics", timeout=30.0, trust_env=False).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


@contextlib.contextmanager
def served_feed(folder: Path, model: Path, **serve: Any) -> Iterator[ServedFeed]:
    """A started replica, ended whatever happens."""
    feed = ServedFeed(folder, model, **serve)
    try:
        feed.start()
        yield feed
    finally:
        feed.close()


def processes_of_session(leader: int) -> set[int]:
    """The living processes of the session that process `leader` began."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == leader and state != "Z":
                    found.add(int(entry.name))
    return found
