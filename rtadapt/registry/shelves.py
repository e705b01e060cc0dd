"""Where artifacts lie: a local folder, or anything fsspec reaches.

Owns what makes an artifact appear at once or not at all. In a folder: written aside, synced, renamed. In an object
store, which cannot rename: the manifest is written last, and what has no manifest is not there. Paths are
`kind/feed/digest`, checked before they come here. Raises OSError as the file system does, and what a shelf's `failures`
name; the time limits of an object store are those of its own client (fsspec's configuration sets them).
"""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import fsspec

from rtadapt.registry.manifest import MANIFEST, copy

_STALE_SECONDS = 86_400.0
_TRIES = 3
_PARTIAL = ".partial-"


class Shelf(Protocol):
    """One place that artifacts lie in. `failures` are the errors that mean that it does not answer."""

    failures: tuple[type[Exception], ...]

    def draft(self) -> AbstractContextManager[Path]:
        """An empty local folder to prepare an artifact in. Gone afterwards, with what is still in it."""
        ...

    def take(self, draft: Path, path: str, is_whole: Callable[[Path], bool]) -> None:
        """Make `draft` appear at `path`. What is there already and `is_whole` stays."""
        ...

    def open(self, path: str, name: str) -> BinaryIO:
        """One file of an artifact, to be read and closed."""
        ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """The artifacts below `prefix` (`kind/feed`) that are whole: path -> bytes of all files."""
        ...

    def remove(self, path: str) -> None:
        """Remove an artifact; none there is no error."""
        ...


def open_shelf(url: str, data_dir: Path) -> Shelf:
    """The shelf that `url` names: a folder (relative to `data_dir`, or file://), or any fsspec URL.

    Raises ValueError or ImportError for a URL that fsspec has no file system for.
    """
    if "://" not in url:
        return LocalShelf(data_dir / url)
    system, root = fsspec.core.url_to_fs(url)
    if url.split("://")[0] in ("file", "local"):
        return LocalShelf(Path(root))
    return RemoteShelf(system, root)


class LocalShelf:
    """A folder. The operating system's rename makes an artifact whole or absent, also across a power cut."""

    failures: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / ".aside"

    def draft(self) -> AbstractContextManager[Path]:
        """A folder beside the artifacts, so that it can be renamed into place."""
        return partial_folder(self._aside)

    def take(self, draft: Path, path: str, is_whole: Callable[[Path], bool]) -> None:
        """Sync, rename, sync."""
        for file in draft.iterdir():
            _sync(file)
        _sync(draft)
        final = self._root / path
        final.parent.mkdir(parents=True, exist_ok=True)
        settle(draft, final, is_whole)
        for folder in (final.parent, final.parent.parent, self._root):
            _sync(folder)

    def open(self, path: str, name: str) -> BinaryIO:
        """The file, opened; a link is refused."""
        return os.fdopen(os.open(self._root / path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def sizes(self, prefix: str) -> dict[str, int]:
        """By reading the folder."""
        found: dict[str, int] = {}
        with _absent_is_nothing():
            for folder in sorted((self._root / prefix).iterdir()):
                with _absent_is_nothing():  # removed while we look
                    files = {file.name: file.stat().st_size for file in folder.iterdir()}
                    if MANIFEST in files:
                        found[f"{prefix}/{folder.name}"] = sum(files.values())
        return found

    def remove(self, path: str) -> None:
        """Renamed away first, so that it is gone at once."""
        self._aside.mkdir(parents=True, exist_ok=True)
        _discard(self._root / path, self._aside)


class RemoteShelf:
    """Anything fsspec reaches. Every store's client has errors of its own, and few of them are an OSError."""

    failures: tuple[type[Exception], ...] = (Exception,)

    def __init__(self, system: Any, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A temporary local folder."""
        with tempfile.TemporaryDirectory(prefix="rtadapt-artifact-") as folder:
            yield Path(folder)

    def take(self, draft: Path, path: str, is_whole: Callable[[Path], bool]) -> None:
        """Upload, the manifest last. What is there already as it should be is left alone: somebody may be reading it."""
        where = self._where(path)
        self._system.makedirs(where, exist_ok=True)
        for file in sorted(draft.iterdir(), key=lambda file: file.name == MANIFEST):
            if not self._holds(f"{where}/{file.name}", file):
                self._system.put_file(str(file), f"{where}/{file.name}")

    def open(self, path: str, name: str) -> BinaryIO:
        """The file, opened."""
        return cast(BinaryIO, self._system.open(f"{self._where(path)}/{name}", "rb"))

    def sizes(self, prefix: str) -> dict[str, int]:
        """By one listing."""
        where = self._where(prefix)
        self._system.invalidate_cache(where)
        found: dict[str, dict[str, int]] = {}
        with _absent_is_nothing():
            for name, entry in self._system.find(where, detail=True).items():
                folder, file = posixpath.split(name)
                found.setdefault(posixpath.basename(folder), {})[file] = int(entry["size"])
        return {f"{prefix}/{name}": sum(files.values()) for name, files in sorted(found.items()) if MANIFEST in files}

    def remove(self, path: str) -> None:
        """The manifest first, so that it is gone at once."""
        where = self._where(path)
        with _absent_is_nothing():
            self._system.rm_file(f"{where}/{MANIFEST}")
        with _absent_is_nothing():
            self._system.rm(where, recursive=True)

    def _holds(self, where: str, file: Path) -> bool:
        with file.open("rb") as ours:
            wanted = copy(ours, None, file.stat().st_size)
        try:
            with self._system.open(where, "rb") as theirs:
                return copy(theirs, None, file.stat().st_size) == wanted
        except FileNotFoundError:
            return False

    def _where(self, path: str) -> str:
        return f"{self._root}/{path}"


@contextmanager
def partial_folder(parent: Path) -> Iterator[Path]:
    """A new folder below `parent` that nobody takes for an artifact; removed afterwards if it is still there.

    What a crash left there is cleared once it is surely nobody's.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(f"{_PARTIAL}*"):
        with _absent_is_nothing():
            if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    folder = parent / f"{_PARTIAL}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(whole: Path, final: Path, is_whole: Callable[[Path], bool]) -> None:
    """Rename the folder `whole` to `final`, on the same file system.

    What another put there at the same time stays if it `is_whole` (somebody may be reading it), and goes if not.
    """
    for _ in range(_TRIES):
        try:
            whole.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            if is_whole(final):
                return
            _discard(final, whole.parent)
        else:
            return
    raise FileExistsError(errno.EEXIST, "a damaged artifact keeps coming back", str(final))


def _discard(folder: Path, aside: Path) -> None:
    """Remove `folder` by way of `aside`, so that it is gone at once."""
    gone = aside / f"{_PARTIAL}{uuid.uuid4().hex}"
    with _absent_is_nothing():
        folder.rename(gone)
        if gone.is_dir() and not gone.is_symlink():
            shutil.rmtree(gone, ignore_errors=True)
        else:
            gone.unlink()


@contextmanager
def _absent_is_nothing() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        return


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
