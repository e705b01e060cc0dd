"""`rtadapt up`: the whole system on one machine, one port, one Ctrl-C.

Owns which processes there are: a Redis-protocol server, one serving replica with the control plane beside it, one worker.
Nothing is started where it cannot run. When this process dies, even by SIGKILL, its children end with it, and the next
`rtadapt up` on the same folder goes on where it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from rtadapt.basemodel import find_model
from rtadapt.children import Awaited, Child, Say, wait_ready
from rtadapt.config import Settings, to_environment
from rtadapt.doctor import PORT, examine_here
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.reading.endpoint import ENGINE
from rtadapt.registry import embedded
from rtadapt.registry.registry import Registry
from rtadapt.serving.fitting import FITS

_STOP_SECONDS = 20.0
_REGISTRY_SECONDS = 30.0
_LONGEST_SOCKET_PATH = 90
_LOOK_SECONDS = 1.0


class Supervisor:
    """All processes of one machine, over one data folder."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self.say = say
        self.url = f"http://{settings.serve.host}:{settings.serve.port}"
        self._lock: IO[str] | None = None
        self._was_killed = False
        self._stopping = False
        self._registry: Registry | None = None
        self._look_at = 0.0
        self.children: list[Child] = []

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once when it answers, and keep it running until SIGINT or SIGTERM.

        Raises InvalidSettings, before anything was started, with all that isn't well here.
        """
        self._take_folder()
        try:
            self._check()
            self._find_model()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._ask_to_stop)
            self._start_all()
            self._wait_ready()
            if not self._stopping:
                on_ready()
            while not self._stopping:
                self._watch()
                self._tell_misfit()
        finally:
            self._stop_all()

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _take_folder(self) -> None:
        folder = self.settings.data_dir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds what people wrote and said
        lock = (folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise InvalidSettings(
                f"another rtadapt up runs on {folder}; stop it, or give this one another --data-dir", field="data_dir"
            ) from None
        lock.seek(0)
        self._was_killed = bool(lock.read())
        lock.write(f"{os.getpid()}\n")  # until the children of this process have ended
        lock.flush()
        self._lock = lock

    def _check(self) -> None:
        """Look at this machine. Ports may still belong to the children of a process that was killed: they are ending."""
        ending = self.settings.serve.drain_seconds + _STOP_SECONDS
        deadline = time.monotonic() + (ending if self._was_killed else 0.0)
        while bad := [finding for finding in examine_here(self.settings, ("serve", "work")) if not finding.well]:
            if time.monotonic() >= deadline or not all(finding.part.startswith(PORT) for finding in bad):
                raise InvalidSettings("\n".join(["it cannot run like this:", *map(str, bad)]), field=bad[0].part)
            time.sleep(0.2)

    def _find_model(self) -> None:
        """Before its children, who would find it one after the other."""
        path, name = find_model(self.settings, self.say)
        serve = self.settings.serve.model_copy(update={"model_name": name})
        self.settings = self.settings.model_copy(update={"model": path, "serve": serve})

    def _start_all(self) -> None:
        folder = self.settings.data_dir.absolute()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RTADAPT_")}
        settings = self.settings.model_copy(update={"data_dir": folder})
        if settings.registry.url == "embedded:":
            settings = self._start_registry(settings, environment)
        self._registry = Registry(settings.registry)
        environment |= to_environment(read_by_the_engine(settings, self.url))
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

    def _tell_misfit(self) -> None:
        """Say once how the engine fits the learner, if it does not."""
        if self._registry is None or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        with contextlib.suppress(Unavailable):
            words = [info.get("fits") for info in self._registry.live_replicas().values()]
            if word := next(filter(None, words), ""):
                if word != FITS:
                    self.say(word)
                self._registry.close()
                self._registry = None

    def _wait_ready(self) -> None:
        work = self.settings.work
        urls = {"serve": f"{self.url}/readyz", "work": f"http://{work.metrics_host}:{work.metrics_port}/readyz"}
        names = {"serve": "the engine", "work": "the worker"}
        awaited = [Awaited(names[child.name], child, urls[child.name]) for child in self.children if child.name in urls]
        wait_ready(awaited, self.children, self.say, lambda: self._stopping)

    def _stop_all(self) -> None:
        for child in reversed(self.children):
            child.stop(time.monotonic() + _STOP_SECONDS)
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()


def read_by_the_engine(settings: Settings, url: str) -> Settings:
    """The settings with `reading.url` naming the engine at `url`, where it says so and no key is asked for there."""
    if settings.reading.url != ENGINE or settings.keys_file is not None:
        return settings
    reading = settings.reading.model_copy(update={"url": f"{ENGINE}{url}/v1", "model": settings.serve.model_name})
    return settings.model_copy(update={"reading": reading})


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
