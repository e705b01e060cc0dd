"""The folder that this replica's engine reads adapters from.

Owns `data_dir/stage/<replica>`: fetched copies, one folder a version, which stay until the engine can no longer ask for
them (it reads an adapter again from its path when it was evicted from memory, in the middle of a step). A replica that
was killed leaves its folder behind; the next one on this machine that finds its lock free removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rtadapt.records import Version
from rtadapt.registry.artifacts import ArtifactStore


class Stage:
    """Local copies of adapters. Used from one thread at a time."""

    def __init__(self, root: Path, replica: str, store: ArtifactStore) -> None:
        """`root` is shared by the replicas of one machine; `replica` must be new with each start."""
        root.mkdir(parents=True, exist_ok=True)
        for lock in root.glob("*.lock"):
            _remove_if_dead(lock)
        self._store = store
        self._folder = root / replica
        self._lock_path = root / f"{replica}.lock"
        self._lock: IO[str] = self._lock_path.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def fetch(self, version: Version) -> Path:
        """The version's adapter as a folder, every file checked. Raises ArtifactDamaged, Unavailable."""
        return self._store.fetch(version.adapter, self._folder / version.feed / str(version.number))

    def discard(self, version: Version) -> None:
        """Remove the version's copy."""
        shutil.rmtree(self._folder / version.feed / str(version.number), ignore_errors=True)

    def close(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        self._lock.close()


def _remove_if_dead(lock_path: Path) -> None:
    with _held(lock_path) as mine:
        if mine:
            shutil.rmtree(lock_path.with_suffix(""), ignore_errors=True)
            lock_path.unlink(missing_ok=True)


@contextlib.contextmanager
def _held(lock_path: Path) -> Iterator[bool]:
    try:
        lock = lock_path.open("r+")
    except FileNotFoundError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
