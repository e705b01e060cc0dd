"""`rtadapt api` as a process of its own on a free loopback port, ended by its process id; and what its tests look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

import httpx

from rtadapt.config import ApiSettings, Settings, to_environment
from rtadapt.events.envelope import decode
from rtadapt.events.log import LogRecord, open_log
from tests.support.redis_server import free_port

_START_SECONDS = 60.0

STORY = {"feed": "news", "text": "Marla Tindle coaches Corvin Rovers."}
PROBLEM = "application/problem+json"


class ApiServer:
    """Runs while the `with` block does."""

    def __init__(self, settings: Settings) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings = settings.model_copy(update={"api": ApiSettings(port=port)})
        self.output = self.settings.data_dir / "api.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def __enter__(self) -> ApiServer:
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rtadapt", "api"],
                env={**os.environ, **to_environment(self.settings)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + _START_SECONDS
        with httpx.Client(timeout=2.0, trust_env=False) as client:
            while not self._answers(client):
                assert self.runs, self.output.read_text()
                assert time.monotonic() < deadline, self.output.read_text()
                time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
        self.process = None

    def _answers(self, client: httpx.Client) -> bool:
        try:
            return client.get(f"{self.url}/healthz").status_code == 200
        except httpx.HTTPError:
            return False


def logged(settings: Settings) -> list[LogRecord]:
    """Everything that is in the log."""
    log = open_log(settings)
    reader = log.reader(lambda partition: 0)
    records: list[LogRecord] = []
    while found := reader.poll(0.05, 1000):
        records += found
    reader.close()
    log.close()
    return records


def texts(settings: Settings) -> list[str]:
    return [decode(record).text for record in logged(settings)]


def problem(response: httpx.Response, status: int, field: str | None) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert response.headers["content-type"] == PROBLEM
    assert (body["status"], body.get("field")) == (status, field)
    assert body["detail"]
    assert body["title"]
    return body
