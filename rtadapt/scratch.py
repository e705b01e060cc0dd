"""Temporary folders of a worker, which are gone when it is.

Owns one folder below the machine's temporary one, locked for as long as this process lives. What a process that was killed has
left is removed by the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from safetensors import SafetensorError

from rtadapt.errors import Unavailable

_PREFIX = "rtadapt-work-"
_UNLOCKED = "rtadapt-unlocked-"
_LOCK = "lock"


@contextmanager
def scratch(what: str) -> Iterator[Path]:
    """A temporary folder on this machine, gone afterwards. Raises Unavailable where its disk does not take what is written."""
    parent = tempfile.gettempdir()
    try:
        if not _room(parent).is_dir():
            _room.cache_clear()
        with tempfile.TemporaryDirectory(prefix=f"{what}-", dir=_room(parent)) as folder:
            yield Path(folder)
    except (OSError, SafetensorError) as error:  # the latter is a full disk's name where tensors are written
        number = error.errno if isinstance(error, OSError) else None
        how = errno.errorcode.get(number or 0, type(error).__name__)
        raise Unavailable(f"this machine's disk does not take the {what} ({how})") from error


@cache
def _room(parent: str) -> Path:
    """This process's folder. Its lock stays open until the process ends. Removes those of processes that are no more."""
    for old in Path(parent).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (old / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=_UNLOCKED, dir=parent))
    fcntl.flock(os.open(made / _LOCK, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = made.rename(made.with_name(made.name.replace(_UNLOCKED, _PREFIX, 1)))  # nobody sees it without its lock
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
