"""`rtadapt up` as a process, the way a person runs it, and its children as /proc shows them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.redis_server import free_port

READY_SECONDS = 900.0
"""For a machine that does other things too; `rtadapt up` itself gives up much sooner where nothing moves."""


class Up:
    """One `rtadapt up` over one data folder. What it prints is in `printed`."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.worker_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [
            *(sys.executable, "-m", "rtadapt", "up", "--data-dir", str(folder / "data"), "--port", str(self.port)),
            *("--set", f"work.metrics_port={self.worker_port}", *arguments),
        ]
        self.environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.output = folder / "output"
        self.sessions: set[int] = set()
        """Of its children, each of which leads one."""

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self.folder, env=self.environment
            )
        assert eventually(lambda: "rtadapt is ready" in self.printed or not self.runs, READY_SECONDS), self.printed
        assert self.runs, self.printed + self.log("serve")[-3000:] + self.log("work")[-3000:]
        self.processes()

    @property
    def printed(self) -> str:
        return self.output.read_text()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self, name: str) -> str:
        """What a child wrote."""
        path = self.folder / "data" / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> int:
        """Ctrl-C, and its exit status."""
        assert self.process is not None
        if self.runs:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=90)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)

    def processes(self) -> dict[int, str]:
        """Every living process of this folder but `up` itself, by process id, with its command line.

        It is one of them if its command or environment names the folder, or if it is of the session of one that did: vLLM's
        engine writes its title over both.
        """
        mark = str(self.folder / "data").encode()
        found: dict[int, str] = {}
        seen: dict[int, tuple[int, bytes, bool]] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or (self.process is not None and int(entry.name) == self.process.pid):
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                named = mark in command or mark in (entry / "environ").read_bytes()
                seen[int(entry.name)] = (os.getsid(int(entry.name)), command, named)
            except OSError:  # it ended while we looked
                continue
        self.sessions |= {session for session, _, named in seen.values() if named} - {os.getsid(0)}
        for number, (session, command, named) in seen.items():
            if command and (named or session in self.sessions):
                found[number] = command.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def process_of(self, name: str) -> int:
        """The process id of a child: `registry`, `serve`, `work`, or `engine` (what vLLM starts for itself)."""
        marks = {"registry": "-server", "serve": "rtadapt serve", "work": "rtadapt work", "engine": "EngineCore"}
        found = [pid for pid, command in self.processes().items() if marks[name] in command]
        assert found, f"no process of {name} among {self.processes()}"
        return min(found)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """POST JSON; header names with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.url + path, json=body, headers=named, timeout=60.0, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30.0, trust_env=False)

    def push(self, body: Any, seconds: float = 120.0) -> str:
        """Push one event, again and again while parts of the system are away; gives its token."""
        answer = patiently(lambda: self.post("/v1/events", body), seconds)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["items"][0]["token"])

    def ask(self, model: str, question: str, *, after: str | None = None, seconds: float = 180.0) -> tuple[str, str]:
        """A greedy answer and the version that gave it; with `after`, from a version that covers the token."""
        body = {"model": model, "messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 24}
        headers = {"x_rtadapt_after": after, "x_rtadapt_wait": "20"} if after else {}
        answer = patiently(lambda: self.post("/v1/chat/completions", body, **headers), seconds)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]["message"]["content"].strip(), answer.headers["x-rtadapt-version"]


class Process:
    """One `rtadapt serve | work | api` as a process of its own, told everything by its environment."""

    def __init__(self, folder: Path, name: str, settings: dict[str, str], command: Sequence[str] = ()) -> None:
        """`command` takes the place of `rtadapt NAME`."""
        self.name = name
        self.output = folder / f"{name}.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                command or [sys.executable, "-m", "rtadapt", name],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env={**os.environ, **settings},
                start_new_session=True,
            )

    def wait_ready(self, url: str) -> None:
        """Wait until its readiness route answers 200."""

        def ready() -> bool:
            assert self.process.poll() is None, f"{self.name} ended: {self.output.read_text()[-3000:]}"
            try:
                return client.get(url).status_code == 200
            except httpx.HTTPError:
                return False

        with httpx.Client(timeout=5.0, trust_env=False) as client:  # to make one takes longer than to ask
            assert eventually(ready, READY_SECONDS), self.output.read_text()[-3000:]

    def stop(self) -> int:
        """SIGTERM, its exit status, and nothing of it left."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def patiently(call: Callable[[], httpx.Response], seconds: float) -> httpx.Response:
    """The first answer that is no 5xx, within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = call()
            if answer.status_code < 500 or time.monotonic() > deadline:
                return answer
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether `holds` comes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False
