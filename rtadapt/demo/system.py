"""`rtadapt up` as a child process on ports of its own, started again when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from rtadapt.config import Settings
from rtadapt.shown import to_environment


class System:
    """`rtadapt up` with its data in `folder`, while the context lasts. `url` is its front door, `worker_url` the worker's."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        placed = settings.model_copy(
            update={
                "data_dir": folder,
                "serve": settings.serve.model_copy(update={"port": _free_port()}),
                "work": settings.work.model_copy(update={"metrics_port": _free_port()}),
            }
        )
        self.url = f"http://{placed.serve.host}:{placed.serve.port}"
        self.worker_url = f"http://{placed.work.metrics_host}:{placed.work.metrics_port}"
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("RTADAPT_")} | to_environment(placed)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> System:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=90)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=5)

    def start(self) -> None:
        """Start it; its progress goes to this terminal."""
        command = [sys.executable, "-m", "rtadapt", "up", "--quiet"]
        self._process = subprocess.Popen(command, env=self._environment, start_new_session=True)

    async def stay_up(self) -> None:
        """Start it again whenever it dies, until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            if self._process is None or self._process.poll() is not None:
                print("demo: rtadapt up died; starting it again", flush=True)
                self.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
