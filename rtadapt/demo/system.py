"""`rtadapt up` as a child process on ports of its own, started again when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from rtadapt.children import die_with_parent
from rtadapt.config import Settings, to_environment
from rtadapt.errors import Unavailable

_WRONG_SETTINGS = 2
"""Exit status of `rtadapt up` where starting it again would end the same way."""
_DEATHS = 5
_FIRST_PAUSE_SECONDS = 0.5


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
        self._process = subprocess.Popen(command, env=self._environment, start_new_session=True, preexec_fn=die_with_parent)

    async def stay_up(self) -> NoReturn:
        """Start it again when it dies, a little later each time, until cancelled.

        Raises Unavailable when that cannot help: it refused its settings or this machine, or died again and again.
        """
        deaths = 0
        while True:
            await asyncio.sleep(0.2)
            if self._process is None or self._process.poll() is None:
                continue
            deaths += 1
            if self._process.returncode == _WRONG_SETTINGS:
                raise Unavailable("rtadapt up cannot run here; its reason is above")
            if deaths > _DEATHS:
                raise Unavailable(f"rtadapt up died {deaths} times; its reasons are above")
            pause = _FIRST_PAUSE_SECONDS * 2**deaths
            print(f"demo: rtadapt up died; starting it again in {pause:g} s", flush=True)
            await asyncio.sleep(pause)
            self.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
