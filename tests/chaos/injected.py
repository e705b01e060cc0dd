"""What a chaos run puts into its own processes: named places at which they kill themselves, and a clock that can be stepped.

Nothing of it is in the product: the functions named here are wrapped in a process before it begins. A place is armed by a file of
its name, and strikes the first process that comes by.
"""

from __future__ import annotations

import functools
import mmap
import os
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = {
    "accept: before the log has it": ("rtadapt.events.kafka:KafkaLog.append", "before"),
    "accept: the log has it, the caller does not know": ("rtadapt.events.kafka:KafkaLog.append", "after"),
    "accept: before the registry is told": ("rtadapt.api.parts:Parts.note", "before"),
    "take over: claimed, nothing restored": ("rtadapt.registry.heads:Heads.claim", "after"),
    "take over: restored": ("rtadapt.work.sessions:Sessions._take_over", "after"),
    "admit: before the statuses are noted": ("rtadapt.registry.statuses:Statuses.note_events", "before"),
    "refuse: before the dead letter": ("rtadapt.events.kafka:KafkaLog.refuse", "before"),
    "refuse: after the dead letter": ("rtadapt.events.kafka:KafkaLog.refuse", "after"),
    "update: before": ("rtadapt.training.learner:Learner.update", "before"),
    "update: made, not judged": ("rtadapt.training.learner:Learner.update", "after"),
    "publish: before any artifact": ("rtadapt.work.publishing:Publishing._write", "before"),
    "publish: an artifact staged, not in place": ("rtadapt.registry.shelves:LocalShelf.take", "before"),
    "publish: an artifact in place": ("rtadapt.registry.shelves:LocalShelf.take", "after"),
    "publish: before the head moves": ("rtadapt.registry.heads:Heads.commit", "before"),
    "publish: the head moved, nobody was told": ("rtadapt.registry.connection:Connection.announce", "before"),
    "publish: after the head moved": ("rtadapt.registry.heads:Heads.commit", "after"),
    "prune: retired, not removed": ("rtadapt.registry.heads:Heads.retire", "after"),
    "floor: raised": ("rtadapt.registry.progress:Progress.set_floor", "after"),
}
"""Each place: a function, and whether before or after it."""


def install(folder: Path, name: str) -> None:
    """Make this process, called `name`, one that obeys the files in `folder`."""
    for point, (function, when) in POINTS.items():
        _wrap(function, functools.partial(_strike, folder / "armed" / slug(point)), after=when == "after")
    _step_clock(folder / f"clock-{name}")


def arm(folder: Path, point: str) -> Path:
    """Let the first process that comes to `point` kill itself there; the file is gone when one has."""
    armed = folder / "armed" / slug(point)
    armed.touch()
    return armed


def set_clock(folder: Path, name: str, ahead_seconds: float) -> None:
    """Step the wall clock of the process called `name`."""
    with (folder / f"clock-{name}").open("r+b") as file:
        file.write(struct.pack("d", ahead_seconds))


def slug(point: str) -> str:
    """The point as the name of a file."""
    return "".join(sign if sign.isalnum() else "-" for sign in point)


def _strike(armed: Path) -> None:
    if armed.exists():
        try:
            armed.unlink()
        except FileNotFoundError:  # another process was faster
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(function: str, strike: Callable[[], None], *, after: bool) -> None:
    module, _, path = function.partition(":")
    owner: Any = __import__(module, fromlist=["_"])
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    whole = getattr(owner, name)

    @functools.wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not after:
            strike()
        result = whole(*args, **kwargs)
        if after:
            strike()
        return result

    setattr(owner, name, wrapped)


def _step_clock(file: Path) -> None:
    if not file.exists():
        file.write_bytes(struct.pack("d", 0.0))
    with file.open("r+b") as opened:
        ahead = mmap.mmap(opened.fileno(), 8)
    whole = time.time

    def stepped() -> float:
        return whole() + float(struct.unpack_from("d", ahead)[0])

    time.time = stepped
