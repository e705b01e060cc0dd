"""The folder that this replica's engine reads adapters from.

Owns one folder below `data_dir/copies`: fetched copies, one folder a version, which stay until the engine can no longer ask for
them (it reads an adapter again from its path when it was evicted from memory, in the middle of a step). A replica finds there
at its next start what its predecessor last served, with `seen` beside it (last_seen.py), and everything else is removed. Where
several replicas of one name share a machine, the first has that folder and the others have one each that goes when they end.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from rtadapt.records import Artifact, Version
from rtadapt.registry.artifacts import ArtifactStore


class Copies:
    """Local copies of adapters. Safe from several threads."""

    def __init__(self, root: Path, name: str, replica: str, store: ArtifactStore) -> None:
        """`root` is shared by the replicas of one machine. `name` stays over restarts; `replica` must be new with each start."""
        root.mkdir(parents=True, exist_ok=True)
        for lock in root.glob("*.lock"):
            if not (_folder_of(lock) / _SEEN).exists():
                _remove_if_dead(lock)
        self._store = store
        lasting = _locked(root / f"{name}.lock")
        self.lasts = lasting is not None
        self._lock: IO[str] | None = lasting or _locked(root / f"{replica}.lock")
        self._folder = root / (name if self.lasts else replica)
        self._folder.mkdir(exist_ok=True)
        self.seen = self._folder / _SEEN

    def fetch(self, version: Version) -> Path:
        """The version's adapter as a folder, every file checked. Raises ArtifactDamaged, Unavailable."""
        return self._store.fetch(version.adapter, self._folder_of(version.feed, version.number))

    def borrow(self, artifact: Artifact) -> Path:
        """An adapter that is no version, until this replica starts again. Raises ArtifactDamaged, Unavailable."""
        return self._store.fetch(artifact, self._folder / _BORROWED / "0")

    def discard(self, version: Version) -> None:
        """Remove the version's copy."""
        shutil.rmtree(self._folder_of(version.feed, version.number), ignore_errors=True)

    def keep_only(self, wanted: Collection[tuple[str, int]]) -> None:
        """Remove all versions but these, named by feed and number."""
        for folder in self._folder.glob("*/*"):
            if (folder.parent.name, int(folder.name) if folder.name.isdigit() else -1) not in wanted:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self, wanted: Collection[tuple[str, int]] = ()) -> None:
        """Leave `wanted` for the next start, and nothing else; all goes where nobody will look for it."""
        if self.lasts and wanted:
            self.keep_only(wanted)
        else:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.with_name(f"{self._folder.name}.lock").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def _folder_of(self, feed: str, number: int) -> Path:
        return self._folder / feed / str(number)


_SEEN = "seen.json"
_BORROWED = "-trial"
"""No feed can be called so."""


def _locked(path: Path) -> IO[str] | None:
    """The lock at `path`, or None where another process has it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _folder_of(lock: Path) -> Path:
    return lock.with_name(lock.name.removesuffix(".lock"))


def _remove_if_dead(lock_path: Path) -> None:
    with _held(lock_path) as mine:
        if mine:
            shutil.rmtree(_folder_of(lock_path), ignore_errors=True)
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
