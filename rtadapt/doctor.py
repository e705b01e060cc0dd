"""Whether this machine and these settings can run, part by part, and what to do about what can't.

Owns the checks of `rtadapt doctor`, and those that `rtadapt up` makes before it starts anything. None of them changes
anything but a file that it makes in the data folder and removes again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from rtadapt.access import KeyTable, open_to_strangers
from rtadapt.basemodel import look_for_model
from rtadapt.config import Settings
from rtadapt.errors import InvalidSettings, RtadaptError, Unavailable
from rtadapt.events.log import check_log, open_log
from rtadapt.naming import EXTRAS
from rtadapt.registry import embedded
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry

PORT = "port"
"""How the parts begin that are ports."""

_ASK_SECONDS = 20
_LONGEST_APART_SECONDS = 5.0
_LEAST_DISK_GIB = 1.0
_LEAST_MEMORY_GIB = 3.0
_GIB = 2.0**30
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: `well` or not, what was found, and what to do."""

    part: str
    well: bool
    found: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'ok ' if self.well else 'BAD'}  {self.part}: {self.found}"
        return line if self.well or not self.advice else f"{line}\n       {self.advice}"


def examine(settings: Settings) -> Iterator[Finding]:
    """Every part in turn, as it is looked at."""
    yield from examine_here(settings, ("serve", "api", "work"))
    for part, look, advice in (
        ("event log", lambda: _log(settings), "event_log.url, or start the brokers"),
        ("registry", lambda: _registry(settings), "registry.url, or start the Redis-protocol server"),
        ("artifact store", lambda: _store_answers(settings), "artifacts.url, its credentials, or start the store"),
    ):
        yield _tried(part, look, advice)
    if settings.registry.url != "embedded:":
        yield _tried("clock", lambda: _clock(settings), "let chrony or systemd-timesyncd set it, on both machines")


def examine_here(settings: Settings, processes: Sequence[str]) -> Iterator[Finding]:
    """What is of this machine alone, for `processes` that are to run on it: what is away elsewhere may come back."""
    yield from _libraries()
    yield from _machine(settings)
    for part, look, advice in (
        ("keys", lambda: _keys(settings), "one `scope[,scope] key` a line; scopes are complete, push, operate, view"),
        ("artifacts", lambda: _store(settings), "artifacts.url and artifacts.signing_key_file"),
    ):
        yield _tried(part, look, advice)
    serve, api, work = settings.serve, settings.api, settings.work
    places = {"serve": (serve.host, serve.port), "api": (api.host, api.port), "work": (work.metrics_host, work.metrics_port)}
    for process in processes:
        yield _tried(f"{PORT} of {process}", partial(_port, *places[process]), "stop what listens there, or choose another port")


def _tried(part: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(part, True, look())
    except RtadaptError as error:
        return Finding(part, False, str(error), advice)
    except OSError as error:
        return Finding(part, False, error.strerror or type(error).__name__, advice)


def _libraries() -> Iterator[Finding]:
    for name, what in (("torch", "learning"), ("vllm", "serving")):
        here = importlib.util.find_spec(name) is not None
        yield Finding(
            what,
            here,
            f"{name} is {'installed' if here else 'not installed'}",
            f"needed by {what}: {EXTRAS[name]}",
        )


def _machine(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    yield _tried("data folder", lambda: _folder(folder), "choose another one with --data-dir, or make it writable")
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free / _GIB
    yield Finding(
        "disk", free >= _LEAST_DISK_GIB, f"{free:.1f} GiB free", f"at least {_LEAST_DISK_GIB:.0f} GiB, and more for larger models"
    )
    memory = _memory_bytes() / _GIB
    yield Finding(
        "memory", memory >= _LEAST_MEMORY_GIB, f"{memory:.1f} GiB", f"the default model needs {_LEAST_MEMORY_GIB:.0f} GiB"
    )
    yield _tried("device", _device, "ACCELERATOR=gpu deploy/install.sh takes builds that use it")
    yield _tried("model", lambda: _model(settings), "--model takes smollm2, a GGUF file, a folder, or a hub id")


def _device() -> str:
    """What learns and serves here. Raises InvalidSettings for a GPU that what is installed cannot use."""
    try:
        asked = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "no GPU: everything runs on the CPU"
    gpus = asked.stdout.count("GPU ")
    if asked.returncode or not gpus:
        return "no GPU: everything runs on the CPU"
    with contextlib.suppress(metadata.PackageNotFoundError):
        if metadata.version("torch").endswith("+cpu"):
            raise InvalidSettings(f"{gpus} GPU, and a torch that is built for CPUs alone", field="device")
    return f"{gpus} GPU"


def _model(settings: Settings) -> str:
    name = look_for_model(settings.model)
    return f"{name}, from a hub when it is first needed" if name == settings.model and not Path(name).exists() else name


def _memory_bytes() -> int:
    """Of the machine, or what a container may take of it."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in _MEMORY_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # not there, or `max`
            limits.append(int(file.read_text()))
    return min(limits)


def _folder(folder: Path) -> str:
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    with tempfile.TemporaryFile(dir=place):
        return f"{folder} can be written"


def _keys(settings: Settings) -> str:
    if settings.keys_file is None:
        hosts = sorted({host for host in (settings.serve.host, settings.api.host) if open_to_strangers(host, None)})
        listening = f"; {' and '.join(hosts)} can be reached from other machines" if hosts else ""
        return f"none are asked for: whoever reaches a port may do everything{listening}"
    return f"{len(KeyTable.load(settings.keys_file).entries)} in {settings.keys_file}"


def _log(settings: Settings) -> str:
    check_log(settings)
    if settings.event_log.url.startswith("sqlite:"):
        return "a file, made when it is first needed"
    log = open_log(settings)
    try:
        log.ping()
    finally:
        log.close()
    return "the brokers answer"


def _registry(settings: Settings) -> str:
    if settings.registry.url == "embedded:":
        return f"embedded, by {embedded.find_server().name}"
    registry = Registry(settings.registry)
    try:
        registry.ping()
    finally:
        registry.close()
    return "it answers"


def _clock(settings: Settings) -> str:
    """Whether it goes as the registry's does: embargoes, ages and heartbeats are told by it. Raises InvalidSettings."""
    registry = Registry(settings.registry)
    try:
        apart = registry.clock() - time.time()
    except Unavailable:
        return "the registry's could not be asked"
    finally:
        registry.close()
    if abs(apart) > _LONGEST_APART_SECONDS:
        raise InvalidSettings(f"{abs(apart):.0f} s {'behind' if apart > 0 else 'before'} the registry's", field="clock")
    return "as the registry's"


def _store(settings: Settings) -> str:
    ArtifactStore(settings)
    return "artifacts.url can be spoken to from here, and the keys can be read"


def _store_answers(settings: Settings) -> str:
    ArtifactStore(settings).list("adapter", "doctor")
    return "it answers" if "://" in settings.artifacts.url else "a folder, made when it is first needed"


def _port(host: str, port: int) -> str:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        why = (error.strerror or type(error).__name__).partition(" (while")[0]
        raise InvalidSettings(f"nothing can listen on {host}:{port}: {why}", field="port") from error
    return f"{host}:{port} is free"
