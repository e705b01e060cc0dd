"""Taking turns among processes that write to one file.

Owns two lock files. SQLite's own waiting is a sleep and another try, without an order: a process that writes without
a pause keeps all the others out for as long as it likes. Here whoever holds the file has to pass the gate again
before it can have the file again, and the gate is held by the one who waits next. The operating system frees both
locks when a process dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtadapt.errors import Unavailable

_NAP_SECONDS = 0.0005


class Turnstile:
    """The turns at `path`. One thread at a time may use one object; other processes have their own."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the lock files can't be made."""
        self._gate = _open(path.with_name(path.name + ".gate"))
        self._file = _open(path.with_name(path.name + ".writer"))

    @contextmanager
    def turn(self, timeout_seconds: float) -> Iterator[None]:
        """Hold the file. Raises Unavailable when the turn has not come in time, OSError once this is closed."""
        deadline = time.monotonic() + timeout_seconds
        _take(self._gate, deadline)
        try:
            _take(self._file, deadline)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock files; safe to repeat."""
        for descriptor in (self._gate, self._file):
            if descriptor >= 0:
                os.close(descriptor)
        self._gate = self._file = -1


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _take(descriptor: int, deadline: float) -> None:
    if descriptor < 0:
        raise OSError("the log is closed")
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Unavailable("the event log is busy: no turn to write came in time") from None
            time.sleep(_NAP_SECONDS)
        else:
            return
