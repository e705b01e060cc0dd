"""`rtadapt up`: the whole system on one machine, one port, one Ctrl-C.

Owns the processes: a Redis-protocol server, one serving replica with the control plane beside it, one worker. A
child that dies is started again with backoff; whatever a dead child left running is ended first. When this process
dies, even by SIGKILL, its children end with it, and the next `rtadapt up` on the same folder goes on where it was.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from rtadapt.config import Settings, to_environment
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.registry import embedded

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

_SETTLED_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 15.0
_STOP_SECONDS = 20.0
_START_SECONDS = 600.0
_REGISTRY_SECONDS = 30.0
_LONGEST_SOCKET_PATH = 90
_LOG_LIMIT_BYTES = 64 * 2**20

Say = Callable[[str], None]


def _die_with_parent() -> None:
    """Runs in the child between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One process that is kept running. Its output goes to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_seconds: float = 0.5
    deaths: int = field(default=0)

    def start(self) -> None:
        """Start it, in a process group of its own, so that nothing it starts outlives it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.started_at = time.monotonic()

    def watch(self, say: Say) -> None:
        """Notice a death, clear what it left, and start it again after its pause."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.deaths += 1
            settled = now - self.started_at > _SETTLED_SECONDS
            self.pause_seconds = 0.5 if settled else min(_LONGEST_PAUSE_SECONDS, self.pause_seconds * 2)
            self.start_again_at = now + self.pause_seconds
            how = _how(self.process.returncode)
            say(f"{self.name} ended ({how}); starting it again in {self.pause_seconds:.1f} s; see {self.log}")
            self._clear_group()
            self.process = None
        if self.process is None and now >= self.start_again_at:
            self.start()
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def stop(self, deadline: float) -> None:
        """End it: SIGTERM, then SIGKILL to its whole group at `deadline` (monotonic seconds)."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5)
        self._clear_group()
        self.process = None

    def _clear_group(self) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class Supervisor:
    """All processes of one machine, over one data folder."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self.say = say
        self.url = f"http://{settings.serve.host}:{settings.serve.port}"
        self._lock: IO[str] | None = None
        self._stopping = False
        self.children: list[Child] = []

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once when it answers, and keep it running until SIGINT or SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        self._take_folder()
        try:
            self._start_all()
            self._wait_ready()
            if not self._stopping:
                on_ready()
            while not self._stopping:
                self._watch()
        finally:
            self._stop_all()

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _take_folder(self) -> None:
        folder = self.settings.data_dir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds what people wrote and said
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise InvalidSettings(
                f"another rtadapt up runs on {folder}; stop it, or give this one another --data-dir", field="data_dir"
            ) from None
        self._lock = lock

    def _start_all(self) -> None:
        folder = self.settings.data_dir.absolute()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RTADAPT_")}
        settings = self.settings.model_copy(update={"data_dir": folder})
        if settings.registry.url == "embedded:":
            settings = self._start_registry(settings, environment)
        environment |= to_environment(settings)
        rtadapt = [sys.executable, "-m", "rtadapt"]
        self._add("serve", [*rtadapt, "serve", "--with-api"], environment)
        self._add("work", [*rtadapt, "work"], environment)

    def _start_registry(self, settings: Settings, environment: Mapping[str, str]) -> Settings:
        """Start the embedded server; gives the settings that name it."""
        folder = settings.data_dir / "registry"
        socket = socket_of(folder)
        url = embedded.server_url(socket=socket)
        self._wait_until_gone(url)
        self._add("registry", embedded.server_command(embedded.find_server(), folder, socket=socket), environment)
        embedded.wait_until_up(url, time.monotonic() + _REGISTRY_SECONDS)
        self.say("the registry is up")
        return settings.model_copy(update={"registry": settings.registry.model_copy(update={"url": url})})

    def _wait_until_gone(self, url: str) -> None:
        """Two servers on one folder would spoil it: let the last one, whose parent was killed, end first."""
        deadline = time.monotonic() + _REGISTRY_SECONDS
        while time.monotonic() < deadline:
            try:
                embedded.wait_until_up(url, time.monotonic())
            except Unavailable:
                return
            time.sleep(0.1)
        raise InvalidSettings("an embedded registry server of an earlier run is still running on this folder", field="data_dir")

    def _add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        child = Child(name, command, environment, self.settings.data_dir / "logs" / f"{name}.log")
        self.children.append(child)
        child.start()

    def _watch(self) -> None:
        for child in self.children:
            child.watch(self.say)
        time.sleep(0.1)

    def _wait_ready(self) -> None:
        began = time.monotonic()
        told = began
        waiting = {"the engine": f"{self.url}/readyz", "the worker": self._worker_url()}
        while waiting and not self._stopping:
            self._watch()
            for name, url in list(waiting.items()):
                if answers(url):
                    self.say(f"{name} is ready after {time.monotonic() - began:.0f} s")
                    del waiting[name]
            if waiting and time.monotonic() - told > 10:
                told = time.monotonic()
                self.say(f"waiting for {' and '.join(waiting)} ({told - began:.0f} s)")
            if time.monotonic() - began > _START_SECONDS or any(child.deaths > 5 for child in self.children):
                raise Unavailable(f"{' and '.join(waiting)} did not come up; the reason is in {self.settings.data_dir}/logs")
            time.sleep(0.2)

    def _worker_url(self) -> str:
        return f"http://{self.settings.work.metrics_host}:{self.settings.work.metrics_port}/readyz"

    def _stop_all(self) -> None:
        for child in reversed(self.children):
            child.stop(time.monotonic() + _STOP_SECONDS)
        if self._lock is not None:
            self._lock.close()


def socket_of(folder: Path) -> Path:
    """Where the registry of `folder` listens: in it, or where that path is too long in a folder of ours in the temporary one.

    Raises InvalidSettings when somebody else made that folder, or could put a socket of his own into it.
    """
    socket = folder / "socket"
    if len(str(socket).encode()) <= _LONGEST_SOCKET_PATH:
        return socket
    short = Path(tempfile.gettempdir(), f"rtadapt-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}")
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise InvalidSettings(f"{short} is open to others: remove it, or choose a shorter data_dir", field="data_dir")
    return short / "socket"


def answers(url: str) -> bool:
    """Whether `url` answers 200 within two seconds."""
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
